//! One's own preferences, and what the judge of reminders asks.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    model::{Choice, Digest, OptOuts, Preferences, can_be_let},
    queries,
};
use crate::{
    channels::EventType,
    db::ReadTx,
    digests,
    error::{Error, Result},
    ids::{PersonId, TenantId},
    permission::Permission,
};

/// The reader's own.
pub async fn own(tx: &mut ReadTx) -> Result<Preferences> {
    tx.may(Permission::PreferencesOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    of(tx.conn(), tenant, person).await
}

pub(super) async fn of(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Preferences> {
    let let_by = queries::let_by(&mut *conn, tenant).await?;
    let chosen = queries::chosen(&mut *conn, tenant, &[person.uuid()]).await?;
    let events = EventType::routed().map(|event_type| Choice {
        event_type,
        optional: let_by.contains(&event_type) && can_be_let(event_type),
        opted_out: chosen.contains(&(person, event_type)),
    });
    let wish = digests::reads::wish_of(&mut *conn, tenant, person).await?;
    let zone = digests::reads::zone_of(conn, tenant, person).await?;
    Ok(Preferences {
        events: events.collect(),
        digest: Digest::from(wish),
        digest_instead: wish.is_some_and(|wish| wish.instead),
        digest_instead_optional: let_by.contains(&EventType::ObligationDue),
        digest_time_zone: zone.name().to_owned(),
    })
}

/// Who of these people has opted out of what, as far as it counts.
pub(crate) async fn opt_outs(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
) -> Result<OptOuts> {
    let let_by = queries::let_by(conn, tenant).await?;
    let chosen = queries::chosen(conn, tenant, people).await?;
    Ok(OptOuts::of(chosen, &let_by))
}
