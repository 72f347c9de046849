//! One who hangs holds up nobody else: not another organisation, and not another connector of the same one.

use intrex_core::{deliveries::sender, permission::Role};

use super::{Scene, hook, stage};
use crate::support::sink::Sink;

#[tokio::test]
async fn a_hanging_endpoint_holds_up_neither_others_nor_the_organisations_other_connectors() {
    let scene = Scene::begin().await;
    let hanging = Sink::start().await;
    let (of_acme, of_globex) = (Sink::start().await, Sink::start().await);
    hanging.holds(1_000);
    let (hangs, _) = scene.hook(&hanging, "Hangs").await;
    for n in 0..100 {
        scene.staged(hangs, &format!("hanging {n}")).await;
    }
    let (works, _) = scene.hook(&of_acme, "Works").await;
    for n in 0..20 {
        scene.staged(works, &format!("working {n}")).await;
    }
    let app = &scene.app;
    let globex = app.tenant("Globex").await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let mallory = app.acting(&mallory).await;
    let (theirs, _) = hook(app, &mallory, &of_globex, "Theirs").await;
    for n in 0..40 {
        stage(&app.app, &mallory, theirs, &format!("theirs {n}"))
            .await
            .expect("is new");
    }
    tokio::select! {
        ended = sender::send_due(&app.app) => panic!("some of it hangs: {ended:?}"),
        () = async {
            of_acme.arrivals(20).await;
            of_globex.arrivals(40).await;
        } => {}
    }
    let held = hanging.received().len();
    assert!((1..=8).contains(&held), "{held} of one connector at once");
    scene.app.finish().await;
}
