//! All SQL of preferences.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    channels::EventType,
    error::Result,
    ids::{PersonId, TenantId},
};

/// What the organisation lets its people opt out of.
pub(super) async fn let_by(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<EventType>> {
    let names = sqlx::query_scalar!(
        "select opt_outs from app.tenants where id = $1",
        tenant.uuid()
    )
    .fetch_optional(conn)
    .await?;
    let names = names.unwrap_or_default();
    Ok(names
        .iter()
        .filter_map(|name| EventType::parse(name))
        .collect())
}

/// Who of these people has opted out of what.
pub(super) async fn chosen(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
) -> Result<Vec<(PersonId, EventType)>> {
    let rows = sqlx::query!(
        r#"select person_id as "person_id: PersonId", event_type from app.notification_opt_outs
           where tenant_id = $1 and person_id = any($2)"#,
        tenant.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    let known = rows
        .into_iter()
        .filter_map(|row| Some((row.person_id, EventType::parse(&row.event_type)?)));
    Ok(known.collect())
}

/// Puts these in the place of those that there were.
pub(super) async fn replace(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    chosen: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "delete from app.notification_opt_outs where tenant_id = $1 and person_id = $2 and event_type <> all($3)",
        tenant.uuid(),
        person.uuid(),
        chosen,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into app.notification_opt_outs (tenant_id, person_id, event_type, since)
         select $1, $2, name, $4 from unnest($3::text[]) as u (name) on conflict do nothing",
        tenant.uuid(),
        person.uuid(),
        chosen,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
