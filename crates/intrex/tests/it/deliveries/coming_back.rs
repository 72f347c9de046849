//! A connector that was disabled comes back by a good look, and what was given up meanwhile arrives under the ids that it had.

use intrex_core::{
    connectors::{self, Examination, Status},
    deliveries::{self, RawReplay, State},
    ids::ConnectorId,
};

use super::{Scene, ids};
use crate::support::sink::Sink;

async fn status(scene: &Scene, hook: ConnectorId) -> Status {
    let mut tx = scene.app.app.db.read(&scene.actor).await.expect("reads");
    let connector = connectors::reads::get(&mut tx, hook).await;
    tx.finish().await.expect("finishes");
    connector.expect("is there").status
}

/// Somebody puts it right: enables it, looks at it and finds it well.
async fn put_right(scene: &Scene, sink: &Sink, hook: ConnectorId) {
    // It may have been long ago that the admin gave a second factor.
    let (app, actor) = (&scene.app.app, &scene.acme.operator);
    connectors::enable(app, actor, hook)
        .await
        .expect("is enabled");
    assert_eq!(status(scene, hook).await, Status::PendingVerification);
    sink.answers(&[(500, "", "not yet")]);
    for well in [false, true] {
        let seen = connectors::verify(app, actor, hook).await;
        let Ok(Examination::Done(seen)) = seen else {
            panic!("it is not looked at: {seen:?}");
        };
        assert_eq!(seen.ok, well);
        assert_eq!(status(scene, hook).await == Status::Active, well);
    }
}

#[tokio::test]
async fn what_was_given_up_when_nobody_was_there_arrives_under_its_id_once_somebody_is() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let gone = scene.staged(hook, "one").await;
    sink.answers(&[(410, "", "no more")]);
    scene.send().await;
    let unsent = scene.staged(hook, "two").await;
    scene.send().await;
    assert_eq!(status(&scene, hook).await, Status::Disabled);
    // Looking enables nothing, and a message that is sent again meanwhile is given up again.
    let looked = connectors::verify(&scene.app.app, &scene.actor, hook).await;
    assert!(looked.is_ok());
    deliveries::retry(&scene.app.app, &scene.actor, gone)
        .await
        .expect("is taken up");
    scene.send().await;
    assert_eq!(scene.state(gone).await, State::Dead);
    scene.later(60).await;
    let before = sink.received().len();

    put_right(&scene, &sink, hook).await;
    deliveries::retry(&scene.app.app, &scene.actor, gone)
        .await
        .expect("is taken up");
    deliveries::retry(&scene.app.app, &scene.actor, unsent)
        .await
        .expect("is taken up");
    let looks = sink.received().len();
    assert_eq!(looks, before + 2);
    scene.send().await;
    let mut arrived = ids(&sink).split_off(looks);
    arrived.sort();
    let mut expected = [gone.to_string(), unsent.to_string()];
    expected.sort();
    assert_eq!(arrived, expected);
    for id in [gone, unsent] {
        assert_eq!(scene.state(id).await, State::Delivered);
    }
    // The first attempt and the last one told the same.
    let sent = sink.received();
    let of_gone: Vec<_> = sent
        .iter()
        .filter(|sent| sent.header("webhook-id") == gone.to_string())
        .collect();
    assert_eq!(of_gone.len(), 2);
    assert_eq!(of_gone[0].body, of_gone[1].body);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_was_given_up_in_five_days_of_failing_arrives_under_its_ids_by_one_replay() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    sink.answers(&[(500, "", ""); 400]);
    let mut staged = Vec::new();
    for hour in 0..=121 {
        if hour % 12 == 0 {
            staged.push(scene.staged(hook, &format!("message {hour}")).await);
        }
        scene.later(3_600).await;
        if status(&scene, hook).await == Status::Disabled {
            break;
        }
    }
    assert_eq!(status(&scene, hook).await, Status::Disabled);
    assert_eq!(
        scene.app.told("connector.failing").await,
        2,
        "at 24 and 72 hours"
    );
    assert_eq!(scene.app.told("connector.disabled").await, 1);
    // What waits for its next attempt is given up when that is due.
    scene.later(15 * 3_600).await;
    for id in &staged {
        assert_eq!(scene.state(*id).await, State::Dead, "nothing waits for it");
    }
    sink.forget_answers();
    put_right(&scene, &sink, hook).await;
    let looks = sink.received().len();
    let raw = RawReplay {
        dry_run: "false".into(),
        ..RawReplay::default()
    };
    let replayed = deliveries::replay(&scene.app.app, &scene.actor, &raw)
        .await
        .expect("is sent again");
    assert_eq!(replayed.replayed, i64::try_from(staged.len()).expect("few"));
    scene.send().await;
    let mut arrived = ids(&sink).split_off(looks);
    arrived.sort();
    let mut expected: Vec<String> = staged.iter().map(ToString::to_string).collect();
    expected.sort();
    assert_eq!(arrived, expected, "each once, as it was called before");
    assert_eq!(status(&scene, hook).await, Status::Active);
    scene.app.finish().await;
}
