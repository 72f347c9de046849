//! What goes wrong on the way: servers that refuse, that hang, that are gone, and workers that are killed.

use intrex_core::{
    deliveries::{self, RETRY_AFTER},
    jobs,
    reminders::sender,
};

use super::world::{OPERATOR, Organisation, Somebody, organisation};
use crate::support::{Fate, MailServer, TestApp};

/// An item of Alice's whose reminder of seven days before is due now, on the 22nd of December, and planned.
async fn due_now(app: &TestApp) -> (Organisation, Somebody, intrex_core::ids::ObligationId) {
    let acme = organisation(app, "Acme").await;
    let gulshan = acme.branch(app, "Gulshan").await;
    let alice = acme.person(app, "Alice", OPERATOR, &[gulshan]).await;
    app.travel_to("2026-12-20T03:00:00Z");
    let item = acme.item(app, gulshan, "2026-12-29", Some(&alice)).await;
    app.travel_to("2026-12-22T03:00:00Z");
    while jobs::run_due(&app.app).await.expect("plans") > 0 {}
    (acme, alice, item)
}

/// The ledger's part: what is due is on its way as deliveries.
async fn handed_over(app: &TestApp) {
    while sender::send_due(&app.app).await.expect("settles") > 0 {}
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_with_the_same_message_id() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let (acme, alice, item) = due_now(&app).await;
    server.next(&[
        Fate::Refused("MAIL", 451),
        Fate::Refused("RCPT", 452),
        Fate::Refused("BODY", 421),
        Fate::Accepted,
    ]);
    app.work_at("2026-12-22T03:00:00Z").await;
    let slots = acme.ledger(&app, item).await;
    let waiting = slots
        .iter()
        .find(|slot| slot.attempts == 1 && slot.state == "sending")
        .expect("it waits");
    assert!(waiting.next_attempt_at > Some(app.app.now()));
    assert_eq!(
        waiting.last_error.as_deref(),
        Some("sender: transient error (451): refused")
    );
    app.work_at("2026-12-22T03:00:30Z").await;
    assert_eq!(server.connections(), 1, "it waits for a minute");
    app.work_at("2026-12-22T03:02:00Z").await;
    app.work_at("2026-12-22T03:10:00Z").await;
    assert_eq!(server.received().len(), 0);
    app.work_at("2026-12-22T04:00:00Z").await;
    assert_eq!(server.received().len(), 1);
    assert_eq!(server.connections(), 4);
    assert_eq!(
        server.refused()[0].header("Message-ID"),
        server.received()[0].header("Message-ID")
    );
    assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sent");
    app.finish().await;
}

#[tokio::test]
async fn a_refused_recipient_is_not_asked_again() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let (acme, alice, item) = due_now(&app).await;
    server.next(&[Fate::Refused("RCPT", 550)]);
    app.work_at("2026-12-22T03:00:00Z").await;
    assert_eq!(
        acme.mails(&app, item, &alice).await[2],
        "before_7 failed refused"
    );
    app.work_at("2026-12-23T03:00:00Z").await;
    assert_eq!(server.received().len(), 0);
    // The message itself can be refused too; the next reminder is tried all the same.
    server.next(&[Fate::Refused("BODY", 554)]);
    app.work_at("2026-12-26T03:00:00Z").await;
    assert_eq!(
        acme.mails(&app, item, &alice).await[3],
        "before_3 failed refused"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_sender_that_is_refused_is_a_fault_of_the_settings_and_passes() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let (acme, alice, item) = due_now(&app).await;
    server.next(&[Fate::Refused("EHLO", 554), Fate::Refused("MAIL", 530)]);
    app.work_at("2026-12-22T03:00:00Z").await;
    assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sending");
    app.work_at("2026-12-22T03:02:00Z").await;
    assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sending");
    app.work_at("2026-12-22T03:10:00Z").await;
    assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sent");
    app.finish().await;
}

#[tokio::test]
async fn a_closed_port_is_tried_again_and_again_and_given_up_in_the_end() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    server.close().await;
    let (acme, alice, item) = due_now(&app).await;
    app.work_at("2026-12-22T03:00:00Z").await;
    for wait in RETRY_AFTER {
        assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sending");
        let later = app.app.now() + wait * 5 / 4;
        app.work_at(&later.to_rfc3339()).await;
    }
    assert_eq!(
        acme.mails(&app, item, &alice).await[2],
        "before_7 failed gave_up"
    );
    let slots = acme.ledger(&app, item).await;
    let failed = slots
        .iter()
        .find(|slot| slot.state == "failed")
        .expect("failed");
    assert_eq!(failed.attempts, 6);
    let told: i64 = sqlx::query_scalar(
        "select count(*) from app.audit_events where action = 'reminder.failed' and outcome = 'failure'",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("counts");
    assert_eq!(told, 1);
    app.finish().await;
}

#[tokio::test]
async fn what_was_in_flight_when_the_worker_died_goes_out_again_under_the_same_message_id() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let (acme, alice, item) = due_now(&app).await;
    server.next(&[Fate::Unanswered]);
    handed_over(&app).await;
    tokio::select! {
        ended = deliveries::sender::send_due(&app.app) => panic!("the server never answers: {ended:?}"),
        () = server.arrival() => {}
    }
    // The worker is gone, with the message on the other side and nothing written down.
    assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sending");
    app.work_at("2026-12-22T03:00:59Z").await;
    assert_eq!(server.received().len(), 1, "the lease still holds");
    app.work_at("2026-12-22T03:01:00Z").await;
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(
        received[0].header("Message-ID"),
        received[1].header("Message-ID")
    );
    assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sent");
    app.work_at("2026-12-23T03:00:00Z").await;
    assert_eq!(server.received().len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn an_item_that_is_completed_while_its_worker_is_dead_is_not_reminded_of() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let (acme, alice, item) = due_now(&app).await;
    server.next(&[Fate::Unanswered]);
    handed_over(&app).await;
    tokio::select! {
        ended = deliveries::sender::send_due(&app.app) => panic!("the server never answers: {ended:?}"),
        () = server.arrival() => {}
    }
    alice.completes(&app, item).await;
    app.work_at("2026-12-22T03:05:00Z").await;
    assert_eq!(server.received().len(), 1);
    assert_eq!(
        acme.mails(&app, item, &alice).await[2],
        "before_7 suppressed item_closed"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_sender_that_lost_its_claim_writes_nothing() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let (acme, alice, item) = due_now(&app).await;
    server.next(&[Fate::Held, Fate::Refused("RCPT", 550)]);
    handed_over(&app).await;
    let slow = tokio::spawn({
        let app = app.app.clone();
        async move { deliveries::sender::send_due(&app).await }
    });
    server.arrival().await;
    // The lease ends while the server thinks; another sender takes over and is refused.
    app.work_at("2026-12-22T03:01:00Z").await;
    assert_eq!(
        acme.mails(&app, item, &alice).await[2],
        "before_7 failed refused"
    );
    server.release();
    assert!(slow.await.expect("ends").expect("sends") > 0);
    assert_eq!(
        acme.mails(&app, item, &alice).await[2],
        "before_7 failed refused"
    );
    app.finish().await;
}

#[tokio::test]
async fn two_senders_at_once_send_once() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let names: Vec<String> = (0..40).map(|n| format!("Alice{n}")).collect();
    for name in &names {
        let alice = acme.person(&app, name, OPERATOR, &[gulshan]).await;
        acme.item(&app, gulshan, "2026-12-29", Some(&alice)).await;
    }
    app.travel_to("2026-12-22T03:00:00Z");
    while jobs::run_due(&app.app).await.expect("plans") > 0 {}
    loop {
        let (one, other) = tokio::join!(sender::send_due(&app.app), sender::send_due(&app.app));
        let settled = one.expect("settles") + other.expect("settles");
        let (one, other) = tokio::join!(
            deliveries::sender::send_due(&app.app),
            deliveries::sender::send_due(&app.app)
        );
        if settled + one.expect("sends") + other.expect("sends") == 0 {
            break;
        }
    }
    let mut ids: Vec<String> = server
        .received()
        .iter()
        .map(|mail| mail.header("Message-ID"))
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), server.received().len()), (40, 40));
    app.finish().await;
}

#[tokio::test]
async fn what_one_person_is_told_at_once_is_one_message_and_each_item_is_in_it_once() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let bob = acme.person(&app, "Bob", OPERATOR, &[gulshan]).await;
    let mut items = Vec::new();
    for _ in 0..12 {
        items.push(acme.item(&app, gulshan, "2026-12-29", Some(&alice)).await);
    }
    let of_bob = acme.item(&app, gulshan, "2026-12-29", Some(&bob)).await;
    app.work_at("2026-12-22T03:00:00Z").await;
    let received = server.received();
    let mut subjects: Vec<String> = received.iter().map(|mail| mail.subject()).collect();
    subjects.sort();
    assert_eq!(
        subjects,
        [
            "12 reminders from Acme",
            "Due in 7 days: Fire licence renewal · Gulshan (29 Dec 2026)",
        ]
    );
    let many = received
        .iter()
        .find(|mail| mail.subject().starts_with("12"))
        .expect("is sent");
    let text = many.data.replace("=\r\n", "");
    for item in &items {
        // Once as text and once as a page.
        assert_eq!(text.matches(&item.to_string()).count(), 2);
        assert_eq!(acme.mails(&app, *item, &alice).await[2], "before_7 sent");
    }
    assert!(!text.contains(&of_bob.to_string()));
    app.finish().await;
}

#[tokio::test]
async fn a_server_without_encryption_gets_nothing_where_encryption_is_required() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer_with("?tls=required"));
    let (acme, alice, item) = due_now(&app).await;
    app.work_at("2026-12-22T03:00:00Z").await;
    assert_eq!(server.connections(), 1);
    assert_eq!(server.received().len(), 0);
    assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sending");
    let slots = acme.ledger(&app, item).await;
    let tried = slots
        .iter()
        .find(|slot| slot.attempts > 0 && slot.state == "sending");
    let error = tried
        .and_then(|slot| slot.last_error.clone())
        .expect("says why");
    assert!(error.starts_with("encrypt: "), "{error}");
    app.finish().await;
}
