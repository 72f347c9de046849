//! An e-mail arrives when it should, says what it should, and comes once.

use super::world::{ADMIN, MANAGER, OPERATOR, organisation};
use crate::support::{MailServer, TestApp};

#[tokio::test]
async fn an_email_arrives_seven_days_before_the_due_date() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-29", Some(&alice)).await;

    app.work_at("2026-12-15T03:00:00Z").await;
    let before = server.received().len();
    app.work_at("2026-12-22T02:59:59Z").await;
    assert_eq!(
        server.received().len(),
        before,
        "nothing comes before nine in Dhaka"
    );
    app.work_at("2026-12-22T03:00:00Z").await;

    let received = server.received();
    assert_eq!(received.len(), before + 1);
    let mail = &received[before];
    assert_eq!(
        mail.subject(),
        "Due in 7 days: Fire licence renewal · Gulshan (29 Dec 2026)"
    );
    assert_eq!(mail.from, "MAIL FROM:<reminders@intrex.example>");
    assert_eq!(mail.to, ["RCPT TO:<alice@acme.example>"]);
    assert_eq!(mail.header("To"), "Alice <alice@acme.example>");
    assert_eq!(mail.header("Date"), "Tue, 22 Dec 2026 03:00:00 +0000");
    let link = format!("http://localhost:8080/obligations/{item}");
    let parts: Vec<&str> = mail.data.split("Content-Type: ").skip(1).collect();
    assert!(parts[0].starts_with("multipart/alternative"));
    assert!(parts[1].starts_with("text/plain; charset=utf-8") && parts[2].starts_with("text/html"));
    for part in &parts[1..] {
        let unfolded = part.replace("=\r\n", "").replace("=3D", "=");
        assert!(unfolded.contains(&link), "{unfolded}");
    }
    let slots = acme.ledger(&app, item).await;
    let sent: Vec<String> = slots
        .iter()
        .filter(|slot| slot.state == "sent" && slot.connector == "email_smtp")
        .map(|slot| format!("{} to {}", slot.threshold, slot.told()))
        .collect();
    assert_eq!(sent, ["before_14 to Alice", "before_7 to Alice"]);
    app.finish().await;
}

#[tokio::test]
async fn each_threshold_is_told_once_and_the_escalation_to_the_wider_set() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    acme.person(&app, "Bob", MANAGER, &[gulshan]).await;
    acme.person(&app, "Carol", ADMIN, &[]).await;
    acme.item(&app, gulshan, "2026-12-29", Some(&alice)).await;

    for day in 22..=30 {
        for hour in ["03:00:00", "15:00:00"] {
            app.work_at(&format!("2026-11-{day}T{hour}Z")).await;
        }
    }
    for day in 1..=31 {
        for hour in ["03:00:00", "15:00:00"] {
            app.work_at(&format!("2026-12-{day:02}T{hour}Z")).await;
        }
    }
    let told: Vec<String> = server
        .received()
        .iter()
        .map(|mail| {
            let to = mail.header("To");
            let name = to.split(' ').next().unwrap_or_default().to_owned();
            let subject = mail.subject();
            format!("{name}: {}", subject.split(':').next().unwrap_or_default())
        })
        .collect();
    let (regular, escalated): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|line| line.starts_with("Alice"));
    assert_eq!(
        regular,
        [
            "Alice: Due in 30 days",
            "Alice: Due in 14 days",
            "Alice: Due in 7 days",
            "Alice: Due in 3 days",
            "Alice: Due tomorrow",
            "Alice: Due today",
            "Alice: Overdue by 1 day"
        ]
    );
    let mut escalated = escalated;
    escalated.sort();
    assert_eq!(
        escalated,
        [
            "Bob: Escalated, overdue by 1 day",
            "Carol: Escalated, overdue by 1 day"
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn after_an_outage_of_twenty_days_each_person_gets_one_message_an_item() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let bob = acme.person(&app, "Bob", MANAGER, &[gulshan]).await;
    let first = acme.item(&app, gulshan, "2026-12-14", Some(&alice)).await;
    let second = acme.item(&app, gulshan, "2026-12-18", Some(&bob)).await;
    app.work_at("2026-11-23T12:00:00Z").await;
    let before = server.received().len();

    // Nothing ran from the 23rd of November to the 13th of December.
    app.work_at("2026-12-13T12:00:00Z").await;

    let received = server.received();
    let mut subjects: Vec<String> = received[before..]
        .iter()
        .map(|mail| mail.subject())
        .collect();
    subjects.sort();
    assert_eq!(
        subjects,
        [
            "Due in 5 days: Fire licence renewal · Gulshan (18 Dec 2026)",
            "Due tomorrow: Fire licence renewal · Gulshan (14 Dec 2026)",
        ]
    );
    assert_eq!(
        acme.mails(&app, first, &alice).await,
        [
            "before_30 suppressed past_when_made",
            "before_14 suppressed superseded",
            "before_7 suppressed superseded",
            "before_3 suppressed superseded",
            "before_1 sent",
            "due_day planned",
            "overdue planned",
        ]
    );
    assert_eq!(
        acme.mails(&app, second, &bob).await[..3],
        [
            "before_30 suppressed past_when_made",
            "before_14 suppressed superseded",
            "before_7 sent",
        ]
    );
    let slots = acme.ledger(&app, first).await;
    let sent = slots
        .iter()
        .find(|slot| slot.state == "sent" && slot.connector == "email_smtp")
        .expect("one was sent");
    for slot in slots.iter().filter(|slot| slot.connector == "email_smtp") {
        if slot.reason.as_deref() == Some("superseded") {
            assert_eq!(slot.superseded_by, Some(sent.id));
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn the_outage_may_last_longer_than_the_ledger_is_written_ahead() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2027-01-05", Some(&alice)).await;
    app.work_at("2026-11-23T12:00:00Z").await;
    // Three days before the date lies beyond what was written on the 23rd.
    app.work_at("2027-01-03T12:00:00Z").await;
    let subjects: Vec<String> = server
        .received()
        .iter()
        .map(|mail| mail.subject())
        .collect();
    assert_eq!(
        subjects,
        ["Due in 2 days: Fire licence renewal · Gulshan (5 Jan 2027)"]
    );
    assert!(
        acme.mails(&app, item, &alice)
            .await
            .contains(&"before_3 sent".to_owned())
    );
    app.finish().await;
}

#[tokio::test]
async fn without_owner_the_managers_are_told_and_nobody_of_another_branch() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let (gulshan, banani) = (
        acme.branch(&app, "Gulshan").await,
        acme.branch(&app, "Banani").await,
    );
    acme.person(&app, "Bob", MANAGER, &[gulshan]).await;
    acme.person(&app, "Dora", MANAGER, &[banani]).await;
    acme.person(&app, "Carol", ADMIN, &[]).await;
    acme.item(&app, gulshan, "2026-12-29", None).await;
    app.work_at("2026-12-22T03:00:00Z").await;
    let told: Vec<Vec<String>> = server.received().into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, [["RCPT TO:<bob@acme.example>"]]);
    app.finish().await;
}
