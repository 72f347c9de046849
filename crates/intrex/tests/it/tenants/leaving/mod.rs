//! Organisations that leave: who asks for it and who thinks better of it, and what is left afterwards.

mod asking;
mod command;
mod going;
mod kept;
mod shut;
mod taking;

use intrex_core::{
    Actor, Result,
    tenants::deletion::{self, Pending, RawTenantDeletion, SETTLES_FOR, When},
    worker,
};

use crate::support::{Tenant, TestApp};

/// Asks that the actor's organisation be deleted, with the right name.
async fn ask(app: &TestApp, actor: &Actor, name: &str) -> Result<Pending> {
    deletion::request(&app.app, actor, &named(name), When::AfterGrace).await
}

fn named(name: &str) -> RawTenantDeletion {
    RawTenantDeletion {
        confirm_name: name.into(),
        reason: "we close our doors".into(),
    }
}

/// The operator deletes an organisation, and the worker does what it can at this instant.
async fn begin(app: &TestApp, tenant: &Tenant, name: &str) {
    deletion::request(&app.app, &tenant.operator, &named(name), When::Now)
        .await
        .expect("is asked for");
    worker::run_once(&app.app).await.expect("works");
}

/// Lets everything happen that is still to happen.
async fn settle(app: &TestApp) {
    app.app.clock.advance(SETTLES_FOR);
    worker::run_once(&app.app).await.expect("works");
}

async fn status(app: &TestApp, tenant: &Tenant) -> String {
    sqlx::query_scalar("select status from app.tenants where id = $1")
        .bind(tenant.id.uuid())
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("the row stays")
}

/// What the log tells of the organisation's going, in order.
async fn told(app: &TestApp, tenant: &Tenant) -> Vec<String> {
    sqlx::query_scalar(
        "select action from app.audit_events where tenant_id = $1 and action like 'tenant.delet%' order by xid, pos",
    )
    .bind(tenant.id.uuid())
    .fetch_all(&mut app.superuser().await)
    .await
    .expect("the log")
}
