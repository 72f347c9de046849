//! A Telegram group becomes a supergroup while several messages for it are on their way: its new id is followed, once, and all
//! of them arrive there.

use intrex_core::{
    connectors::{self, Config, RawConnector},
    obligations::{commands, input::RawCompletion},
    permission::Role,
    routes::{self, RawRoute},
};
use serde_json::{Value, json};

use super::Scene;
use crate::support::sink::{Sent, Sink};

const FORMER: &str = "-100200";
const NOW: i64 = -1_001_234_567_890;
const MESSAGES: usize = 6;

/// As Telegram does: of the former group it says where it is now.
fn telegram(sent: &Sent) -> (u16, Value) {
    match sent.json()["chat_id"].as_str() {
        Some(FORMER) => (
            400,
            json!({ "ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat",
                    "parameters": { "migrate_to_chat_id": NOW } }),
        ),
        _ => (200, json!({ "ok": true, "result": { "message_id": 8 } })),
    }
}

#[tokio::test]
async fn a_group_that_moves_while_several_messages_are_on_their_way_is_followed_once_and_all_arrive()
 {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    sink.speaks(telegram);
    let body = json!({ "type": "telegram_bot", "name": "Group", "secrets": { "token": "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw" },
                       "config": { "chat_id": FORMER, "base_url": sink.url() } });
    let raw: RawConnector = serde_json::from_value(body).expect("fields");
    let made = connectors::create(&scene.app.app, &scene.actor, &raw).await;
    let group = made.expect("is made").connector.id;
    sqlx::query("update app.connectors set status = 'active' where id = $1")
        .bind(group.uuid())
        .execute(&mut scene.app.superuser().await)
        .await
        .expect("works");
    let body = json!({ "name": "Ops", "event_types": ["obligation.completed"], "connector_id": group, "recipient": "endpoint" });
    let raw: RawRoute = serde_json::from_value(body).expect("fields");
    routes::create(&scene.app.app, &scene.actor, &raw)
        .await
        .expect("is made");
    let branch = scene.app.branch(&scene.acme, "GUL").await;
    let erin = scene
        .app
        .member(&scene.acme, "Erin", Role::HeadOfficeAdmin, &[])
        .await;
    let erin = scene.app.acting(&erin).await;
    let done = RawCompletion::default;
    let mut titles: Vec<String> = (0..MESSAGES).map(|n| format!("Licence {n}")).collect();
    for title in &titles {
        let item = scene
            .app
            .obligation(&scene.acme, &branch, title, "2026-12-20")
            .await;
        commands::complete(&scene.app.app, &erin, item.id, &done(), None)
            .await
            .expect("is completed");
    }

    // All of them are on their way to the former group before one of them is answered.
    sink.holds(MESSAGES);
    let sending = tokio::spawn({
        let app = scene.app.app.clone();
        async move { intrex_core::deliveries::sender::send_due(&app).await }
    });
    sink.arrivals(MESSAGES).await;
    sink.release();
    sending.await.expect("no panic").expect("sends");
    // Who came second was not followed at once, and is sent to where the group is now.
    for _ in 0..3 {
        scene.later(73).await;
    }
    let delivered = "select count(*) from app.notification_deliveries where state = 'delivered'";
    assert_eq!(scene.app.count(delivered).await, 6);
    let (former, there): (Vec<Sent>, Vec<Sent>) = sink
        .received()
        .into_iter()
        .partition(|sent| sent.json()["chat_id"] == FORMER);
    assert_eq!(former.len(), MESSAGES, "nobody asks there again");
    let mut arrived: Vec<String> = there
        .iter()
        .map(|sent| sent.json()["text"].as_str().expect("words").to_owned())
        .collect();
    assert_eq!(arrived.len(), MESSAGES, "{arrived:?}");
    arrived.sort();
    titles.sort();
    for (text, title) in arrived.iter().zip(&titles) {
        assert!(text.contains(title), "{title}: {text}");
    }
    assert_eq!(scene.app.told("connector.moved").await, 1);
    let mut tx = scene.app.app.db.read(&scene.actor).await.expect("reads");
    let connector = connectors::reads::get(&mut tx, group)
        .await
        .expect("is there");
    tx.finish().await.expect("finishes");
    let Config::TelegramBot(config) = &connector.config else {
        panic!("another type");
    };
    assert_eq!(config.chat_id, NOW.to_string());
    assert_eq!(connector.health.failures, 0, "moving is no failure");
    scene.app.finish().await;
}
