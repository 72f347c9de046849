//! Whoever is told only if nobody answers: whether an answer keeps them in peace, and silence does not.

use intrex_core::{permission::Role, routes};
use serde_json::json;

use super::{item, work_at};
use crate::{
    support::{MailServer, TestApp},
    web::api::Program,
};

/// The names and ways of those who were told outside of Intrex, and how it ended for each slot of this threshold.
async fn told(app: &TestApp, threshold: &str) -> Vec<(String, bool, String)> {
    sqlx::query_as(
        "select p.name, s.unanswered, s.state from app.reminder_slots s
         join app.people p on p.tenant_id = s.tenant_id and p.id = s.recipient_id
         where s.threshold = $1 and s.connector_id = '00000000-0000-8000-8000-000000000003'
         order by s.unanswered, p.name",
    )
    .bind(threshold)
    .fetch_all(&mut app.superuser().await)
    .await
    .expect("the ledger is read")
}

#[tokio::test]
async fn others_are_told_if_nobody_answers_and_not_once_somebody_has() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    app.member(&acme, "Mina", Role::BranchManager, &[gulshan.id])
        .await;
    let raw = serde_json::from_value(json!({
        "name": "Owners, then managers", "event_types": ["obligation.due"], "recipient": "responsible",
        "escalate_after_hours": "24", "escalate_to": "branch_managers",
    }))
    .expect("decodes");
    routes::create(&app.app, &acme.operator, &raw)
        .await
        .expect("is created");
    let made = item(&app, &acme, gulshan.id, &carol).await;
    let row = |name: &str, unanswered, state: &str| (name.to_owned(), unanswered, state.to_owned());

    // Nobody answers the first: a day later the manager hears of it.
    work_at(&app, "2026-11-29T04:00:00Z").await;
    assert_eq!(
        told(&app, "before_30").await,
        [row("Carol", false, "sent"), row("Mina", true, "planned")]
    );
    work_at(&app, "2026-11-30T04:00:00Z").await;
    assert_eq!(
        told(&app, "before_30").await,
        [row("Carol", false, "sent"), row("Mina", true, "sent")]
    );

    // The second is answered: the manager is left in peace, at once and when the time comes.
    work_at(&app, "2026-12-15T04:00:00Z").await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &carol).await;
    let path = format!("/api/v1/obligations/{}/acknowledge", made.id);
    let said = program.post(&path, &json!({})).await;
    assert_eq!(said.status, 200, "{}", said.body);
    let answered = [
        row("Carol", false, "sent"),
        row("Mina", true, "acknowledged"),
    ];
    assert_eq!(told(&app, "before_14").await, answered);
    work_at(&app, "2026-12-16T04:00:00Z").await;
    assert_eq!(told(&app, "before_14").await, answered);

    // The third is another one, which nobody has answered yet.
    work_at(&app, "2026-12-22T04:00:00Z").await;
    work_at(&app, "2026-12-23T04:00:00Z").await;
    assert_eq!(
        told(&app, "before_7").await,
        [row("Carol", false, "sent"), row("Mina", true, "sent")]
    );
    app.finish().await;
}
