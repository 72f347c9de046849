//! Wrong second factors: counted together, whatever kind they are of, and how long the factor then waits. On a device that the
//! person is known by they are counted by that device, so that whoever has stolen a password keeps nobody out.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    counters::{self, Counter, Limits},
    devices,
    model::{Provisional, Verification, seconds_until},
    queries::{self, Factor},
};
use crate::{
    App,
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::{DeviceId, PersonId},
};

/// Five wrong ones within ten minutes make the factor wait for ten minutes, twice as long each time, a day at most: what is
/// left to guess is five of a million a day.
const LIMITS: Limits = Limits {
    threshold: 5,
    window: TimeDelta::minutes(10),
    cooldown: TimeDelta::minutes(10),
};

/// What was given as a second factor turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Right, and used up now.
    Right,
    /// Not the person's, or used before.
    Wrong,
    /// It was not looked at: there have been too many wrong ones.
    Waits(DateTime<Utc>),
}

impl Checked {
    /// What a sign-in hears of what was not right.
    pub(super) fn refused(self, now: DateTime<Utc>) -> Verification {
        match self {
            Checked::Waits(until) => Verification::Wait {
                retry_after_sec: seconds_until(until, now),
            },
            Checked::Right | Checked::Wrong => Verification::Wrong,
        }
    }
}

/// The transaction, where it goes on; where it is over, what was given turned out to be.
pub(crate) type Passed = std::result::Result<WriteTx, Checked>;

/// Until when nothing is looked at, if there were too many wrong ones.
pub(crate) fn waits_until(factor: &Factor, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    factor.wrong.locked_at(now)
}

/// The lane of a request: the device that the person is known by, or none.
pub(super) async fn lane(tx: &mut WriteTx, person: PersonId) -> Result<Option<DeviceId>> {
    let (tenant, now, request) = (tx.actor().tenant(), tx.now(), tx.actor().request().clone());
    devices::presented(tx.conn(), &request, tenant, person, now).await
}

/// Goes on with what is right. What is not ends the transaction: a wrong one is counted and told, and while the factor waits
/// nothing is.
pub(crate) async fn pass(
    tx: WriteTx,
    person: PersonId,
    factor: &Factor,
    checked: Checked,
) -> Result<Passed> {
    pass_telling(tx, person, factor, checked, None).await
}

/// The same, and tells one thing more of a wrong one.
pub(super) async fn pass_telling(
    mut tx: WriteTx,
    person: PersonId,
    factor: &Factor,
    checked: Checked,
    told: Option<Event>,
) -> Result<Passed> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    match checked {
        Checked::Right => {
            let none = Counter::at(now);
            queries::set_wrong(tx.conn(), tenant, person, factor.lane, &none).await?;
            return Ok(Ok(tx));
        }
        Checked::Waits(_) => {
            tx.commit_unaudited("nothing is counted while the factor waits")
                .await?;
        }
        Checked::Wrong => {
            let wrong = counters::after_failure(factor.wrong.clone(), now, &LIMITS);
            queries::set_wrong(tx.conn(), tenant, person, factor.lane, &wrong).await?;
            let about = |action| {
                Event::new("security", action)
                    .on("person", person)
                    .about(person)
            };
            let mut events = vec![about("MFA_VERIFY_FAILED").failed()];
            events.extend(told);
            if let Some(until) = wrong.locked_at(now) {
                events.push(
                    about("AUTH_LOCKOUT_TRIGGERED")
                        .denied()
                        .with("scopes", serde_json::json!(["second_factor"]))
                        .with("known_device", factor.lane.is_some())
                        .with("locked_until", until.to_rfc3339()),
                );
            }
            tx.commit_all(events).await?;
        }
    }
    Ok(Err(checked))
}

/// Counts one try of the network, or of the device that the person is known by, and tells until when it waits if there were
/// too many.
pub(super) async fn admit(app: &App, provisional: &Provisional) -> Result<Option<Verification>> {
    let (tenant, request) = (provisional.tenant, &provisional.request);
    let mut tx = app.db.authenticate(tenant, request.clone()).await?;
    let now = tx.now();
    let device = devices::presented(tx.conn(), request, tenant, provisional.person, now).await?;
    tx.finish().await?;
    let until = counters::admit_factor(app, request, device).await?;
    Ok(until.map(|until| Checked::Waits(until).refused(app.now())))
}
