//! The SQL of what has just happened: the facts of items, connectors and deliveries as they are now, in the transaction that
//! has changed them.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{BranchId, ConnectorId, PersonId, TenantId},
};

/// An item.
pub(in crate::routes) struct ItemRow {
    pub(in crate::routes) id: Uuid,
    pub(in crate::routes) title: String,
    pub(in crate::routes) reference: String,
    pub(in crate::routes) severity: String,
    pub(in crate::routes) state: String,
    pub(in crate::routes) due_on: NaiveDate,
    pub(in crate::routes) owner: Option<Uuid>,
    pub(in crate::routes) deputy: Option<Uuid>,
    pub(in crate::routes) branch: BranchId,
    pub(in crate::routes) branch_name: String,
    pub(in crate::routes) time_zone: String,
}

pub(in crate::routes) async fn items(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<ItemRow>> {
    Ok(sqlx::query_as!(
        ItemRow,
        r#"select o.id, o.title, o.reference, o.severity, o.state, o.due_on, o.owner_id as owner, o.deputy_id as deputy,
                  b.id as "branch: BranchId", b.name as branch_name, b.time_zone
           from app.obligation_instances o
           join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
           where o.tenant_id = $1 and o.id = any($2)"#,
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// A connector.
pub(in crate::routes) struct ConnectorRow {
    pub(in crate::routes) id: Uuid,
    pub(in crate::routes) name: String,
    pub(in crate::routes) last_error: Option<String>,
    pub(in crate::routes) disabled_reason: Option<String>,
    pub(in crate::routes) time_zone: String,
}

pub(in crate::routes) async fn connectors(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<ConnectorRow>> {
    Ok(sqlx::query_as!(
        ConnectorRow,
        "select c.id, c.name, c.last_error, c.disabled_reason, t.time_zone
         from app.connectors c join app.tenants t on t.id = c.tenant_id
         where c.tenant_id = $1 and c.id = any($2)",
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// A delivery.
pub(in crate::routes) struct DeliveryRow {
    pub(in crate::routes) id: Uuid,
    pub(in crate::routes) title: Option<String>,
    pub(in crate::routes) event_type: String,
    pub(in crate::routes) reason: Option<String>,
    pub(in crate::routes) last_class: Option<String>,
    pub(in crate::routes) connector: Option<ConnectorId>,
    pub(in crate::routes) recipient: Option<PersonId>,
    pub(in crate::routes) branch: Option<BranchId>,
    pub(in crate::routes) branch_name: Option<String>,
    pub(in crate::routes) time_zone: String,
}

pub(in crate::routes) async fn deliveries(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<DeliveryRow>> {
    Ok(sqlx::query_as!(
        DeliveryRow,
        r#"select d.id, d.notices -> 0 -> 'entity' ->> 'title' as title, d.event_type, d.reason, d.last_class,
                  d.connector_id as "connector: ConnectorId", d.recipient_id as "recipient: PersonId",
                  d.branch_id as "branch: BranchId", b.name as "branch_name?", coalesce(b.time_zone, t.time_zone) as "time_zone!"
           from app.notification_deliveries d
           join app.tenants t on t.id = d.tenant_id
           left join app.branches b on b.tenant_id = d.tenant_id and b.id = d.branch_id
           where d.tenant_id = $1 and d.id = any($2)"#,
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// By which clock the organisation lives.
pub(in crate::routes) async fn zone(conn: &mut PgConnection, tenant: TenantId) -> Result<String> {
    Ok(sqlx::query_scalar!(
        "select time_zone from app.tenants where id = $1",
        tenant.uuid()
    )
    .fetch_one(conn)
    .await?)
}
