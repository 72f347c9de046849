//! Head office admins are told in their inbox, and by mail of the worst, once.

use chrono::TimeDelta;
use intrex_core::{
    audit::Event,
    notifications::{self, Inbox},
    paging::PageRequest,
    people::{self, RawPersonUpdate},
    permission::Role,
    security_events::{self, RawThresholds},
    sessions, worker,
};

use crate::{
    accounts::post::{post, subjects, with_mail},
    support::{MailServer, Member, Tenant, TestApp, members::from},
};

async fn inbox(app: &TestApp, member: &Member) -> Vec<String> {
    let actor = app.acting(member).await;
    let mut tx = app.app.db.read(&actor).await.expect("begins");
    let found = notifications::reads::list(&mut tx, Inbox::All, &PageRequest::first(200)).await;
    let unread = notifications::reads::unread_count(&mut tx)
        .await
        .expect("counts");
    tx.finish().await.expect("finishes");
    let codes: Vec<String> = (found.expect("a page").items.into_iter())
        .map(|message| message.code.unwrap_or(message.kind))
        .collect();
    assert_eq!(i64::try_from(codes.len()), Ok(unread));
    codes
}

#[tokio::test]
async fn admins_are_told_once_and_nobody_else_is() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let amina = app.member(&acme, "Amina", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::BranchManager, &[]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    // What was before the first message: everybody was invited.
    worker::run_once(&app.app).await.expect("works");
    let before = inbox(&app, &alice).await.len();
    app.app.mailer = Some(server.mailer());
    let raw = RawThresholds {
        burst_failures: "3".into(),
        ..RawThresholds::default()
    };
    for tenant in [&acme, &globex] {
        security_events::set_thresholds(&app.app, &tenant.operator, &raw, None)
            .await
            .expect("is set");
    }
    let fail = async |round: u8| {
        for n in 0..4 {
            let wrong =
                sessions::sign_in(&app.app, from([203, round, n, 1]), &bob.email, "x".into());
            wrong.await.expect("answers");
        }
        worker::run_once(&app.app).await.expect("works");
    };
    fail(0).await;
    for admin in [&alice, &amina] {
        let told = inbox(&app, admin).await;
        assert_eq!(told.len(), before + 1, "{told:?}");
        assert_eq!(told[0], "LOGIN_BURST");
    }
    assert!(inbox(&app, &bob).await.is_empty());
    assert!(
        !inbox(&app, &mallory)
            .await
            .contains(&"LOGIN_BURST".to_owned())
    );
    fail(1).await;
    assert_eq!(inbox(&app, &alice).await.len(), before + 1, "the same hour");
    let alerts = || {
        let mail = server.received();
        mail.iter()
            .filter(|mail| mail.subject() == "Many failed sign-ins: Acme")
            .count()
    };
    assert_eq!(alerts(), 2, "one to each admin");
    app.app.clock.advance(TimeDelta::hours(2));
    fail(2).await;
    assert_eq!(inbox(&app, &alice).await.len(), before + 2);
    assert_eq!(alerts(), 4);
    // Who is no admin any more has no business with it.
    let raw = RawPersonUpdate {
        role: Role::BranchManager.as_str().into(),
        ..RawPersonUpdate::default()
    };
    people::update(&app.app, &acme.operator, amina.id, &raw, None)
        .await
        .expect("is changed");
    assert!(inbox(&app, &amina).await.is_empty());
    app.finish().await;
}

/// Something that was seen of an account that nobody has.
async fn see(app: &TestApp, tenant: &Tenant, action: &'static str, account: &str) {
    let tx = app.app.db.write(&tenant.operator).await.expect("begins");
    let event = Event::new("test", action).with("account", account);
    tx.commit(event).await.expect("is kept");
    worker::run_once(&app.app).await.expect("works");
}

/// What an admin was told of two codes: how many of each, and whether that was read.
async fn told(app: &TestApp, admin: &Member) -> Vec<(String, i32, bool)> {
    sqlx::query_as(
        "select e.code, m.event_count, m.read_at is not null from app.notification_events m
         join app.security_events e on e.tenant_id = m.tenant_id and e.id = m.security_event_id
         where m.recipient_id = $1 and e.code in ('IMPOSSIBLE_SEQUENCE', 'SESSION_AGENT_CHANGED')
         order by m.created_at, e.code",
    )
    .bind(admin.id.uuid())
    .fetch_all(&mut app.superuser().await)
    .await
    .expect("the messages")
}

const SEQUENCE: &str = "IMPOSSIBLE_SEQUENCE";
const AGENT: &str = "SESSION_AGENT_CHANGED";

#[tokio::test]
async fn one_code_hides_no_other_and_is_told_once_an_hour_with_how_many_there_are() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    worker::run_once(&app.app).await.expect("works");
    let alerts = async || {
        let letters = post(&app, &server).await;
        let mut alerts = subjects(&letters);
        alerts.retain(|subject| subject.ends_with(": Acme"));
        alerts.len()
    };
    see(&app, &acme, SEQUENCE, "a1").await;
    assert_eq!(alerts().await, 1);
    // Another code in the same hour, and then more of the first.
    app.app.clock.advance(TimeDelta::minutes(20));
    see(&app, &acme, "session.agent_changed", "a1").await;
    assert_eq!(alerts().await, 2, "the other code");
    let admin = app.acting(&alice).await;
    notifications::commands::mark_all_read(&app.app, &admin)
        .await
        .expect("is read");
    for account in ["a2", "a3"] {
        see(&app, &acme, SEQUENCE, account).await;
    }
    assert_eq!(alerts().await, 2, "the same code within the hour");
    assert_eq!(
        told(&app, &alice).await,
        [(SEQUENCE.to_owned(), 3, false), (AGENT.to_owned(), 1, true)],
        "one message a code; what came in addition was not read"
    );
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let messages = browser.visit("/messages").await.body;
    let many = "href=\"/settings/security?code=IMPOSSIBLE_SEQUENCE&#38;open=true\"";
    assert!(messages.contains("Two networks by turns: 3 of them within an hour"));
    assert!(messages.contains(many), "{messages}");
    // It goes on: an hour after the last mail there is another one, although it was told of in between.
    app.app.clock.advance(TimeDelta::minutes(41));
    see(&app, &acme, SEQUENCE, "a4").await;
    assert_eq!(alerts().await, 3);
    app.finish().await;
}

#[tokio::test]
async fn what_is_seen_again_after_somebody_has_looked_is_open_again_and_told_again() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    see(&app, &acme, SEQUENCE, "a1").await;
    let admin = app.acting(&alice).await;
    let event: uuid::Uuid =
        sqlx::query_scalar("select id from app.security_events where code = $1")
            .bind(SEQUENCE)
            .fetch_one(&mut app.superuser().await)
            .await
            .expect("one row");
    // By a script too: it makes no rows, no messages and no mail.
    for round in 1..=40 {
        let looked = security_events::acknowledge(&app.app, &admin, event.into()).await;
        let looked = looked.expect("is looked at");
        assert_eq!(looked.count, round);
        assert_eq!(looked.acknowledged_by, Some(alice.id));
        notifications::commands::mark_all_read(&app.app, &admin)
            .await
            .expect("is read");
        see(&app, &acme, SEQUENCE, "a1").await;
        let mut tx = app.app.db.read(&admin).await.expect("begins");
        let again = security_events::reads::get(&mut tx, event.into()).await;
        tx.finish().await.expect("finishes");
        let again = again.expect("is there");
        assert_eq!((again.count, again.acknowledged_at), (round + 1, None));
        let count = i32::try_from(round + 1).expect("a few");
        assert_eq!(
            told(&app, &alice).await,
            [(SEQUENCE.to_owned(), count, false)]
        );
    }
    let rows = "select count(*) from app.security_events where code = 'IMPOSSIBLE_SEQUENCE'";
    assert_eq!(app.count(rows).await, 1);
    let letters = post(&app, &server).await;
    let alerts = subjects(&letters);
    let alerts = alerts.iter().filter(|subject| subject.ends_with(": Acme"));
    assert_eq!(alerts.count(), 1);
    app.finish().await;
}
