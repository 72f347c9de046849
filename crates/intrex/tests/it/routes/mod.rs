//! Routes and preferences over HTTP: who sets them up, what is refused, what is planned anew, and what is looked back at; and
//! what happens, told by them.

mod events;
mod failing;
mod hearing;
mod managing;
mod outside;
mod pages;
mod preferences;
mod preview;

use intrex_core::{
    Actor,
    branches::Branch,
    ids::{ConnectorId, RouteId},
    permission::Role,
    routes::{self, RawRoute, Route},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Member, Tenant, TestApp,
    browser::{Answer, Browser},
};

const ALL: &str = "/api/v1/notification-routes";

/// Acme with a branch, and Alice, its head office admin.
struct Scene {
    app: TestApp,
    acme: Tenant,
    gulshan: Branch,
    alice: Member,
    actor: Actor,
}

impl Scene {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        let acme = app.tenant("Acme").await;
        let gulshan = app.branch(&acme, "Gulshan").await;
        let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
        let actor = app.acting(&alice).await;
        Scene {
            app,
            acme,
            gulshan,
            alice,
            actor,
        }
    }

    async fn made(&self, body: Value) -> Route {
        routes::create(&self.app.app, &self.actor, &raw(body))
            .await
            .expect("the route is made")
    }

    async fn remove(&self, id: RouteId) {
        let removed = routes::remove(&self.app.app, &self.actor, id).await;
        removed.expect("the route is removed");
    }

    /// A connector that is disabled, to where nothing is sent.
    async fn connector(&self, tenant: &Tenant, kind: &str) -> ConnectorId {
        let id = self.app.app.chance.uuid(self.app.app.now());
        let config = match kind {
            "webhook" => json!({ "url": "https://10.0.0.1/x", "headers": {} }),
            "telegram_bot" => json!({ "chat_id": "1", "base_url": "https://10.0.0.1" }),
            "whatsapp_business" => json!({
                "phone_number_id": "1", "to": "8801712345678", "template": "due", "locale": "en", "variables": [],
                "business_account_id": null, "base_url": "https://10.0.0.1",
            }),
            _ => json!({
                "host": "10.0.0.1", "port": 587, "tls": "starttls", "username": null, "from": "a@b.example", "ca": null,
            }),
        };
        sqlx::query(
            "insert into app.connectors
               (tenant_id, id, type, name, status, disabled_reason, config, created_at, updated_at)
             values ($1, $2, $3, $3, 'disabled', 'by_hand', $4, $5, $5)",
        )
        .bind(tenant.id.uuid())
        .bind(id)
        .bind(kind)
        .bind(config)
        .bind(self.app.app.now())
        .execute(&mut self.app.superuser().await)
        .await
        .expect("the connector is written");
        id.into()
    }

    /// How many items wait to be planned.
    async fn to_plan(&self) -> i64 {
        self.app
            .count("select count(*) from app.obligation_instances where planned_through < due_on")
            .await
    }

    /// As if the planner had just been there.
    async fn planned(&self) {
        sqlx::query("update app.obligation_instances set planned_through = due_on")
            .execute(&mut self.app.superuser().await)
            .await
            .expect("items are planned");
    }
}

fn raw(body: Value) -> RawRoute {
    serde_json::from_value(body).expect("fields of a route")
}

/// A route that is for everything late, by the installation's mail.
fn usual(name: &str) -> Value {
    json!({ "name": name, "event_types": ["obligation.overdue"], "recipient": "responsible" })
}

/// A script of a page.
async fn script(browser: &Browser, method: Method, path: &str, body: Value) -> Answer {
    let token = browser.visit("/settings").await.csrf();
    let request = browser
        .own_page_sends(method, path)
        .header("x-csrf-token", token);
    browser.send(request.json(&body)).await
}
