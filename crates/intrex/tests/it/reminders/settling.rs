//! What makes a reminder moot settles it, and what makes it wanted again takes it up again.

use intrex_core::{Error, reminders::reads, tenants, worker};

use super::world::{ADMIN, MANAGER, OPERATOR, organisation};
use crate::support::{MailServer, TestApp};

#[tokio::test]
async fn completing_an_item_settles_its_reminders() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-13T03:00:00Z").await;
    alice.completes(&app, item).await;
    let before = server.received().len();
    app.work_at("2027-01-20T03:00:00Z").await;
    assert_eq!(server.received().len(), before);
    assert_eq!(
        acme.mails(&app, item, &alice).await,
        [
            "before_30 suppressed past_when_made",
            "before_14 suppressed superseded",
            "before_7 sent",
            "before_3 suppressed completed",
            "before_1 suppressed completed",
            "due_day suppressed completed",
            "overdue suppressed completed",
        ]
    );
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    assert_eq!(reads::coming(&mut tx, item).await.expect("is shown"), []);
    tx.finish().await.expect("finishes");
    app.finish().await;
}

#[tokio::test]
async fn an_item_that_was_moved_is_reminded_of_again() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-06", Some(&alice)).await;
    app.work_at("2026-11-29T03:00:00Z").await;
    acme.reschedule(&app, item, "2026-12-13").await;
    app.work_at("2026-12-03T03:00:00Z").await;
    app.work_at("2026-12-06T03:00:00Z").await;
    let subjects: Vec<String> = server
        .received()
        .iter()
        .map(|mail| mail.subject())
        .collect();
    assert_eq!(
        subjects,
        [
            "Due in 7 days: Fire licence renewal · Gulshan (6 Dec 2026)",
            "Due in 7 days: Fire licence renewal · Gulshan (13 Dec 2026)",
        ]
    );
    // Moved back: what was sent for the old date is not sent again, what was not comes up again.
    acme.reschedule(&app, item, "2026-12-06").await;
    app.work_at("2026-12-07T03:00:00Z").await;
    let overdue = server.received().last().expect("one more").subject();
    assert_eq!(
        overdue,
        "Overdue by 1 day: Fire licence renewal · Gulshan (6 Dec 2026)"
    );
    app.finish().await;
}

#[tokio::test]
async fn opening_an_item_again_takes_its_reminders_up_again() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-06T03:00:00Z").await;
    alice.completes(&app, item).await;
    app.work_at("2026-12-14T03:00:00Z").await;
    acme.reopen(&app, item).await;
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let coming = reads::coming(&mut tx, item).await.expect("is shown");
    tx.finish().await.expect("finishes");
    let coming: Vec<&str> = coming
        .iter()
        .filter(|slot| slot.connector == "email_smtp" && slot.recipient_id == Some(alice.id))
        .map(|slot| slot.threshold.as_str())
        .collect();
    assert_eq!(coming, ["before_3", "before_1", "due_day", "overdue"]);
    app.work_at("2026-12-17T03:00:00Z").await;
    assert_eq!(
        acme.mails(&app, item, &alice).await,
        [
            "before_30 suppressed past_when_made",
            "before_14 sent",
            "before_7 suppressed completed",
            "before_3 sent",
            "before_1 planned",
            "due_day planned",
            "overdue planned",
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn what_lies_beyond_the_ledger_is_shown_by_the_same_plan() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    acme.person(&app, "Bob", MANAGER, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2027-01-10", Some(&alice)).await;
    app.work_at("2026-11-22T03:00:00Z").await;
    assert_eq!(
        acme.mails(&app, item, &alice).await,
        ["before_30 planned", "before_14 planned"]
    );
    let mut tx = app.app.db.read(&alice.actor).await.expect("begins");
    let coming = reads::coming(&mut tx, item).await.expect("is shown");
    let coming: Vec<String> = coming
        .iter()
        .filter(|slot| slot.connector == "in_app")
        .map(|slot| format!("{} {} to {}", slot.falls_on, slot.threshold, slot.told()))
        .collect();
    assert_eq!(
        coming,
        [
            "2027-01-03 before_7 to Alice",
            "2027-01-07 before_3 to Alice",
            "2027-01-09 before_1 to Alice",
            "2027-01-10 due_day to Alice",
            "2027-01-11 overdue to Alice",
            "2027-01-11 escalation to Bob",
        ]
    );
    tx.finish().await.expect("finishes");
    app.finish().await;
}

#[tokio::test]
async fn an_owner_who_is_gone_is_not_told_and_the_manager_is_told_instead() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let bob = acme.person(&app, "Bob", MANAGER, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-13T02:00:00Z").await;
    // Gone between the planning of the morning and the hour of the reminder.
    sqlx::query("update app.people set status = 'disabled' where id = $1")
        .bind(alice.id.uuid())
        .execute(&mut app.superuser().await)
        .await
        .expect("is disabled");
    let before = server.received().len();
    app.work_at("2026-12-13T03:00:00Z").await;
    app.work_at("2026-12-13T03:06:00Z").await;
    let received = server.received();
    let told: Vec<&[String]> = received[before..].iter().map(|mail| &mail.to[..]).collect();
    assert_eq!(told, [["RCPT TO:<bob@acme.example>"]]);
    assert_eq!(
        acme.mails(&app, item, &alice).await[2],
        "before_7 suppressed recipient_inactive"
    );
    assert!(
        acme.mails(&app, item, &bob)
            .await
            .contains(&"before_7 sent".to_owned())
    );
    app.finish().await;
}

#[tokio::test]
async fn a_manager_who_was_moved_hears_no_more_of_the_old_branch() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let bob = acme.person(&app, "Bob", MANAGER, &[gulshan]).await;
    acme.person(&app, "Carol", ADMIN, &[]).await;
    let item = acme.item(&app, gulshan, "2026-12-20", None).await;
    app.work_at("2026-12-13T02:00:00Z").await;
    sqlx::query("delete from app.person_branches where person_id = $1")
        .bind(bob.id.uuid())
        .execute(&mut app.superuser().await)
        .await
        .expect("is moved");
    let before = server.received().len();
    app.work_at("2026-12-13T03:00:00Z").await;
    app.work_at("2026-12-13T03:06:00Z").await;
    let received = server.received();
    let told: Vec<&[String]> = received[before..].iter().map(|mail| &mail.to[..]).collect();
    assert_eq!(told, [["RCPT TO:<carol@acme.example>"]]);
    let bobs = acme.mails(&app, item, &bob).await;
    assert_eq!(bobs[2], "before_7 suppressed changed");
    assert!(
        bobs[3..]
            .iter()
            .all(|line| line.ends_with("suppressed changed")),
        "{bobs:?}"
    );
    app.finish().await;
}

#[tokio::test]
async fn somebody_new_is_not_told_of_days_gone_by() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    acme.person(&app, "Bob", MANAGER, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-20", None).await;
    app.work_at("2026-12-14T03:00:00Z").await;
    let before = server.received().len();
    let dora = acme.person(&app, "Dora", MANAGER, &[gulshan]).await;
    app.work_at("2026-12-16T03:00:00Z").await;
    assert_eq!(server.received().len(), before);
    app.work_at("2026-12-17T03:00:00Z").await;
    assert_eq!(server.received().len(), before + 2);
    assert_eq!(
        acme.mails(&app, item, &dora).await[..4],
        [
            "before_30 suppressed past_when_made",
            "before_14 suppressed past_when_made",
            "before_7 suppressed past_when_made",
            "before_3 sent",
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn a_suspended_organisation_is_told_nothing_until_it_is_let_in_again() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-06T03:00:00Z").await;
    let before = server.received().len();
    tenants::suspend(&app.app, &acme.operator)
        .await
        .expect("is suspended");
    app.work_at("2026-12-18T03:00:00Z").await;
    assert_eq!(server.received().len(), before);
    tenants::resume(&app.app, &acme.operator)
        .await
        .expect("is let in");
    worker::run_once(&app.app).await.expect("works");
    let received = server.received();
    assert_eq!(received.len(), before + 1);
    assert!(received[before].subject().starts_with("Due in 2 days"));
    app.finish().await;
}

#[tokio::test]
async fn the_ledger_is_shown_to_whoever_sees_the_item_and_to_nobody_else() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    let (gulshan, banani) = (
        acme.branch(&app, "Gulshan").await,
        acme.branch(&app, "Banani").await,
    );
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let eve = acme.person(&app, "Eve", OPERATOR, &[gulshan]).await;
    let dora = acme.person(&app, "Dora", MANAGER, &[banani]).await;
    let globex = organisation(&app, "Globex").await;
    let mallory = globex.person(&app, "Mallory", ADMIN, &[]).await;
    let item = acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-13T03:00:00Z").await;
    for stranger in [&eve, &dora, &mallory] {
        let mut tx = app.app.db.read(&stranger.actor).await.expect("begins");
        assert!(matches!(
            reads::ledger(&mut tx, item).await,
            Err(Error::NotFound)
        ));
        assert!(matches!(
            reads::coming(&mut tx, item).await,
            Err(Error::NotFound)
        ));
        tx.finish().await.expect("finishes");
    }
    let mut tx = app.app.db.read(&alice.actor).await.expect("begins");
    let slots = reads::ledger(&mut tx, item).await.expect("is shown");
    tx.finish().await.expect("finishes");
    // Without a mail server the page says so.
    let mail = slots
        .iter()
        .find(|slot| slot.threshold == "before_7" && slot.connector == "email_smtp")
        .expect("is in the ledger");
    assert_eq!(mail.reason.as_deref(), Some("no_mail_configured"));
    let why = mail.reason_text().expect("has a sentence");
    assert!(
        why.to(intrex_core::catalogue::Language::ENGLISH)
            .contains("mail server")
    );
    app.finish().await;
}
