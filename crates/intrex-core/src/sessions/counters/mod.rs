//! Counters of failed sign-ins: by account, by account and network, and by network, and of requests by network. On a
//! device that the account is known by, all of them give way to those of that device. They belong to the platform, because an address that nobody has is counted like one that somebody has; their keys are
//! HMACs, so that nothing that was typed is stored. Each is written in a transaction of its own, whatever becomes of the
//! sign-in.

mod counted;
mod invitations;
mod queries;
mod rules;
mod telling;

use chrono::{DateTime, Utc};

pub(super) use self::rules::{Counter, Limits, after_failure};
pub(crate) use self::{
    counted::{Counted, Scope},
    invitations::admit_invitation,
    telling::{cleared, tell_cleared},
};
use self::{
    counted::{known_devices_key, rate_key},
    telling::{blocked, tell},
};
use crate::{
    Actor, App,
    actor::Request,
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::{DeviceId, PersonId, TenantId},
};

/// How many old counters one statement removes: an attack leaves many.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

/// Whether a sign-in is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is.
    Open,
    /// The account, the network or the known device waits until then.
    Locked(DateTime<Utc>),
    /// The network, or the known device, has sent too many requests; the next one counts then.
    TooFast(DateTime<Utc>),
}

/// What counting a failure came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Counted.
    Counted,
    /// Not counted: somebody else's failures have locked the account or the network in the meantime.
    Locked(DateTime<Utc>),
}

/// Counts one request of the network, or of the known device, and tells whether it may go on.
pub(crate) async fn admit(app: &App, request: &Request, of: &Counted) -> Result<Admission> {
    let mut tx = platform(app, request).await?;
    let key = of.key(Scope::Rate);
    let (until, event) = too_fast(&mut tx, app, Scope::Rate, key, of.device).await?;
    let locked = match until {
        Some(_) => None,
        None => locked_in(&mut tx, app, of).await?,
    };
    commit(tx, event).await?;
    Ok(match (until, locked) {
        (Some(until), _) => Admission::TooFast(until),
        (None, Some(until)) => Admission::Locked(until),
        (None, None) => Admission::Open,
    })
}

/// The same for a request that is about no account: until when the network has to wait, if it does.
pub(crate) async fn admit_request(app: &App, request: &Request) -> Result<Option<DateTime<Utc>>> {
    admit_by(app, request, Scope::Rate, None).await
}

/// The same where nobody has shown who they are and a device may be known: until when the network, or the device, has to wait.
/// What known devices ask is counted by their network, too, where many times as much is too much: one with many of them has not
/// as many lanes.
pub(crate) async fn admit_departure(
    app: &App,
    request: &Request,
    device: Option<DeviceId>,
) -> Result<Option<DateTime<Utc>>> {
    let until = admit_by(app, request, Scope::Rate, device).await?;
    if until.is_some() || device.is_none() {
        return Ok(until);
    }
    let mut tx = platform(app, request).await?;
    let key = known_devices_key(app, request);
    let limits = Limits::rate_of_known_devices(&app.settings);
    let (until, event) = counted_by(&mut tx, Scope::Rate, key, &limits, device).await?;
    commit(tx, event).await?;
    Ok(until)
}

/// Counts one try of a second factor, as many as sign-ins, beside them. Until when the network or the known device waits.
pub(super) async fn admit_factor(
    app: &App,
    request: &Request,
    device: Option<DeviceId>,
) -> Result<Option<DateTime<Utc>>> {
    admit_by(app, request, Scope::FactorRate, device).await
}

async fn admit_by(
    app: &App,
    request: &Request,
    scope: Scope,
    device: Option<DeviceId>,
) -> Result<Option<DateTime<Utc>>> {
    let mut tx = platform(app, request).await?;
    let key = rate_key(app, request, device);
    let (until, event) = too_fast(&mut tx, app, scope, key, device).await?;
    commit(tx, event).await?;
    Ok(until)
}

/// Counts a request of a network or a device; until when it waits, and what tells of the first that does.
async fn too_fast(
    tx: &mut WriteTx,
    app: &App,
    scope: Scope,
    key: [u8; 32],
    device: Option<DeviceId>,
) -> Result<(Option<DateTime<Utc>>, Option<Event>)> {
    counted_by(tx, scope, key, &Limits::rate(&app.settings), device).await
}

async fn counted_by(
    tx: &mut WriteTx,
    scope: Scope,
    key: [u8; 32],
    limits: &Limits,
    device: Option<DeviceId>,
) -> Result<(Option<DateTime<Utc>>, Option<Event>)> {
    let now = tx.now();
    let mut counters = queries::lock(tx.conn(), &[(scope, key)], now).await?;
    let (mut until, mut event) = (None, None);
    for rate in &mut counters {
        let (next, admitted) = rules::after_request(rate.counter.clone(), now, limits);
        rate.counter = next;
        until = admitted.wait_until;
        if admitted.first_refusal {
            event = Some(blocked(scope, limits, device));
        }
    }
    queries::save(tx.conn(), &counters, now).await?;
    Ok((until, event))
}

/// Counts one request for a link to set another password: by network, like a sign-in, and by account, so that nobody's
/// mailbox is filled. Whether sign-ins of the account are locked does not matter: who forgot the password has tried.
pub(crate) async fn admit_reset(app: &App, request: &Request, of: &Counted) -> Result<Admission> {
    let mut tx = platform(app, request).await?;
    let now = tx.now();
    let keys = [Scope::Rate, Scope::Reset].map(|scope| (scope, of.key(scope)));
    let mut counters = queries::lock(tx.conn(), &keys, now).await?;
    let (mut until, mut event) = (None, None);
    for row in &mut counters {
        let limits = match row.scope {
            Scope::Reset => Limits::resets(),
            _ => Limits::rate(&app.settings),
        };
        let (next, admitted) = rules::after_request(row.counter.clone(), now, &limits);
        row.counter = next;
        if admitted.first_refusal {
            event = Some(blocked(row.scope, &limits, of.device));
        }
        until = until.max(admitted.wait_until);
        if until.is_some() {
            // What the network may not ask is not counted against the account.
            break;
        }
    }
    queries::save(tx.conn(), &counters, now).await?;
    commit(tx, event).await?;
    Ok(until.map_or(Admission::Open, Admission::TooFast))
}

/// Until when the account or the network is locked, if it is.
pub(crate) async fn locked_until(
    app: &App,
    request: &Request,
    of: &Counted,
) -> Result<Option<DateTime<Utc>>> {
    let mut tx = platform(app, request).await?;
    let locked = locked_in(&mut tx, app, of).await?;
    tx.commit_unaudited("nothing was written").await?;
    Ok(locked)
}

/// Counts one failure, locks what has had too many, and tells of both: in the chain of the account's organisation, or in
/// the platform's if nobody has this address.
pub(crate) async fn failed(
    app: &App,
    request: &Request,
    of: &Counted,
    known: Option<(TenantId, PersonId)>,
) -> Result<Failure> {
    let mut newly_locked: Vec<(Scope, DateTime<Utc>)> = Vec::new();
    if app.settings.lockout_enabled {
        let mut tx = platform(app, request).await?;
        let now = tx.now();
        let mut counters = queries::lock(tx.conn(), &of.keys(), now).await?;
        if let Some(until) = counters
            .iter()
            .filter_map(|c| c.counter.locked_at(now))
            .max()
        {
            tx.commit_unaudited("nothing was counted while a lock holds")
                .await?;
            return Ok(Failure::Locked(until));
        }
        for row in &mut counters {
            let limits = Limits::failures(&app.settings, row.scope);
            row.counter = rules::after_failure(row.counter.clone(), now, &limits);
            newly_locked.extend(row.counter.locked_at(now).map(|until| (row.scope, until)));
        }
        queries::save(tx.conn(), &counters, now).await?;
        tx.commit_unaudited(
            "counters are nobody's affairs; their events follow, in the account's chain",
        )
        .await?;
    }
    tell(app, request, of, known, &newly_locked).await?;
    Ok(Failure::Counted)
}

/// Forgets an account's failures, in every network and on every device: when an admin unlocks it, or after a new password.
/// Tells whether one of them had become a lock; [`tell_cleared`] says so in the log.
pub(crate) async fn forget_account(
    app: &App,
    request: &Request,
    canonical_email: &str,
) -> Result<bool> {
    let of = Counted::of(app, canonical_email, request, None);
    let mut tx = platform(app, request).await?;
    let account = queries::forget_account(tx.conn(), &of.account).await?;
    let devices = queries::forget_devices(tx.conn(), &of.account).await?;
    tx.commit_unaudited("what unlocks has its own event")
        .await?;
    Ok(account || devices)
}

/// Forgets the failures of the lane in which somebody has given both factors: of the account, or of the device that it is
/// known by. A stranger's failures stay counted while the person comes and goes on their own device.
pub(super) async fn forget_lane(app: &App, request: &Request, of: &Counted) -> Result<bool> {
    let mut tx = platform(app, request).await?;
    let was_locked = match of.device {
        None => queries::forget_account(tx.conn(), &of.account).await?,
        Some(_) => queries::forget_one(tx.conn(), Scope::Device, &of.key(Scope::Device)).await?,
    };
    tx.commit_unaudited("the sign-in has its own event").await?;
    Ok(was_locked)
}

/// Forgets counters that have not been touched for so long that they count nothing any more, [`FORGOTTEN_AT_ONCE`] at
/// most; how many. They belong to no
/// tenant, so that whichever background work comes by may call it.
pub async fn forget_old_failures(app: &App) -> Result<u64> {
    let mut tx = platform(app, &Request::default()).await?;
    let now = tx.now();
    let forgotten =
        queries::forget_before(tx.conn(), now - rules::REMEMBERED_FOR, FORGOTTEN_AT_ONCE).await?;
    tx.commit_unaudited("removes counters that count nothing any more")
        .await?;
    Ok(forgotten)
}

async fn locked_in(tx: &mut WriteTx, app: &App, of: &Counted) -> Result<Option<DateTime<Utc>>> {
    if !app.settings.lockout_enabled {
        return Ok(None);
    }
    let now = tx.now();
    queries::locked_until(tx.conn(), &of.keys(), now).await
}

async fn platform(app: &App, request: &Request) -> Result<WriteTx> {
    let nobody = Actor::anonymous(TenantId::PLATFORM, request.clone());
    app.db.write(&nobody).await
}

async fn commit(tx: WriteTx, event: Option<Event>) -> Result<()> {
    match event {
        Some(event) => tx.commit(event).await,
        None => {
            tx.commit_unaudited("a request was counted, nothing else")
                .await
        }
    }
}
