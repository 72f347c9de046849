//! Another authenticator app in the place of the present one. The present one counts until a code shows that the other has
//! its secret; then every other session ends, and nobody is ever shown the secret again.

mod queries;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use self::queries::NewPending;
use crate::{
    Actor, App,
    account_mail::{self, Notice},
    audit::Event,
    catalogue::keys,
    db::ReadTx,
    error::{Error, Result},
    ids::{PersonId, SessionId, TenantId},
    permission::Permission,
    recovery_codes,
    sessions::{
        self, Enrolment, SessionCookie,
        attempts::{self, Checked, waits_until},
        second_factor::{self, confirmed},
        seconds_until,
    },
    vault::{
        one_time::OneTime,
        seal::{self, Place},
    },
};

/// How long a secret waits for a code of its app.
const PENDING_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Digits of a code: what is shorter or longer is no guess.
const CODE_DIGITS: usize = 6;

/// What confirming came to. A wrong code is `Invalid` on `code`.
#[derive(Debug)]
pub enum Replaced {
    /// Codes of the other app count from now on; the session goes on with this cookie.
    Done(SessionCookie),
    /// Too many wrong codes.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// Since when the reader's present app counts.
pub async fn since(tx: &mut ReadTx) -> Result<Option<DateTime<Utc>>> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    queries::confirmed_at(tx.conn(), tenant, person).await
}

/// Makes a secret for another app, or shows again what this session has begun.
pub async fn begin(app: &App, actor: &Actor) -> Result<Enrolment> {
    let (person, session) = who(app, actor)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let factor = second_factor::lock(&mut tx, person).await?;
    let begun = find(app, tx.conn(), tenant, person, session, now).await?;
    let secret = match begun {
        Some(secret) => {
            tx.commit_unaudited("what was begun is shown again; nothing was written")
                .await?;
            secret
        }
        None => {
            let secret = OneTime::new(app.chance);
            let id = app.chance.uuid(now);
            let ring = &app.vault.keys.mfa;
            let sealed = seal::seal(ring, pending(tenant, id), secret.bytes(), app.chance);
            let new = NewPending {
                id,
                session,
                secret: &sealed,
                expires_at: now + PENDING_LIFETIME,
            };
            queries::remove(tx.conn(), tenant, person).await?;
            queries::insert(tx.conn(), tenant, person, &new, now).await?;
            tx.commit(about("mfa.replacement_begun", person)).await?;
            secret
        }
    };
    Ok(Enrolment {
        secret_base32: secret.base32(),
        otpauth_url: secret.otpauth_url(&factor.email)?,
    })
}

/// Confirms that the other app has the secret. From then on the former one counts no more: neither do recovery codes nor
/// other sessions, which somebody else may have.
pub async fn confirm(app: &App, actor: &Actor, code: &str) -> Result<Replaced> {
    let (person, session) = who(app, actor)?;
    let wrong = || Error::invalid("code", keys::MFA_WRONG);
    let code: String = code.split_whitespace().collect();
    if code.len() != CODE_DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let factor = second_factor::lock(&mut tx, person).await?;
    if let Some(until) = waits_until(&factor, now) {
        attempts::pass(tx, person, &factor, Checked::Waits(until))
            .await?
            .err();
        return Ok(Replaced::Wait {
            retry_after_sec: seconds_until(until, now),
        });
    }
    let Some(secret) = find(app, tx.conn(), tenant, person, session, now).await? else {
        return Err(Error::invalid("code", keys::MFA_REPLACEMENT_EXPIRED));
    };
    // No step of this secret was used before: the last one is the former app's.
    let Some(step) = secret.step_of(&code, now, None)? else {
        attempts::pass(tx, person, &factor, Checked::Wrong)
            .await?
            .err();
        return Err(wrong());
    };
    let ring = &app.vault.keys.mfa;
    let sealed = seal::seal(ring, confirmed(tenant, person), secret.bytes(), app.chance);
    queries::replace(tx.conn(), tenant, person, &sealed, step, now).await?;
    forget(tx.conn(), tenant, person).await?;
    sessions::end_others(tx.conn(), tenant, person, Some(session)).await?;
    // The password was not asked for: the session is as fresh as before.
    let (_, cookie) = sessions::renew(app, &mut tx, sessions::Factor::AsBefore).await?;
    account_mail::notify(app, &mut tx, person, Notice::AuthenticatorReplaced).await?;
    tx.commit(about("mfa.replaced", person)).await?;
    Ok(Replaced::Done(cookie))
}

/// Forgets what hangs on the present app: recovery codes, and another app that waits. When it is replaced or taken away.
pub(crate) async fn forget(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<()> {
    queries::remove(&mut *conn, tenant, person).await?;
    recovery_codes::remove(conn, tenant, person).await?;
    Ok(())
}

/// Lets what a session has begun follow it to its new name.
pub(super) async fn follow_session(
    conn: &mut PgConnection,
    tenant: TenantId,
    old: SessionId,
    new: SessionId,
) -> Result<()> {
    queries::follow_session(conn, tenant, old, new).await
}

/// Removes what waited for too long; how many there were.
pub(super) async fn clear(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    queries::remove_expired(conn, tenant, now, limit).await
}

/// Only a session can, and only one whose second factor is fresh.
fn who(app: &App, actor: &Actor) -> Result<(PersonId, SessionId)> {
    actor.may(Permission::SessionsOwn)?;
    actor.must_be_fresh(app.now())?;
    match (actor.person_id(), actor.session_id()) {
        (Some(person), Some(session)) => Ok((person, session)),
        _ => Err(Error::Forbidden),
    }
}

/// What this session has begun. One whose key is gone is begun anew.
async fn find(
    app: &App,
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<OneTime>> {
    let found = queries::find(conn, tenant, person, session, now).await?;
    Ok(found.and_then(|found| {
        let place = pending(tenant, found.id);
        let opened = seal::open(&app.vault.keys.mfa, place, &found.secret);
        opened.ok().map(OneTime::from_bytes)
    }))
}

fn about(action: &'static str, person: PersonId) -> Event {
    Event::new("security", action)
        .on("person", person)
        .about(person)
}

/// Where a secret is sealed until its app confirms it.
fn pending(tenant: TenantId, id: Uuid) -> Place {
    Place {
        table: "pending_factors",
        column: "secret",
        tenant,
        row: id,
    }
}
