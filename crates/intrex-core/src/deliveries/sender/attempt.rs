//! One attempt. No transaction and no connection is held while it is on its way.

use std::{sync::Arc, time::Instant};

use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    JOB, connected,
    preparation::{About, Parcel, Way},
};
use crate::{
    App,
    actor::Actor,
    channels::{Attempt, Class, Letter, Outcome, Stage},
    connectors::{Opened, health},
    outbox::Claim,
    outside::mail::{MailFault, Mailer, Message, Stage as MailStage},
};

/// How an attempt ended.
pub(super) struct Ended {
    pub(super) claim: Claim,
    pub(super) about: About,
    /// When it began.
    pub(super) at: DateTime<Utc>,
    /// The version of the connector that was used.
    pub(super) version: i32,
    /// How the other side can tell it, if it says nothing itself.
    pub(super) message_id: String,
    /// None if it was not begun in time.
    pub(super) attempt: Option<Attempt>,
    pub(super) _place: OwnedSemaphorePermit,
}

/// Sends one letter, and follows a chat that has moved, once.
pub(super) async fn attempt(app: &App, parcel: Parcel, connections: &Arc<Semaphore>) -> Ended {
    let at = app.now();
    let (attempt, version) = match &parcel.way {
        _ if !parcel.begun_in_time => (None, 0),
        Way::OwnMail => {
            let sent = match &app.mailer {
                Some(mailer) => Some(by_own_mail(mailer, &parcel.letter).await),
                None => None,
            };
            (sent, 0)
        }
        Way::By(opened) => {
            let (sent, version) = by_connector(app, opened, &parcel.letter, connections).await;
            (Some(sent), version)
        }
    };
    Ended {
        message_id: parcel.letter.message_id.to_string(),
        claim: parcel.claim,
        about: parcel.about,
        _place: parcel._place,
        at,
        version,
        attempt,
    }
}

async fn by_connector(
    app: &App,
    opened: &Opened,
    letter: &Letter,
    connections: &Arc<Semaphore>,
) -> (Attempt, i32) {
    let sent = crate::channels::send(app, opened, letter).await;
    let Outcome::Moved { chat_id } = &sent.outcome else {
        return (sent, opened.version);
    };
    let actor = Actor::worker(opened.tenant, JOB);
    let connection = connected(connections.clone()).await;
    let moved = health::moved(app, &actor, opened.id, opened.version, chat_id).await;
    drop(connection);
    match moved {
        Ok(Some(version)) => {
            let there = opened.moved_to(chat_id);
            (crate::channels::send(app, &there, letter).await, version)
        }
        // Somebody has changed it meanwhile, or another letter was followed first: it is tried again as it is then.
        Ok(None) => (sent, opened.version),
        Err(error) => {
            tracing::error!(%error, "a chat could not be followed");
            (sent, opened.version)
        }
    }
}

async fn by_own_mail(mailer: &Mailer, letter: &Letter) -> Attempt {
    let Some(to) = &letter.to else {
        return told(
            Err(MailFault {
                stage: MailStage::Compose,
                permanent: true,
                detail: "there is nobody to send it to".to_owned(),
            }),
            letter,
            Instant::now(),
        );
    };
    let message = Message {
        id: letter.message_id.clone(),
        date: letter.written_at,
        to_address: to.email.clone(),
        to_name: to.name.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        html: letter.html.clone(),
    };
    let began = Instant::now();
    told(mailer.send(&message).await, letter, began)
}

/// What the installation's own mail says, as the other channels say it.
fn told(sent: Result<(), MailFault>, letter: &Letter, began: Instant) -> Attempt {
    let took = began.elapsed();
    let (outcome, answer, stages) = match sent {
        Ok(()) => (
            Outcome::Delivered {
                receipt: Some(letter.message_id.to_string()),
            },
            String::new(),
            vec![Stage::passed(MailStage::Accept.as_str(), took, None)],
        ),
        Err(fault) => {
            let class = class(fault.stage);
            let outcome = match fault.permanent {
                true => Outcome::Never { class },
                false => Outcome::Again { after: None, class },
            };
            let stage = Stage::failed(fault.stage.as_str(), took, fault.detail.clone());
            (outcome, fault.detail, vec![stage])
        }
    };
    Attempt {
        outcome,
        code: None,
        answer,
        took,
        stages,
    }
}

fn class(stage: MailStage) -> Class {
    match stage {
        MailStage::Compose | MailStage::Accept => Class::Content,
        MailStage::Address => Class::Dns,
        MailStage::Connect => Class::Connect,
        MailStage::Encrypt => Class::Tls,
        MailStage::Greeting => Class::ServerFault,
        MailStage::Authenticate => Class::Credentials,
        MailStage::Sender => Class::Sender,
        MailStage::Recipient => Class::Recipient,
    }
}
