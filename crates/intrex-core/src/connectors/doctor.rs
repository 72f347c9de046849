//! Looking whether a connector works, stage by stage. Three steps: a short transaction that counts the look and opens the
//! connector, the conversation with nothing held, and a transaction that records what came of it.

mod letter;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    commands::{found, locked, told},
    config::Config,
    health,
    model::{Connector, MAX_PROBES, PROBE_WINDOW, Status},
    opened::{self, Opened},
    queries,
};
use crate::{
    Actor, App,
    catalogue::keys,
    channels::{self, Addressee, Attempt, Letter, Outcome, Stage, StageState},
    error::{Error, Result},
    ids::ConnectorId,
    permission::Permission,
};

/// What a look at a connector came to.
#[derive(Debug)]
pub enum Examination {
    /// It was looked at.
    Done(Box<Examined>),
    /// It was looked at often enough for this minute.
    TooSoon {
        /// When it can be looked at again.
        retry_after_sec: i64,
    },
}

/// What was seen.
#[derive(Debug, Serialize, ToSchema)]
pub struct Examined {
    /// Whether it works.
    pub ok: bool,
    /// How far it came, in order.
    pub stages: Vec<Stage>,
    /// The connector, as it is now.
    pub connector: Connector,
}

/// Which look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Nobody gets a message.
    Verify,
    /// Somebody gets one that says that it is a test.
    Test,
}

/// Looks whether messages would arrive, without sending one to anybody; a webhook gets an event that says so. What waited
/// for this is active afterwards, if they would.
pub async fn verify(app: &App, actor: &Actor, id: ConnectorId) -> Result<Examination> {
    examine(app, actor, id, Look::Verify).await
}

/// Sends a marked message: by mail to whoever asks, by anything else to whom the connector leads.
pub async fn test(app: &App, actor: &Actor, id: ConnectorId) -> Result<Examination> {
    examine(app, actor, id, Look::Test).await
}

async fn examine(app: &App, actor: &Actor, id: ConnectorId, look: Look) -> Result<Examination> {
    actor.may(Permission::ConnectorsManage)?;
    let (opened, letter) = match begin(app, actor, id, look).await? {
        Begun::Ready(ready) => *ready,
        Begun::TooSoon(since) => {
            let wait = (since + PROBE_WINDOW - app.now()).num_seconds();
            return Ok(Examination::TooSoon {
                retry_after_sec: wait.max(1),
            });
        }
    };
    let (attempt, version) = converse(app, actor, opened, &letter, look).await?;
    record(app, actor, id, version, attempt, look).await
}

enum Begun {
    Ready(Box<(Opened, Letter)>),
    TooSoon(DateTime<Utc>),
}

async fn begin(app: &App, actor: &Actor, id: ConnectorId, look: Look) -> Result<Begun> {
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let connector = locked(&mut tx, id).await?;
    if look == Look::Test && connector.status == Status::Disabled {
        return Err(Error::conflict(keys::CONNECTOR_IS_DISABLED));
    }
    let now = tx.now();
    let since = now - PROBE_WINDOW;
    if let Some(since) = queries::count_probe(tx.conn(), tenant, id, now, since, MAX_PROBES).await?
    {
        return Ok(Begun::TooSoon(since));
    }
    let person = match actor.person_id() {
        Some(person) => queries::tester(tx.conn(), tenant, person).await?,
        None => None,
    };
    let organisation = queries::organisation(tx.conn(), tenant).await?;
    let (conn, _, inner) = tx.parts();
    let opened = opened::open(conn, inner, tenant, id).await?;
    tx.commit_unaudited("a look at a connector is counted; its event comes when it has ended")
        .await?;
    let to = person.or_else(|| itself(opened.config()));
    let letter = letter::compose(app, &opened, &organisation, to, look);
    Ok(Begun::Ready(Box::new((opened, letter))))
}

/// Whoever runs the installation has no address here: the sender writes to itself.
fn itself(config: &Config) -> Option<Addressee> {
    let Config::EmailSmtp(config) = config else {
        return None;
    };
    let from: lettre::message::Mailbox = config.from.parse().ok()?;
    Some(Addressee {
        name: from.name.unwrap_or_default(),
        email: from.email.to_string(),
    })
}

/// Talks to the other side, with no transaction open. A chat that has moved is followed once.
async fn converse(
    app: &App,
    actor: &Actor,
    opened: Opened,
    letter: &Letter,
    look: Look,
) -> Result<(Attempt, i32)> {
    let attempt = once(app, &opened, letter, look).await;
    let (id, version) = (opened.id, opened.version);
    let Outcome::Moved { chat_id } = &attempt.outcome else {
        return Ok((attempt, version));
    };
    let Some(version) = health::moved(app, actor, id, version, chat_id).await? else {
        return Ok((attempt, version));
    };
    let opened = opened.moved_to(chat_id);
    Ok((once(app, &opened, letter, look).await, version))
}

async fn once(app: &App, opened: &Opened, letter: &Letter, look: Look) -> Attempt {
    match look {
        Look::Verify => channels::verify(app, opened, letter).await,
        Look::Test => channels::send(app, opened, letter).await,
    }
}

async fn record(
    app: &App,
    actor: &Actor,
    id: ConnectorId,
    version: i32,
    attempt: Attempt,
    look: Look,
) -> Result<Examination> {
    let tenant = actor.tenant();
    let reason = attempt.outcome.reason();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    match reason {
        None => queries::seen_working(tx.conn(), tenant, id, version, now).await?,
        Some(word) => queries::seen_failing(tx.conn(), tenant, id, version, word, now).await?,
    };
    let connector = found(&mut tx, id).await?;
    let action = match look {
        Look::Verify => "connector.verified",
        Look::Test => "connector.tested",
    };
    let mut event = told(action, &connector);
    if let Some(word) = reason {
        let failed = |stage: &&Stage| stage.state == StageState::Failed;
        let stage = attempt.stages.iter().find(failed).map(|one| one.stage);
        event = event
            .failed()
            .with("cause", word)
            .with("stage", stage.unwrap_or_default());
    }
    let examined = Examined {
        ok: reason.is_none(),
        stages: attempt.stages,
        connector,
    };
    tx.commit_answering(vec![event], &examined).await?;
    Ok(Examination::Done(Box::new(examined)))
}
