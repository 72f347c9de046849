//! Devices that a person has signed in with. A cookie tells one again, and is good for one thing: requests and failures that
//! come with it are counted by themselves, so that a stranger who fails on purpose, anywhere or in the same network, does not
//! lock the person out. It stands in for no factor, and a stolen one gives its thief as many tries as a stranger has.

mod queries;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::model::DeviceCookie;
use crate::{
    App,
    actor::Request,
    db::WriteTx,
    error::Result,
    ids::{DeviceId, PersonId, TenantId},
    vault::opaque::{self, Kind},
};

pub(crate) use queries::remove_expired;
pub(super) use queries::{forget_others, forget_with_session};

/// How long a device is known after its last sign-in.
const LIFETIME: TimeDelta = TimeDelta::days(180);
/// Devices of one person at most; of more, the one that was used longest ago is forgotten.
const MAX_DEVICES: i64 = 10;

/// What a whole sign-in found out about the device.
#[derive(Debug)]
pub(super) struct Remembered {
    pub id: DeviceId,
    pub cookie: DeviceCookie,
    /// Whether it was known before.
    pub known: bool,
}

/// Whether the request came with the cookie of a device that this person is known by.
pub(crate) async fn presented(
    conn: &mut PgConnection,
    request: &Request,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<Option<DeviceId>> {
    match token_hash(request, tenant) {
        Some(hash) => queries::find(conn, tenant, person, &hash, now).await,
        None => Ok(None),
    }
}

/// Whether the request came with the cookie of a device that whoever has this address is known by. Asked before the
/// password: it opens nothing but a counter of its own.
pub(crate) async fn presented_for(
    app: &App,
    request: &Request,
    canonical_email: &str,
) -> Result<Option<DeviceId>> {
    let text = request.device.as_ref();
    let Some(presented) = text.and_then(parse) else {
        return Ok(None);
    };
    let tenant = presented.tenant;
    let mut tx = app.db.authenticate(tenant, request.clone()).await?;
    let now = tx.now();
    let found =
        queries::find_by_email(tx.conn(), tenant, canonical_email, &presented.hash, now).await?;
    tx.finish().await?;
    Ok(found)
}

/// Whether the request came with the cookie of a device that somebody is known by, where nobody has said yet who they are: of this
/// organisation, or of any where what they ask leads to none.
pub(crate) async fn presented_at(
    app: &App,
    request: &Request,
    of: Option<TenantId>,
) -> Result<Option<DeviceId>> {
    let text = request.device.as_ref();
    let presented = text.and_then(parse);
    let is_theirs = |tenant: TenantId| of.is_none_or(|of| of == tenant);
    let Some(presented) = presented.filter(|presented| is_theirs(presented.tenant)) else {
        return Ok(None);
    };
    let tenant = presented.tenant;
    let mut tx = app.db.authenticate(tenant, request.clone()).await?;
    let now = tx.now();
    let found = queries::find_any(tx.conn(), tenant, &presented.hash, now).await?;
    tx.finish().await?;
    Ok(found)
}

/// Remembers the device of a whole sign-in, in its transaction and under the lock of the person's row. Its cookie is made
/// anew each time, so that an old copy is worth nothing.
pub(super) async fn remember(
    app: &App,
    tx: &mut WriteTx,
    request: &Request,
    tenant: TenantId,
    person: PersonId,
) -> Result<Remembered> {
    let now = tx.now();
    let known = presented(tx.conn(), request, tenant, person, now).await?;
    let (value, hash) = opaque::mint(Kind::Device, tenant, app.chance);
    let end = now + LIFETIME;
    let id = match known {
        Some(id) => {
            queries::renew(tx.conn(), tenant, id, &hash, now, end).await?;
            id
        }
        None => {
            queries::forget_beyond(tx.conn(), tenant, person, MAX_DEVICES - 1).await?;
            let id: DeviceId = app.new_id();
            queries::insert(tx.conn(), tenant, person, id, &hash, now, end).await?;
            id
        }
    };
    Ok(Remembered {
        id,
        cookie: DeviceCookie {
            value,
            max_age_sec: LIFETIME.num_seconds(),
        },
        known: known.is_some(),
    })
}

fn token_hash(request: &Request, tenant: TenantId) -> Option<[u8; 32]> {
    let presented = request.device.as_ref().and_then(parse)?;
    (presented.tenant == tenant).then_some(presented.hash)
}

fn parse(text: &secrecy::SecretString) -> Option<opaque::Presented> {
    use secrecy::ExposeSecret as _;
    opaque::parse(Kind::Device, text.expose_secret())
}
