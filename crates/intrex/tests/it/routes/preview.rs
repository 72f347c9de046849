//! What a route would have been for in the last thirty days.

use intrex_core::obligations::{self, input::RawReason};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ALL, Scene, script};

impl Scene {
    /// A reminder of an item in the ledger, as the worker would have left it.
    async fn told(&self, item: uuid::Uuid, threshold: &str, state: &str, days_ago: i32) {
        let id = self.app.app.chance.uuid(self.app.app.now());
        sqlx::query(
            "insert into app.reminder_slots (tenant_id, id, branch_id, obligation_id, threshold, falls_on, route_id, connector_id,
                                             recipient_id, fingerprint, planned_at, state, reason, next_attempt_at, settled_at, created_at)
             select tenant_id, $1, branch_id, id, $3, due_on, $1, $1, $5, sha256($1::text::bytea), $6, $4,
                    case $4 when 'suppressed' then 'completed' end, $6, $6, $6
             from app.obligation_instances where id = $2",
        )
        .bind(id)
        .bind(item)
        .bind(threshold)
        .bind(state)
        .bind(self.alice.id.uuid())
        .bind(self.app.app.now() - chrono::TimeDelta::days(days_ago.into()))
        .execute(&mut self.app.superuser().await)
        .await
        .expect("the slot is written");
    }
}

#[tokio::test]
async fn a_preview_counts_what_was_told_and_what_the_log_has_and_writes_nothing() {
    let scene = Scene::begin().await;
    let uttara = scene.app.branch(&scene.acme, "Uttara").await;
    let here = scene
        .app
        .obligation(&scene.acme, &scene.gulshan, "Fire licence", "2026-12-20")
        .await;
    let there = scene
        .app
        .obligation(&scene.acme, &uttara, "Drug licence", "2026-12-20")
        .await;
    let item = here.id.uuid();
    scene.told(item, "before_7", "sent", 3).await;
    // To a second one the same reminder, and it is one event.
    scene.told(item, "before_7", "failed", 2).await;
    scene.told(item, "overdue", "sent", 1).await;
    scene.told(item, "before_1", "suppressed", 1).await;
    scene.told(item, "before_30", "sent", 31).await;
    scene.told(there.id.uuid(), "overdue", "sent", 1).await;
    let raw = RawReason {
        reason: "It was sold.".into(),
    };
    let waived = obligations::commands::waive(&scene.app.app, &scene.actor, there.id, &raw, None);
    waived.await.expect("is waived");
    let events = scene
        .app
        .count("select count(*) from app.audit_events")
        .await;
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let path = format!("{ALL}/preview");
    let seen = async |change: Value| {
        let mut body = json!({ "name": "x", "recipient": "head_office", "event_types": [
            "obligation.due", "obligation.overdue", "obligation.waived", "digest"] });
        for (field, value) in change.as_object().expect("fields") {
            body[field] = value.clone();
        }
        let answer = script(&browser, Method::POST, &path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let all = seen(json!({})).await;
    assert_eq!(
        (&all["days"], &all["total"]),
        (&json!(30), &json!(4)),
        "{all}"
    );
    assert_eq!(all["not_known"], json!(["digest"]));
    let first = &all["first"][0];
    assert_eq!(first["event_type"], "obligation.waived");
    assert_eq!(first["branch_id"], json!(uttara.id));
    assert_eq!(all["first"].as_array().map(Vec::len), Some(4));
    let of = |change| async { seen(change).await["total"].clone() };
    assert_eq!(of(json!({ "branch_id": scene.gulshan.id })).await, 2);
    assert_eq!(
        of(json!({ "event_types": ["obligation.overdue"] })).await,
        2
    );
    let told = "select count(*) from app.security_events where severity <> 'low'";
    let told = scene.app.count(told).await;
    let security = json!({ "event_types": ["security.event"] });
    assert_eq!(of(security.clone()).await, told);
    let mut of_branch = security;
    of_branch["branch_id"] = json!(scene.gulshan.id);
    assert_eq!(of(of_branch).await, 0, "they belong to none");
    assert_eq!(of(json!({ "min_severity": "critical" })).await, 0);
    let wrong = script(&browser, Method::POST, &path, json!({})).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        scene
            .app
            .count("select count(*) from app.notification_routes")
            .await,
        0
    );
    let after = scene
        .app
        .count("select count(*) from app.audit_events where action like 'route%'")
        .await;
    assert!(after == 0 && events > 0, "nothing is written");
    scene.app.finish().await;
}
