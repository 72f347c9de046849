//! However much is tried, what is kept and told stays small.

use intrex_core::{
    audit::Event,
    permission::Role,
    security_events::{self, SecurityFilter},
    worker,
};

use super::seen;
use crate::{
    accounts::post::{post, subjects, with_mail},
    support::TestApp,
};

/// Failures of one transaction.
const AT_ONCE: usize = 100;

#[tokio::test]
async fn ten_thousand_failures_are_a_bounded_number_of_rows_and_messages() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    app.member(&acme, "Amina", Role::HeadOfficeAdmin, &[]).await;
    let tenant = Some(acme.id.uuid());
    // Half of them at one account, half at as many different ones.
    for batch in 0..(10_000 / AT_ONCE) {
        let failures = (0..AT_ONCE).map(|n| {
            let failure = Event::new("test", "LOGIN_FAILURE").failed();
            match n % 2 {
                0 => failure.about(alice.id),
                _ => failure.with("account", format!("{:x}", batch * AT_ONCE + n)),
            }
        });
        let tx = app.app.db.write(&acme.operator).await.expect("begins");
        tx.commit_all(failures.collect()).await.expect("is kept");
    }
    assert_eq!(
        seen(&app, tenant, "LOGIN_FAILURE").await,
        10_000,
        "none is lost"
    );
    let rows = "select count(*) from app.security_events where code in ('LOGIN_FAILURE', 'LOGIN_BURST', 'LOGIN_SPRAY')";
    // 200 subjects, what came after them, a burst and a spray.
    assert_eq!(app.count(rows).await, 203);
    let tallies = app.count("select count(*) from app.security_tallies").await;
    assert!(tallies < 20, "{tallies}");
    worker::run_once(&app.app).await.expect("works");
    let messages = "select count(*) from app.notification_events n
                    join app.security_events e on e.tenant_id = n.tenant_id and e.id = n.security_event_id
                    where e.code like 'LOGIN%'";
    assert_eq!(
        app.count(messages).await,
        4,
        "a burst and a spray, to two admins"
    );
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(app.count(messages).await, 4);
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let open = security_events::reads::open_count(&mut tx)
        .await
        .expect("counts");
    assert!((2..10).contains(&open), "{open}");
    let filter = SecurityFilter::default();
    let first = security_events::reads::list(&mut tx, &filter, &Default::default()).await;
    assert_eq!(first.expect("a page").items.len(), 50);
    tx.finish().await.expect("finishes");
    app.finish().await;
}

#[tokio::test]
async fn ten_thousand_subjects_of_a_bad_code_are_one_message_and_one_mail_an_admin() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    app.member(&acme, "Amina", Role::HeadOfficeAdmin, &[]).await;
    for batch in 0..(10_000 / AT_ONCE) {
        let seen = (0..AT_ONCE).map(|n| {
            let account = format!("{:x}", batch * AT_ONCE + n);
            Event::new("test", "IMPOSSIBLE_SEQUENCE").with("account", account)
        });
        let tx = app.app.db.write(&acme.operator).await.expect("begins");
        tx.commit_all(seen.collect()).await.expect("is kept");
        if batch % 10 == 0 {
            worker::run_once(&app.app).await.expect("works");
        }
    }
    worker::run_once(&app.app).await.expect("works");
    let tenant = Some(acme.id.uuid());
    assert_eq!(seen(&app, tenant, "IMPOSSIBLE_SEQUENCE").await, 10_000);
    let rows = "select count(*) from app.security_events where code = 'IMPOSSIBLE_SEQUENCE'";
    assert_eq!(app.count(rows).await, 201);
    let messages = "select count(*) from app.notification_events m
                    join app.security_events e on e.tenant_id = m.tenant_id and e.id = m.security_event_id
                    where e.code = 'IMPOSSIBLE_SEQUENCE' and m.event_count = 201";
    assert_eq!(
        app.count(messages).await,
        2,
        "one to each, with all of them"
    );
    let jobs = "select count(*) from app.jobs where kind = 'security.tell'";
    assert_eq!(app.count(jobs).await, 0);
    let letters = post(&app, &server).await;
    let alerts = subjects(&letters);
    let alerts = alerts.iter().filter(|subject| subject.ends_with(": Acme"));
    assert_eq!(alerts.count(), 2);
    app.finish().await;
}
