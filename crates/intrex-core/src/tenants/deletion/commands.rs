//! Asking that an organisation be deleted, and thinking better of it. The organisation's row is locked first: of a request, a
//! cancellation and the worker at the same moment one after the other decides on what it finds.

use chrono::{DateTime, Utc};

use super::{
    model::{GRACE, Pending, RawTenantDeletion, Standing, When},
    queries,
};
use crate::{
    Actor, App,
    account_mail::{self, Letter, Notice},
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Error, Result},
    ids::TenantId,
    jobs::Kind,
    permission::Permission,
    tenants::{Tenant, queries as tenant_queries},
};

/// Asks that the actor's organisation be deleted. Every head office admin is told, in the inbox and by mail.
pub async fn request(
    app: &App,
    actor: &Actor,
    raw: &RawTenantDeletion,
    when: When,
) -> Result<Pending> {
    actor.may(Permission::TenantDelete)?;
    actor.must_be_fresh(app.now())?;
    if when == When::Now && actor.reason().is_none() {
        return Err(Error::Forbidden);
    }
    let id = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let standing = there(queries::lock(tx.conn(), id).await?)?;
    let earlier = standing.pending();
    // Who runs the installation can bring forward what waits; nobody else asks twice.
    if earlier.is_some() && when == When::AfterGrace {
        return Err(Error::conflict(keys::TENANT_DELETION_WAITS));
    }
    let reason = raw.parse(&standing.name)?;
    let pending = Pending {
        requested_at: now,
        requested_by: actor.person_id(),
        due_at: match when {
            When::AfterGrace => now + GRACE,
            When::Now => now,
        },
    };
    queries::set_pending(tx.conn(), id, Some(&pending), now).await?;
    let kind = Kind::DeleteTenant.as_str();
    queries::plan(tx.conn(), id, app.new_id(), kind, pending.due_at, now).await?;
    if when == When::AfterGrace {
        let letter = Letter::deletion_requested(pending.due_at);
        for admin in queries::admins(tx.conn(), id).await? {
            account_mail::queue(app, &mut tx, admin, &letter).await?;
        }
    }
    let event = Event::new("tenant", "tenant.deletion_requested")
        .on("tenant", id)
        .with("due_at", stamp(pending.due_at))
        .summary(standing.name)
        .personal("reason", reason);
    tx.commit_answering(vec![event], &pending).await?;
    Ok(pending)
}

/// Takes a request back whose time has not come, whoever has made it. Every head office admin is told. Where there is none, nothing
/// happens. When the worker comes round does not matter: what was asked for at once is not taken back.
pub async fn cancel(app: &App, actor: &Actor) -> Result<Tenant> {
    actor.may(Permission::TenantDelete)?;
    actor.must_be_fresh(app.now())?;
    let id = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let standing = there(queries::lock(tx.conn(), id).await?)?;
    let Some(pending) = standing.pending() else {
        return current(&mut tx, id).await;
    };
    if pending.due_at <= tx.now() {
        return Err(Error::conflict(keys::TENANT_DELETION_DUE));
    }
    let event = withdraw(&mut tx, id, &standing, &pending).await?;
    for admin in queries::admins(tx.conn(), id).await? {
        account_mail::notify(app, &mut tx, admin, Notice::DeletionCancelled).await?;
    }
    let tenant = current(&mut tx, id).await?;
    tx.commit_answering(vec![event], &tenant).await?;
    Ok(tenant)
}

async fn current(tx: &mut WriteTx, id: TenantId) -> Result<Tenant> {
    tenant_queries::current(tx.conn(), id)
        .await?
        .ok_or(Error::NotFound)
}

/// Takes a request back that somebody inside has made: in an organisation that is being suspended nobody could cancel it. What the
/// operator of the installation has asked for stays.
pub(in crate::tenants) async fn withdraw_own(tx: &mut WriteTx) -> Result<Option<Event>> {
    let id = tx.actor().tenant();
    let standing = there(queries::lock(tx.conn(), id).await?)?;
    match standing.pending() {
        Some(pending) if pending.requested_by.is_some() => {
            Ok(Some(withdraw(tx, id, &standing, &pending).await?))
        }
        _ => Ok(None),
    }
}

async fn withdraw(
    tx: &mut WriteTx,
    id: TenantId,
    standing: &Standing,
    pending: &Pending,
) -> Result<Event> {
    let now = tx.now();
    queries::set_pending(tx.conn(), id, None, now).await?;
    queries::unplan(tx.conn(), id, Kind::DeleteTenant.as_str()).await?;
    Ok(Event::new("tenant", "tenant.deletion_cancelled")
        .on("tenant", id)
        .with("due_at", stamp(pending.due_at))
        .summary(standing.name.clone()))
}

/// An organisation that has not begun to be deleted.
fn there(standing: Option<Standing>) -> Result<Standing> {
    let standing = standing.ok_or(Error::NotFound)?;
    if standing.status.is_leaving() {
        return Err(Error::conflict(keys::TENANT_DELETION_BEGUN));
    }
    Ok(standing)
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
