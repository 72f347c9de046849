//! Deliveries over real sockets: what is sent, what is tried again and when, what is given up, and that nothing is lost and
//! nothing is told twice whatever breaks.

mod answers;
mod breaker;
mod clocks;
mod coming_back;
mod faults;
mod leaving;
mod moving;
mod replaying;
mod turns;

use intrex_core::{
    Actor, App,
    channels::{EventType, NOTICE_VERSION, Notice, NoticeBranch, NoticeEntity, Timing},
    connectors::{self, RawConnector},
    deliveries::{self, Delivery, Staged, State},
    ids::{ConnectorId, DeliveryId},
    obligations::model::Severity,
    outside::http::{Outgoing, OutgoingSettings},
    permission::Role,
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::{Member, Tenant, TestApp, sink::Sink};

/// Acme, whose network is 127.0.0.0/8, and Alice, its head office admin.
struct Scene {
    app: TestApp,
    acme: Tenant,
    alice: Member,
    actor: Actor,
}

impl Scene {
    async fn begin() -> Self {
        Self::begin_in(TestApp::start().await).await
    }

    async fn begin_in(mut app: TestApp) -> Self {
        app.app.outgoing = Outgoing::new(OutgoingSettings {
            private_nets: vec!["127.0.0.0/8".parse().expect("a network")],
            ..OutgoingSettings::default()
        });
        let acme = app.tenant("Acme").await;
        let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
        let actor = app.acting(&alice).await;
        Scene {
            app,
            acme,
            alice,
            actor,
        }
    }

    /// A webhook of Acme's to a sink that somebody has seen to work, and its signing secret.
    async fn hook(&self, sink: &Sink, name: &str) -> (ConnectorId, String) {
        hook(&self.app, &self.actor, sink, name).await
    }

    async fn staged(&self, connector: ConnectorId, name: &str) -> DeliveryId {
        stage(&self.app.app, &self.actor, connector, name)
            .await
            .expect("it is new")
    }

    async fn send(&self) {
        deliveries::sender::send_due(&self.app.app)
            .await
            .expect("sends");
    }

    async fn now(&self, id: DeliveryId) -> Delivery {
        let mut tx = self.app.app.db.read(&self.actor).await.expect("reads");
        let delivery = deliveries::reads::get(&mut tx, id).await;
        tx.finish().await.expect("finishes");
        delivery.expect("is there")
    }

    async fn state(&self, id: DeliveryId) -> State {
        self.now(id).await.summary.state
    }

    /// A minute later, and whatever is due then.
    async fn later(&self, seconds: i64) {
        self.app
            .app
            .clock
            .advance(chrono::TimeDelta::seconds(seconds));
        self.send().await;
    }
}

async fn hook(app: &TestApp, actor: &Actor, sink: &Sink, name: &str) -> (ConnectorId, String) {
    let body = json!({ "type": "webhook", "name": name, "config": { "url": sink.url() } });
    let raw: RawConnector = serde_json::from_value(body).expect("fields");
    let made = connectors::create(&app.app, actor, &raw)
        .await
        .expect("is made");
    let id = made.connector.id;
    sqlx::query("update app.connectors set status = 'active' where id = $1")
        .bind(id.uuid())
        .execute(&mut app.superuser().await)
        .await
        .expect("works");
    let secret = made.signing_secret.expect("made here");
    (id, secret.expose_secret().to_owned())
}

/// Stages a message of this name, as a command would that causes it.
pub(crate) async fn stage(
    app: &App,
    actor: &Actor,
    connector: ConnectorId,
    name: &str,
) -> Option<DeliveryId> {
    let mut tx = app.db.write(actor).await.expect("begins");
    let id = app.chance.uuid(app.now());
    let notice = Notice {
        id,
        kind: EventType::ObligationCompleted,
        version: NOTICE_VERSION,
        tenant_id: actor.tenant(),
        occurred_at: app.now(),
        severity: Some("high".to_owned()),
        branch: Some(NoticeBranch {
            id,
            name: "Gulshan".to_owned(),
        }),
        entity: NoticeEntity {
            kind: "obligation".to_owned(),
            id,
            more: [("title".to_owned(), json!(name))].into_iter().collect(),
        },
        timing: Timing::default(),
        url: None,
    };
    let staged = Staged {
        route: None,
        connector: Some(connector),
        recipient: None,
        branch: None,
        event_type: notice.kind,
        severity: Some(Severity::High),
        notices: vec![notice],
        not_before: app.now(),
        fingerprint: Sha256::digest(name).into(),
        slots: Vec::new(),
    };
    let staged = deliveries::stage(&mut tx, staged).await.expect("is staged");
    tx.commit_unaudited("a test").await.expect("is kept");
    staged
}

/// The `webhook-id` of everything that arrived.
fn ids(sink: &Sink) -> Vec<String> {
    let received = sink.received();
    received
        .iter()
        .map(|sent| sent.header("webhook-id").to_owned())
        .collect()
}
