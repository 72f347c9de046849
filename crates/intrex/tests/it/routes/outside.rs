//! What the tests of followed routes begin with: a mail server, a network in which webhooks may be, and somebody who does what is
//! told.

use intrex_core::{
    Actor,
    branches::Branch,
    connectors::{self, RawConnector},
    deliveries,
    ids::{ConnectorId, ObligationId},
    obligations::{
        commands,
        input::{RawCompletion, RawReason, RawReschedule},
    },
    outside::http::{Outgoing, OutgoingSettings},
    permission::Role,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::Scene;
use crate::support::{MailServer, sink::Sink};

/// What can happen to an item.
pub(super) const OF_ITEMS: [&str; 4] = [
    "obligation.completed",
    "obligation.reopened",
    "obligation.rescheduled",
    "obligation.waived",
];

/// A mail server of the installation's, and a network in which webhooks may be.
pub(super) struct Outside {
    pub(super) scene: Scene,
    pub(super) mail: MailServer,
    /// An admin who does what is done.
    pub(super) erin: Actor,
}

impl Outside {
    pub(super) async fn begin() -> Self {
        let mut scene = Scene::begin().await;
        let mail = MailServer::start().await;
        scene.app.app.mailer = Some(mail.mailer());
        scene.app.app.outgoing = Outgoing::new(OutgoingSettings {
            private_nets: vec!["127.0.0.0/8".parse().expect("a network")],
            ..OutgoingSettings::default()
        });
        let erin = scene
            .app
            .member(&scene.acme, "Erin", Role::HeadOfficeAdmin, &[])
            .await;
        let erin = scene.app.acting(&erin).await;
        Outside { scene, mail, erin }
    }

    /// A webhook that somebody has seen to work, and its signing secret.
    pub(super) async fn hook(&self, sink: &Sink, name: &str) -> (ConnectorId, String) {
        let body = json!({ "type": "webhook", "name": name, "config": { "url": sink.url() } });
        let raw: RawConnector = serde_json::from_value(body).expect("fields");
        let operator = &self.scene.acme.operator;
        let made = connectors::create(&self.scene.app.app, operator, &raw).await;
        let made = made.expect("is made");
        sqlx::query("update app.connectors set status = 'active' where id = $1")
            .bind(made.connector.id.uuid())
            .execute(&mut self.scene.app.superuser().await)
            .await
            .expect("works");
        let secret = made.signing_secret.expect("made here");
        (made.connector.id, secret.expose_secret().to_owned())
    }

    /// A route of these events to a webhook.
    pub(super) async fn to_hook(&self, name: &str, hook: ConnectorId, events: &[&str]) {
        self.route(json!({ "name": name, "event_types": events, "connector_id": hook, "recipient": "endpoint" }))
            .await;
    }

    pub(super) async fn route(&self, body: Value) {
        self.scene.made(body).await;
    }

    pub(super) async fn send(&self) {
        deliveries::sender::send_due(&self.scene.app.app)
            .await
            .expect("sends");
    }

    pub(super) async fn item(&self, branch: &Branch, title: &str) -> ObligationId {
        let acme = &self.scene.acme;
        let app = &self.scene.app;
        app.obligation(acme, branch, title, "2026-12-20").await.id
    }

    pub(super) async fn complete(&self, actor: &Actor, item: ObligationId) {
        let raw = RawCompletion::default();
        commands::complete(&self.scene.app.app, actor, item, &raw, None)
            .await
            .expect("is completed");
    }

    /// The subjects of what was mailed, with to whom.
    pub(super) fn mails(&self) -> Vec<(String, String)> {
        let mut mails: Vec<_> = self
            .mail
            .received()
            .iter()
            .map(|mail| (mail.header("To"), mail.subject()))
            .collect();
        mails.sort();
        mails
    }

    pub(super) async fn staged(&self) -> i64 {
        self.scene
            .app
            .count("select count(*) from app.notification_deliveries")
            .await
    }

    /// Everything that can happen to an item.
    pub(super) async fn everything(&self, item: ObligationId) {
        let (app, actor) = (&self.scene.app.app, &self.erin);
        let why = || RawReason {
            reason: "It had to be.".into(),
        };
        let later = RawReschedule {
            due_on: "2026-12-27".into(),
            reason: "They asked for it.".into(),
        };
        self.complete(actor, item).await;
        let reopened = commands::reopen(app, actor, item, &why(), None).await;
        reopened.expect("is open again");
        let moved = commands::reschedule(app, actor, item, &later, None).await;
        moved.expect("is moved");
        let waived = commands::waive(app, actor, item, &why(), None).await;
        waived.expect("is waived");
    }
}
