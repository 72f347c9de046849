//! Mail about a person's account: the links by which they join, set another password or confirm another address, and
//! notices of what was changed. A letter is written into the outbox in the transaction of what it tells, so that neither
//! is there without the other; the worker sends it. The token of a link lies sealed until then, and nowhere afterwards.
//!
//! `model` what is told · `message` the words · `queries` all SQL · `sender` the worker's part. Whoever changes something
//! about an account calls [`notify`].

mod message;
mod model;
mod queries;
pub mod sender;

pub(crate) use model::Letter;
pub use model::{Kind, Notice};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    App,
    db::WriteTx,
    error::{Error, Result},
    ids::{PersonId, TenantId},
    vault::{
        data_keys,
        seal::{self, Place},
    },
};

/// How long a settled letter's row is kept, to show that something was sent.
const SETTLED_KEPT_FOR: TimeDelta = TimeDelta::days(90);

/// Tells somebody by mail what was done to their account. Without a mail server nothing is written: the audit log has it.
pub async fn notify(app: &App, tx: &mut WriteTx, person: PersonId, notice: Notice) -> Result<()> {
    queue(app, tx, person, &Letter::notice(notice)).await
}

/// Tells a head office admin by mail that so many security events of a code are there to look at.
pub(crate) async fn alert(
    app: &App,
    tx: &mut WriteTx,
    admin: PersonId,
    code: &str,
    count: i32,
) -> Result<()> {
    queue(app, tx, admin, &Letter::security_alert(code, count)).await
}

/// Writes a letter into the outbox. A link takes the place of an older one of its kind that was not sent yet. Nothing is
/// written for a person who is not there, at the same cost: whoever asks must not learn it.
pub(crate) async fn queue(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    letter: &Letter<'_>,
) -> Result<()> {
    if app.mailer.is_none() {
        return Ok(());
    }
    let now = tx.now();
    let id = app.chance.uuid(now);
    let (conn, actor, inner) = tx.parts();
    let tenant = actor.tenant();
    let sealed = match letter.token {
        None => None,
        Some(token) => {
            withdraw_kind(conn, tenant, person, letter.kind, now).await?;
            let key = data_keys::key_for(conn, &inner.wrapping(), tenant, None)
                .await?
                .ok_or_else(|| Error::internal("the key of an organisation was erased"))?;
            let plain = token.expose_secret().as_bytes();
            Some(seal::seal_with(
                &key.key,
                place(tenant, id),
                plain,
                app.chance,
            ))
        }
    };
    let row = queries::NewRow {
        id,
        kind: letter.kind,
        to: letter.to,
        other: letter.other,
        seen: letter.seen,
        token: sealed,
        expires_at: letter.expires_at.unwrap_or(now + model::NOTICE_LIFETIME),
    };
    queries::insert(conn, tenant, person, &row, now).await
}

async fn withdraw_kind(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<()> {
    queries::withdraw(conn, tenant, person, &[kind.as_str().to_owned()], now).await
}

/// Takes back the links to a person that were not sent yet: they count no more.
pub(crate) async fn withdraw_links(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    let links: Vec<String> = Kind::ALL
        .into_iter()
        .filter(|kind| kind.path().is_some())
        .map(|kind| kind.as_str().to_owned())
        .collect();
    queries::withdraw(conn, tenant, person, &links, now).await
}

/// Clears away what can't be sent any more and what was settled long ago; how many rows at most one statement touched.
pub(crate) async fn clear(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let expired = queries::expire(conn, tenant, now, limit).await?;
    let removed = queries::remove(conn, tenant, now - SETTLED_KEPT_FOR, limit).await?;
    Ok(expired.max(removed))
}

/// Where the token of a letter is sealed: it opens in its own row alone.
fn place(tenant: TenantId, id: Uuid) -> Place {
    Place {
        table: "account_mail",
        column: "token",
        tenant,
        row: id,
    }
}
