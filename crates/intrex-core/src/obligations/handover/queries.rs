//! The SQL of handing over.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{PersonId, TenantId},
};

/// An open item that somebody has.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: Uuid,
    pub(super) branch_id: Uuid,
    pub(super) title: String,
    pub(super) due_on: NaiveDate,
    pub(super) owner_id: Option<Uuid>,
    pub(super) deputy_id: Option<Uuid>,
}

/// The open items of which a person is owner or deputy, locked. All of them: none may stay behind.
pub(super) async fn lock_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Vec<Item>> {
    Ok(sqlx::query_as!(
        Item,
        "select id, branch_id, title, due_on, owner_id, deputy_id from app.obligation_instances
         where tenant_id = $1 and state = 'open' and (owner_id = $2 or deputy_id = $2) order by id for update",
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Puts somebody, or nobody, in a person's place.
pub(super) async fn replace(
    conn: &mut PgConnection,
    tenant: TenantId,
    from: PersonId,
    heir: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_instances
         set owner_id = case when owner_id = $2 then $3 else owner_id end,
             deputy_id = nullif(case when deputy_id = $2 then $3 else deputy_id end,
                                case when owner_id = $2 then $3 else owner_id end),
             updated_at = $4, version = version + 1
         where tenant_id = $1 and state = 'open' and (owner_id = $2 or deputy_id = $2)",
        tenant.uuid(),
        from.uuid(),
        heir.map(|id| id.uuid()),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
