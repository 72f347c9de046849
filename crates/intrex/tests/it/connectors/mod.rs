//! Connectors over the real routes, with servers at the other end that answer as the real ones do, and fail as they do: how
//! they are set up, what is sent, what is seen when somebody looks, and that no secret is anywhere but on its way.

mod faults;
mod looking;
mod mail;
mod managing;
mod messengers;
mod receivers;
mod secrets;
pub(crate) mod webhook;

use intrex_core::{
    Actor,
    connectors::{self, Connector, Examination, Examined, Made, RawConnector},
    ids::ConnectorId,
    outside::http::{Outgoing, OutgoingSettings},
    permission::Role,
};
use serde_json::{Value, json};

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
        let mut app = TestApp::start().await;
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

    async fn made(&self, body: Value) -> Made {
        connectors::create(&self.app.app, &self.actor, &raw(body))
            .await
            .expect("the connector is made")
    }

    /// A webhook to this sink, with the secret that was made for it.
    async fn webhook(&self, sink: &Sink) -> Made {
        let url = format!("{}/hook?x=1", sink.url());
        self.made(json!({ "type": "webhook", "name": "Ops", "config": { "url": url } }))
            .await
    }

    async fn verified(&self, id: ConnectorId) -> Examined {
        done(connectors::verify(&self.app.app, &self.actor, id).await)
    }

    async fn tested(&self, id: ConnectorId) -> Examined {
        done(connectors::test(&self.app.app, &self.actor, id).await)
    }

    async fn now(&self, id: ConnectorId) -> Connector {
        let mut tx = self.app.app.db.read(&self.actor).await.expect("reads");
        let connector = connectors::reads::get(&mut tx, id).await;
        tx.finish().await.expect("finishes");
        connector.expect("is there")
    }
}

fn raw(body: Value) -> RawConnector {
    serde_json::from_value(body).expect("fields of a connector")
}

fn done(examination: intrex_core::Result<Examination>) -> Examined {
    match examination.expect("it is looked at") {
        Examination::Done(seen) => *seen,
        Examination::TooSoon { retry_after_sec } => panic!("too soon: {retry_after_sec}"),
    }
}

/// The stages as words: `address ok, connect failed, answer skipped`.
fn told(seen: &Examined) -> String {
    let stages = seen.stages.iter().map(|stage| {
        let state = serde_json::to_value(stage.state).expect("a word");
        format!("{} {}", stage.stage, state.as_str().expect("a word"))
    });
    stages.collect::<Vec<_>>().join(", ")
}

/// Why it ended.
fn why(seen: &Examined) -> &str {
    let failed = seen
        .stages
        .iter()
        .rev()
        .find(|stage| stage.state == intrex_core::channels::StageState::Failed);
    failed
        .and_then(|stage| stage.detail.as_deref())
        .unwrap_or_default()
}
