//! The inbox inside Intrex: one's own messages, and nobody else's.

use intrex_core::{
    Error,
    notifications::{Inbox, commands, reads},
    paging::PageRequest,
    worker,
};

use super::world::{ADMIN, MANAGER, OPERATOR, Somebody, organisation};
use crate::support::TestApp;

async fn unread(app: &TestApp, somebody: &Somebody) -> i64 {
    let mut tx = app.app.db.read(&somebody.actor).await.expect("begins");
    let count = reads::unread_count(&mut tx).await.expect("counts");
    tx.finish().await.expect("finishes");
    count
}

async fn messages(app: &TestApp, somebody: &Somebody, inbox: Inbox) -> Vec<String> {
    let mut tx = app.app.db.read(&somebody.actor).await.expect("begins");
    let mut page = PageRequest::first(2);
    let mut found = Vec::new();
    loop {
        let one = reads::list(&mut tx, inbox, &page).await.expect("lists");
        found.extend(one.items.iter().map(|message| {
            let about = message.threshold.as_deref().zip(message.due_on);
            let (threshold, due_on) = about.expect("of an obligation");
            format!("{} {threshold} {due_on}", message.kind)
        }));
        match one.next_cursor {
            Some(cursor) => page = PageRequest::first(2).at(Some(cursor)),
            None => break,
        }
    }
    tx.finish().await.expect("finishes");
    found
}

#[tokio::test]
async fn messages_arrive_are_counted_and_are_read_once() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-01", Some(&alice)).await;
    for day in [
        "2026-11-24",
        "2026-11-28",
        "2026-11-30",
        "2026-12-01",
        "2026-12-02",
    ] {
        app.work_at(&format!("{day}T03:00:00Z")).await;
    }
    assert_eq!(
        messages(&app, &alice, Inbox::All).await,
        [
            "obligation_overdue overdue 2026-12-01",
            "obligation_due due_day 2026-12-01",
            "obligation_due before_1 2026-12-01",
            "obligation_due before_3 2026-12-01",
            "obligation_due before_7 2026-12-01",
        ]
    );
    assert_eq!(unread(&app, &alice).await, 5);
    let mut tx = app.app.db.read(&alice.actor).await.expect("begins");
    let first = reads::list(&mut tx, Inbox::Unread, &PageRequest::first(1))
        .await
        .expect("lists");
    tx.finish().await.expect("finishes");
    let message = &first.items[0];
    assert_eq!(
        (message.obligation_id, message.title.as_deref()),
        (Some(item), Some("Fire licence renewal"))
    );

    let read = commands::mark_read(&app.app, &alice.actor, message.id)
        .await
        .expect("is read");
    assert_eq!(read.read_at, Some(app.app.now()));
    app.travel_to("2026-12-02T04:00:00Z");
    let again = commands::mark_read(&app.app, &alice.actor, message.id)
        .await
        .expect("is read");
    assert_eq!(again.read_at, read.read_at);
    assert_eq!(unread(&app, &alice).await, 4);
    let rest = commands::mark_all_read(&app.app, &alice.actor)
        .await
        .expect("are read");
    let none = commands::mark_all_read(&app.app, &alice.actor)
        .await
        .expect("are read");
    assert_eq!((rest, none, unread(&app, &alice).await), (4, 0, 0));
    assert!(messages(&app, &alice, Inbox::Unread).await.is_empty());
    worker::run_once(&app.app).await.expect("works");
    app.finish().await;
}

#[tokio::test]
async fn nobody_sees_or_reads_somebody_elses_messages() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let bob = acme.person(&app, "Bob", MANAGER, &[gulshan]).await;
    let carol = acme.person(&app, "Carol", ADMIN, &[]).await;
    let globex = organisation(&app, "Globex").await;
    let mallory = globex.person(&app, "Mallory", ADMIN, &[]).await;
    acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-13T03:00:00Z").await;
    let mut tx = app.app.db.read(&alice.actor).await.expect("begins");
    let page = reads::list(&mut tx, Inbox::All, &PageRequest::default())
        .await
        .expect("lists");
    let id = page.items[0].id;
    tx.finish().await.expect("finishes");
    for stranger in [&bob, &carol, &mallory] {
        assert!(messages(&app, stranger, Inbox::All).await.is_empty());
        assert_eq!(unread(&app, stranger).await, 0);
        let read = commands::mark_read(&app.app, &stranger.actor, id).await;
        assert!(matches!(read, Err(Error::NotFound)));
        assert_eq!(
            commands::mark_all_read(&app.app, &stranger.actor)
                .await
                .expect("none"),
            0
        );
    }
    let operator = commands::mark_all_read(&app.app, &acme.operator).await;
    assert!(matches!(operator, Err(Error::Forbidden)));
    assert_eq!(unread(&app, &alice).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_message_about_a_task_that_was_given_to_somebody_else_is_gone_with_it() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let eve = acme.person(&app, "Eve", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-13T03:00:00Z").await;
    assert_eq!(unread(&app, &alice).await, 1);
    let raw = intrex_core::obligations::input::RawObligation {
        owner_id: eve.id.to_string().into(),
        ..Default::default()
    };
    intrex_core::obligations::commands::update(&app.app, &acme.operator, item, &raw, None)
        .await
        .expect("is given to Eve");
    app.work_at("2026-12-13T03:10:00Z").await;
    assert_eq!(unread(&app, &alice).await, 0);
    assert!(messages(&app, &alice, Inbox::All).await.is_empty());
    // Eve hears of her new task at once, in one message.
    assert_eq!(unread(&app, &eve).await, 1);
    app.finish().await;
}
