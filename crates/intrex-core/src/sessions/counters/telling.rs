//! What the log hears of counters: a failure, a lock and its end, a network that asks too often.

use chrono::{DateTime, Utc};

use super::{
    counted::{Counted, Scope},
    platform,
    rules::Limits,
};
use crate::{
    Actor, App,
    actor::Request,
    audit::Event,
    error::Result,
    ids::{DeviceId, PersonId, TenantId},
    security_events,
};

pub(super) fn blocked(scope: Scope, limits: &Limits, device: Option<DeviceId>) -> Event {
    Event::new("security", "LOGIN_RATE_LIMIT_BLOCK")
        .denied()
        .with("scope", scope.as_str())
        .with("known_device", device.is_some())
        .with("limit", limits.threshold)
        .with("window_sec", limits.window.num_seconds())
}

/// Tells that a lock is over before its time, or is forgotten: `by` is `sign_in`, `unlock`, or what else cleared it.
pub(crate) async fn tell_cleared(
    app: &App,
    actor: &Actor,
    person: PersonId,
    by: &'static str,
) -> Result<()> {
    app.db.write(actor).await?.commit(cleared(person, by)).await
}

/// Tells the same, where it is part of something else.
pub(crate) fn cleared(person: PersonId, by: &'static str) -> Event {
    Event::new("security", "AUTH_LOCKOUT_CLEARED")
        .on("person", person)
        .about(person)
        .with("by", by)
}

/// Tells of a failure, and of what it has locked.
pub(super) async fn tell(
    app: &App,
    request: &Request,
    of: &Counted,
    known: Option<(TenantId, PersonId)>,
    newly_locked: &[(Scope, DateTime<Utc>)],
) -> Result<()> {
    let about = |event: Event| match known {
        Some((_, person)) => event.on("person", person).about(person),
        None => event.with("account", of.account_tag()),
    };
    let lockout = |scopes: &[&(Scope, DateTime<Utc>)]| {
        let names: Vec<&str> = scopes.iter().map(|(scope, _)| scope.as_str()).collect();
        let until = scopes.iter().map(|(_, until)| *until).max();
        until.map(|until| {
            Event::new("security", "AUTH_LOCKOUT_TRIGGERED")
                .denied()
                .with("scopes", serde_json::json!(names))
                .with("locked_until", until.to_rfc3339())
        })
    };
    let (network, account): (Vec<_>, Vec<_>) = newly_locked
        .iter()
        .partition(|(scope, _)| *scope == Scope::Network);
    let mut events = vec![about(Event::new("security", "LOGIN_FAILURE").failed())];
    events.extend(lockout(&account).map(about));
    let tenant = known.map_or(TenantId::PLATFORM, |(tenant, _)| tenant);
    let nobody = Actor::anonymous(tenant, request.clone());
    app.db.write(&nobody).await?.commit_all(events).await?;
    // The installation's own count of what is failed everywhere: for every failure, whoever has the account.
    let platform_wide = Actor::anonymous(TenantId::PLATFORM, request.clone());
    security_events::note_on_platform(app, &platform_wide, &of.account_tag()).await?;
    // A network is nobody's: what locks it is told on the platform.
    if let Some(event) = lockout(&network) {
        platform(app, request).await?.commit(event).await?;
    }
    Ok(())
}
