//! The SQL of what is shown of deliveries. Rows of other branches are not there.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::model::{
    Delivery, DeliveryAttempt, DeliveryFilter, DeliverySummary, State, WaitsFor,
};
use crate::{
    connectors::{ConnectorType, Status},
    error::{Error, Result},
    ids::{BranchId, ConnectorId, DeliveryId, PersonId, RouteId, TenantId},
};

/// Attempts that are shown of one delivery.
const MAX_ATTEMPTS: i64 = 200;

/// A page of deliveries, the latest first.
pub(in crate::deliveries) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &DeliveryFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<DeliverySummary>> {
    let (after_at, after_id) = after.unzip();
    read(conn, tenant, None, filter, after_at, after_id, limit).await
}

async fn read(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<DeliveryId>,
    filter: &DeliveryFilter,
    after_at: Option<DateTime<Utc>>,
    after_id: Option<Uuid>,
    limit: i64,
) -> Result<Vec<DeliverySummary>> {
    let rows = sqlx::query!(
        r#"select d.id as "id: DeliveryId", d.event_type, d.severity, d.notices -> 0 -> 'entity' ->> 'title' as title,
                  jsonb_array_length(d.notices) as "notices!", d.route_id as "route: RouteId",
                  d.connector_id as "connector: ConnectorId", c.name as "connector_name?", c.type as "connector_type?",
                  d.recipient_id as "recipient: PersonId", p.name as "recipient_name?", d.branch_id as "branch: BranchId",
                  d.state, d.reason, d.attempts, d.next_attempt_at, d.last_class, d.last_code, d.created_at, d.settled_at,
                  c.status as "connector_status?", c.parked_until
           from app.notification_deliveries d
           left join app.connectors c on c.tenant_id = d.tenant_id and c.id = d.connector_id
           left join app.people p on p.tenant_id = d.tenant_id and p.id = d.recipient_id
           where d.tenant_id = $1 and ($2::uuid is null or d.id = $2) and ($3::text is null or d.state = $3)
             and ($4::uuid is null or d.connector_id = $4) and ($5::uuid is null or d.route_id = $5)
             and ($6::timestamptz is null or d.created_at >= $6) and ($7::timestamptz is null or d.created_at < $7)
             and ($8::timestamptz is null or (d.created_at, d.id) < ($8, $9))
           order by d.created_at desc, d.id desc limit $10"#,
        tenant.uuid(),
        only.map(DeliveryId::uuid),
        filter.state.map(State::as_str),
        filter.connector.map(ConnectorId::uuid),
        filter.route.map(RouteId::uuid),
        filter.from,
        filter.to,
        after_at,
        after_id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let shown = rows.into_iter().map(|row| {
        let state = State::parse(&row.state)
            .ok_or_else(|| Error::internal("a delivery in a state that is not known"))?;
        let kind = row.connector_type;
        Ok(DeliverySummary {
            id: row.id,
            event_type: row.event_type,
            severity: row.severity,
            title: row.title,
            notices: row.notices,
            route_id: row.route,
            connector_id: row.connector,
            connector_name: row.connector_name,
            connector_type: kind.unwrap_or_else(|| ConnectorType::EmailSmtp.as_str().to_owned()),
            recipient_id: row.recipient,
            recipient_name: row.recipient_name,
            branch_id: row.branch,
            reason: row.reason,
            waits_for: match (
                state,
                row.connector_status.as_deref().and_then(Status::parse),
            ) {
                (State::Waiting, Some(Status::PendingVerification)) => Some(WaitsFor::Verification),
                (State::Waiting, _) if row.parked_until > Some(row.next_attempt_at) => {
                    Some(WaitsFor::Connector)
                }
                _ => None,
            },
            attempts: row.attempts,
            next_attempt_at: row.settled_at.is_none().then_some(row.next_attempt_at),
            last_class: row.last_class,
            last_code: row.last_code,
            created_at: row.created_at,
            settled_at: row.settled_at,
            state,
        })
    });
    shown.collect()
}

/// Whether what servers have answered is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::deliveries) enum Answers {
    Shown,
    Hidden,
}

/// One delivery with its attempts.
pub(in crate::deliveries) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: DeliveryId,
    answers: Answers,
) -> Result<Option<Delivery>> {
    let everything = DeliveryFilter::default();
    let found = read(&mut *conn, tenant, Some(id), &everything, None, None, 1).await?;
    let Some(summary) = found.into_iter().next() else {
        return Ok(None);
    };
    let more = sqlx::query!(
        "select receipt, notices from app.notification_deliveries where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let tries = sqlx::query_as!(
        DeliveryAttempt,
        r#"select n, at, took_ms, code, class, case when $3 then answer end as answer,
                  case when $3 then stages else '[]'::jsonb end as "stages!"
           from app.delivery_attempts where tenant_id = $1 and delivery_id = $2 order by n limit $4"#,
        tenant.uuid(),
        id.uuid(),
        answers == Answers::Shown,
        MAX_ATTEMPTS,
    )
    .fetch_all(conn)
    .await?;
    Ok(Some(Delivery {
        summary,
        receipt: more.receipt,
        told: serde_json::from_value(more.notices).map_err(Error::internal)?,
        tries,
    }))
}

/// How many are given up, of one organisation or of all that the role sees; counted up to a limit.
pub(in crate::deliveries) async fn dead(
    conn: &mut PgConnection,
    of: Option<TenantId>,
    limit: i64,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from (
             select from app.notification_deliveries
             where state = 'dead' and ($1::uuid is null or tenant_id = $1) limit $2) dead"#,
        of.map(TenantId::uuid),
        limit,
    )
    .fetch_one(conn)
    .await?)
}
