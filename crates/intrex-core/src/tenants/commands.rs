//! What the operator of the installation does to organisations, and a head office admin to their own.

use super::{
    deletion,
    input::{RawTenant, RawTenantUpdate},
    model::{AdminFactor, Tenant, TenantStatus},
    queries,
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::keys,
    error::{Conflict, Error, Result},
    ids::TenantId,
    passkeys,
    permission::Permission,
    recovery_codes,
};

/// The background work that every organisation has for as long as it exists.
const RECURRING_JOBS: [&str; 5] = [
    "reminders.plan",
    "digests.send",
    "housekeeping",
    "access.upkeep",
    "oidc.upkeep",
];

/// Makes an organisation. The reason stands in its audit log, whose first event this is.
pub async fn create(app: &App, reason: &str, raw: &RawTenant) -> Result<Tenant> {
    let id: TenantId = app.new_id();
    let actor = Actor::operator(id, reason)?;
    actor.may(Permission::TenantWrite)?;
    let new = raw.parse()?;
    let mut tx = app.db.write(&actor).await?;
    let now = tx.now();
    queries::insert(tx.conn(), id, &new, now).await?;
    for kind in RECURRING_JOBS {
        queries::insert_recurring_job(tx.conn(), id, app.new_id(), kind, now).await?;
    }
    let tenant = queries::current(tx.conn(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let event = Event::new("tenant", "tenant.created")
        .on("tenant", id)
        .with("time_zone", tenant.time_zone.clone())
        .summary(tenant.name.clone());
    tx.commit(event).await?;
    Ok(tenant)
}

/// Locks everybody of the actor's organisation out, at once; nothing is deleted, and if the organisation itself has asked to be, that
/// does not count any more.
pub async fn suspend(app: &App, actor: &Actor) -> Result<Tenant> {
    change(app, actor, Direction::Suspend).await
}

/// Lets everybody in again.
pub async fn resume(app: &App, actor: &Actor) -> Result<Tenant> {
    change(app, actor, Direction::Resume).await
}

/// Changes an organisation's name, zone, usual lead days, session limits, what admins sign in with, who may hold recovery codes
/// and how access is looked after. Shorter limits hold for the sessions that there are, from their next request on; codes of
/// roles that may hold none are removed. `seen` is the version that the caller has looked at, if they say.
pub async fn update(
    app: &App,
    actor: &Actor,
    raw: &RawTenantUpdate,
    seen: Option<i32>,
) -> Result<Tenant> {
    actor.may(Permission::TenantSettings)?;
    actor.must_be_fresh(app.now())?;
    let id = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    there(queries::status_for_update(tx.conn(), id).await?)?;
    let before = queries::current(tx.conn(), id)
        .await?
        .ok_or(Error::NotFound)?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let after = raw.parse(&before)?;
    if after.admin_second_factor == AdminFactor::Passkey
        && before.admin_second_factor != AdminFactor::Passkey
    {
        passkeys::may_be_required(app, &mut tx).await?;
    }
    let now = tx.now();
    queries::update(tx.conn(), id, &after, now).await?;
    let removed = recovery_codes::remove_where_not_allowed(tx.conn(), id).await?;
    let tenant = queries::current(tx.conn(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let days = |days: &[i16]| {
        let days: Vec<String> = days.iter().map(ToString::to_string).collect();
        days.join(", ")
    };
    let mut event = Event::new("tenant", "tenant.updated")
        .on("tenant", id)
        .summary(tenant.name.clone());
    for (field, before, after) in [
        ("name", before.name, after.name),
        ("time_zone", before.time_zone, after.time_zone),
        ("lead_days", days(&before.lead_days), days(&after.lead_days)),
        (
            "session_absolute_hours",
            before.session_absolute_hours.to_string(),
            after.session_absolute_hours.to_string(),
        ),
        (
            "session_idle_minutes",
            before.session_idle_minutes.to_string(),
            after.session_idle_minutes.to_string(),
        ),
        (
            "recovery_code_roles",
            before.recovery_code_roles.join(", "),
            after.recovery_code_roles.join(", "),
        ),
        (
            "dormant_after_days",
            before.dormant_after_days.to_string(),
            after.dormant_after_days.to_string(),
        ),
        (
            "suspend_dormant",
            before.suspend_dormant.to_string(),
            after.suspend_dormant.to_string(),
        ),
        (
            "access_review_months",
            before.access_review_months.to_string(),
            after.access_review_months.to_string(),
        ),
        (
            "admin_second_factor",
            before.admin_second_factor.as_str().to_owned(),
            after.admin_second_factor.as_str().to_owned(),
        ),
        (
            "opt_outs",
            before.opt_outs.join(", "),
            after.opt_outs.join(", "),
        ),
        (
            "acknowledged_again_days",
            before.acknowledged_again_days.to_string(),
            after.acknowledged_again_days.to_string(),
        ),
        (
            "messages_an_hour",
            before.messages_an_hour.to_string(),
            after.messages_an_hour.to_string(),
        ),
    ] {
        if before != after {
            event = event.changed(field, before, after);
        }
    }
    if removed > 0 {
        event = event.with("recovery_codes_removed", removed);
    }
    tx.commit_answering(vec![event], &tenant).await?;
    Ok(tenant)
}

async fn change(app: &App, actor: &Actor, to: Direction) -> Result<Tenant> {
    actor.may(Permission::TenantWrite)?;
    let id = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let status = there(queries::status_for_update(tx.conn(), id).await?)?;
    if status == to.status() {
        return Err(Error::conflict(match to {
            Direction::Suspend => keys::TENANT_ALREADY_SUSPENDED,
            Direction::Resume => keys::TENANT_NOT_SUSPENDED,
        }));
    }
    let now = tx.now();
    queries::set_status(tx.conn(), id, to.status(), now).await?;
    let mut events = Vec::new();
    if to == Direction::Suspend {
        // Nobody inside could cancel it any more.
        events.extend(deletion::withdraw_own(&mut tx).await?);
    }
    let tenant = queries::current(tx.conn(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let action = match to {
        Direction::Suspend => "tenant.suspended",
        Direction::Resume => "tenant.resumed",
    };
    let event = Event::new("tenant", action)
        .on("tenant", id)
        .summary(tenant.name.clone());
    events.insert(0, event);
    tx.commit_all(events).await?;
    Ok(tenant)
}

/// Which way an organisation is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Suspend,
    Resume,
}

impl Direction {
    fn status(self) -> TenantStatus {
        match self {
            Direction::Suspend => TenantStatus::Suspended,
            Direction::Resume => TenantStatus::Active,
        }
    }
}

/// The status of an organisation that is there. One that is being deleted, or was, is not.
fn there(status: Option<TenantStatus>) -> Result<TenantStatus> {
    status
        .filter(|status| !status.is_leaving())
        .ok_or(Error::NotFound)
}
