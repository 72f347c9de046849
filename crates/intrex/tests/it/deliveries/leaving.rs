//! An organisation is deleted while its messages are on their way, wait, or are somebody's who has died: nothing of it is left,
//! nothing more goes out, and the others do not notice.

use chrono::TimeDelta;
use intrex_core::{
    deliveries::sender,
    obligations::{commands, input::RawObligation},
    permission::Role,
    reminders,
    tenants::deletion::{self, GRACE, RawTenantDeletion, SETTLES_FOR, When},
    worker,
};
use sqlx::{AssertSqlSafe, Connection as _};

use super::{
    Scene,
    faults::{blocked, locked},
    hook, ids, stage,
};
use crate::support::{Fate, MailServer, TestApp, sink::Sink};

/// Whatever an organisation has that could be sent.
const ITS_OWN: [&str; 6] = [
    "notification_deliveries",
    "delivery_attempts",
    "reminder_slots",
    "connectors",
    "connector_secrets",
    "obligation_instances",
];

async fn rows_left(scene: &Scene) -> Vec<(&'static str, i64)> {
    let mut superuser = scene.app.superuser().await;
    let mut left = Vec::new();
    for table in ITS_OWN {
        let count = format!("select count(*) from app.{table} where tenant_id = $1");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(scene.acme.id.uuid())
            .fetch_one(&mut superuser)
            .await
            .expect("counts");
        if count > 0 {
            left.push((table, count));
        }
    }
    left
}

async fn status(scene: &Scene) -> String {
    sqlx::query_scalar("select status from app.tenants where id = $1")
        .bind(scene.acme.id.uuid())
        .fetch_one(&mut scene.app.superuser().await)
        .await
        .expect("the row stays")
}

/// Head office has asked for it a week ago.
async fn due(scene: &Scene) {
    let raw = RawTenantDeletion {
        confirm_name: "Acme".into(),
        reason: "we close our doors".into(),
    };
    deletion::request(&scene.app.app, &scene.acme.operator, &raw, When::AfterGrace)
        .await
        .expect("is asked for");
    scene.app.app.clock.advance(GRACE);
}

/// Letters about the item.
fn reminders_in(mail: &MailServer) -> usize {
    let received = mail.received();
    let about = received
        .iter()
        .filter(|letter| letter.subject().contains("Fire licence"));
    about.count()
}

async fn works(app: &TestApp) {
    worker::run_once(&app.app).await.expect("works");
}

/// Another organisation, whose messages go on.
async fn globex(scene: &Scene, sink: &Sink) -> (intrex_core::Actor, intrex_core::ids::ConnectorId) {
    let globex = scene.app.tenant("Globex").await;
    let mallory = scene
        .app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let mallory = scene.app.acting(&mallory).await;
    let (theirs, _) = hook(&scene.app, &mallory, sink, "Theirs").await;
    (mallory, theirs)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Answered {
    BeforeItsRowsGo,
    AfterItsRowsHaveGone,
}

async fn goes_with_messages_on_their_way(answered: Answered) {
    let mut scene = Scene::begin().await;
    let mail = MailServer::start().await;
    scene.app.app.mailer = Some(mail.mailer());
    let (sink, of_globex) = (Sink::start().await, Sink::start().await);
    let (mallory, theirs) = globex(&scene, &of_globex).await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    // A reminder of Alice's by mail, which is due when the organisation is.
    let branch = scene.app.branch(&scene.acme, "GUL").await;
    let raw = RawObligation {
        branch_id: branch.id.to_string().into(),
        title: "Fire licence".into(),
        category: "fire_safety".into(),
        due_on: "2026-12-06".into(),
        owner_id: scene.alice.id.to_string().into(),
        ..RawObligation::default()
    };
    commands::create(&scene.app.app, &scene.acme.operator, &raw)
        .await
        .expect("is made");
    works(&scene.app).await;
    let before = mail.received().len();
    // Its time comes, and its deletion has not begun.
    due(&scene).await;
    while reminders::sender::send_due(&scene.app.app)
        .await
        .expect("settles")
        > 0
    {}
    for n in 0..12 {
        scene.staged(hook, &format!("message {n}")).await;
    }
    sink.holds(8);
    mail.next(&[Fate::Held]);
    let sending = tokio::spawn({
        let app = scene.app.app.clone();
        async move { sender::send_due(&app).await }
    });
    sink.arrivals(8).await;
    while mail.received().len() == before {
        tokio::task::yield_now().await;
    }
    for n in 0..5 {
        stage(&scene.app.app, &mallory, theirs, &format!("theirs {n}"))
            .await
            .expect("is new");
    }
    // It begins: what waits is not begun any more.
    works(&scene.app).await;
    assert_eq!(status(&scene).await, "deleting");
    let release = async || {
        sink.release();
        mail.release();
    };
    let mut sending = Some(sending);
    if answered == Answered::BeforeItsRowsGo {
        release().await;
        let sent = sending.take().expect("is there").await;
        sent.expect("no panic").expect("goes on");
    }
    scene.app.app.clock.advance(SETTLES_FOR);
    works(&scene.app).await;
    assert_eq!(rows_left(&scene).await, []);
    release().await;
    if let Some(sending) = sending {
        sending.await.expect("no panic").expect("goes on");
    }
    // Whoever was at work has left nothing behind, and nothing more goes out.
    for _ in 0..3 {
        scene
            .app
            .app
            .clock
            .advance(SETTLES_FOR + TimeDelta::seconds(1));
        works(&scene.app).await;
    }
    assert_eq!(status(&scene).await, "deleted");
    assert_eq!(rows_left(&scene).await, []);
    assert_eq!(sink.received().len(), 8, "{answered:?}");
    assert_eq!(reminders_in(&mail), 1, "{answered:?}: the one on its way");
    assert_eq!(ids(&of_globex).len(), 5);
    stage(&scene.app.app, &mallory, theirs, "later")
        .await
        .expect("is new");
    scene.send().await;
    assert_eq!(ids(&of_globex).len(), 6);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_on_its_way_when_its_organisation_goes_is_answered_before_the_rows_go() {
    goes_with_messages_on_their_way(Answered::BeforeItsRowsGo).await;
}

#[tokio::test]
async fn what_is_on_its_way_when_its_organisation_goes_is_answered_when_there_is_nobody_any_more() {
    goes_with_messages_on_their_way(Answered::AfterItsRowsHaveGone).await;
}

#[tokio::test]
async fn claims_of_a_worker_that_died_go_with_their_organisation() {
    let mut scene = Scene::begin().await;
    let mail = MailServer::start().await;
    scene.app.app.mailer = Some(mail.mailer());
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let branch = scene.app.branch(&scene.acme, "GUL").await;
    let raw = RawObligation {
        branch_id: branch.id.to_string().into(),
        title: "Fire licence".into(),
        category: "fire_safety".into(),
        due_on: "2026-12-06".into(),
        owner_id: scene.alice.id.to_string().into(),
        ..RawObligation::default()
    };
    commands::create(&scene.app.app, &scene.acme.operator, &raw)
        .await
        .expect("is made");
    works(&scene.app).await;
    due(&scene).await;
    scene.staged(hook, "one").await;
    // One dies between claiming reminders and settling them, another one between claiming a message and opening its connector.
    let lock = locked(&scene.app, "people").await;
    tokio::select! {
        ended = reminders::sender::send_due(&scene.app.app) => panic!("it cannot see who is there: {ended:?}"),
        () = blocked(&scene.app) => {}
    }
    lock.close().await.expect("is released");
    let lock = locked(&scene.app, "connector_secrets").await;
    tokio::select! {
        ended = sender::send_due(&scene.app.app) => panic!("it cannot open the connector: {ended:?}"),
        () = blocked(&scene.app) => {}
    }
    lock.close().await.expect("is released");
    let claimed = "select (select count(*) from app.reminder_slots where lease_until is not null)
                   * (select count(*) from app.notification_deliveries where lease_until is not null)";
    assert!(scene.app.count(claimed).await > 0);
    let before = reminders_in(&mail);
    for _ in 0..4 {
        works(&scene.app).await;
        scene
            .app
            .app
            .clock
            .advance(SETTLES_FOR + TimeDelta::seconds(1));
    }
    assert_eq!(status(&scene).await, "deleted");
    assert_eq!(rows_left(&scene).await, []);
    assert!(sink.received().is_empty());
    assert_eq!(reminders_in(&mail), before);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_waits_for_its_next_attempt_goes_with_its_organisation() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    sink.answers(&[(500, "", "not now")]);
    scene.send().await;
    assert_eq!(ids(&sink), [id.to_string()]);
    // It comes at its time as long as there is an organisation, and waits anew.
    sink.answers(&[(500, "", "not now")]);
    due(&scene).await;
    scene.send().await;
    assert_eq!(ids(&sink).len(), 2);
    works(&scene.app).await;
    assert_eq!(status(&scene).await, "deleting");
    for _ in 0..4 {
        scene
            .app
            .app
            .clock
            .advance(SETTLES_FOR + TimeDelta::seconds(1));
        works(&scene.app).await;
    }
    assert_eq!(status(&scene).await, "deleted");
    assert_eq!(rows_left(&scene).await, []);
    assert_eq!(ids(&sink), [id.to_string(), id.to_string()]);
    scene.app.finish().await;
}
