//! Whether an answer to a reminder ends what it should and no more, by page, program and link, and for nobody else.

mod acknowledging;
mod escalating;
mod faults;
mod links;

use intrex_core::{
    ids::BranchId,
    obligations::{commands, input::RawObligation, model::Obligation},
    worker,
};

use crate::support::{Member, Tenant, TestApp};

/// "Fire licence" of a branch in Dhaka, due on 29 December.
async fn item(app: &TestApp, tenant: &Tenant, branch: BranchId, owner: &Member) -> Obligation {
    let raw = RawObligation {
        branch_id: branch.to_string().into(),
        title: "Fire licence".into(),
        category: "fire_safety".into(),
        due_on: "2026-12-29".into(),
        grace_days: "5".into(),
        owner_id: owner.id.to_string().into(),
        ..RawObligation::default()
    };
    commands::create(&app.app, &tenant.operator, &raw)
        .await
        .expect("is created")
}

/// Moves the clock and lets the background work do what is due then.
async fn work_at(app: &TestApp, then: &str) {
    app.travel_to(then);
    worker::run_once(&app.app).await.expect("the work is done");
}

/// How many reminders of this threshold stand so in the ledger.
async fn slots(app: &TestApp, threshold: &str, state: &str) -> i64 {
    let found = format!(
        "select count(*) from app.reminder_slots where threshold = '{threshold}' and state = '{state}'"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(found))
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("counts")
}
