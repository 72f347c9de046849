//! The SQL of looking back: what happened that a route would have been for. Each statement counts all, and brings the latest.

use chrono::{DateTime, Datelike as _, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::{
    input::Facts,
    preview::{Match, SHOWN},
};
use crate::{
    channels::EventType,
    error::Result,
    ids::{BranchId, ObligationId, TenantId},
    obligations::model::Severity,
};

/// What is looked for.
pub(in crate::routes) struct Asked {
    types: Vec<String>,
    severities: Vec<String>,
    branch: Option<Uuid>,
    since: DateTime<Utc>,
    /// The month of that instant, by which the log is divided.
    month: i32,
}

impl Asked {
    pub(in crate::routes) fn of(facts: &Facts, since: DateTime<Utc>) -> Self {
        let severities = Severity::ALL
            .into_iter()
            .filter(|severity| *severity >= facts.min_severity)
            .map(|severity| severity.as_str().to_owned());
        let types = facts.event_types.iter().map(|one| one.as_str().to_owned());
        let month = i32::try_from(since.month()).unwrap_or(0);
        Asked {
            types: types.collect(),
            severities: severities.collect(),
            branch: facts.branch_id.map(BranchId::uuid),
            since,
            month: since.year() * 100 + month,
        }
    }

    fn is_for(&self, event_type: EventType) -> bool {
        self.types.iter().any(|name| name == event_type.as_str())
    }
}

/// How many there are, and the latest.
#[derive(Default)]
pub(in crate::routes) struct Found {
    pub(in crate::routes) total: i64,
    pub(in crate::routes) latest: Vec<Match>,
}

/// Reminders that were told to anybody, each once for its item, threshold and day.
pub(in crate::routes) async fn reminders(
    conn: &mut PgConnection,
    tenant: TenantId,
    asked: &Asked,
) -> Result<Found> {
    let rows = sqlx::query!(
        r#"with told as (
             select obligation_id, threshold, falls_on, min(settled_at) as at,
                    case threshold when 'overdue' then 'obligation.overdue' when 'escalation' then 'obligation.escalated'
                    else 'obligation.due' end as event_type
             from app.reminder_slots
             where tenant_id = $1 and state in ('sent', 'acknowledged', 'failed') and settled_at >= $2
             group by obligation_id, threshold, falls_on)
           select t.at as "at!", t.event_type as "event_type!", o.severity as "severity!", o.branch_id as "branch_id!: BranchId",
                  o.id as "obligation_id!: ObligationId", o.title as "title!", count(*) over () as "total!"
           from told t join app.obligation_instances o on o.tenant_id = $1 and o.id = t.obligation_id
           where t.event_type = any($3) and o.severity = any($4) and ($5::uuid is null or o.branch_id = $5)
           order by t.at desc, o.id limit $6"#,
        tenant.uuid(),
        asked.since,
        &asked.types,
        &asked.severities,
        asked.branch,
        SHOWN,
    )
    .fetch_all(conn)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    let latest = rows.into_iter().filter_map(|row| {
        Some(Match {
            at: row.at,
            event_type: EventType::parse(&row.event_type)?,
            severity: Severity::parse(&row.severity),
            branch_id: Some(row.branch_id),
            obligation_id: Some(row.obligation_id),
            title: Some(row.title),
        })
    });
    Ok(Found {
        total,
        latest: latest.collect(),
    })
}

/// What the log has under the event's own name, by its plain columns: what routes are followed for. Not what tells of a message
/// that was given up, and was given up itself: of that nobody is told.
pub(in crate::routes) async fn recorded(
    conn: &mut PgConnection,
    tenant: TenantId,
    asked: &Asked,
) -> Result<Found> {
    let of_the_log: Vec<String> = EventType::ALL
        .iter()
        .filter(|one| one.is_of_the_log() && asked.is_for(**one))
        .map(|one| one.as_str().to_owned())
        .collect();
    let rows = sqlx::query!(
        r#"with recorded as (
             select e.recorded_at, e.action, e.branch_id,
                    case when e.entity_type = 'obligation' then e.entity_id::uuid end as obligation_id
             from app.audit_events e
             where e.tenant_id = $1 and e.partition_key >= $2 and e.recorded_at >= $3 and e.action = any($4)
               and not exists (
                 select from app.notification_deliveries d
                 where d.tenant_id = $1 and d.event_type = $8 and e.action = $8
                   and d.id = case when e.entity_type = 'delivery' then e.entity_id::uuid end))
           select r.recorded_at, r.action, coalesce(o.branch_id, r.branch_id) as "branch_id: BranchId",
                  o.id as "obligation_id?: ObligationId", o.title as "title?", o.severity as "severity?",
                  count(*) over () as "total!"
           from recorded r left join app.obligation_instances o on o.tenant_id = $1 and o.id = r.obligation_id
           where (o.severity is null or o.severity = any($5))
             and ($6::uuid is null or coalesce(o.branch_id, r.branch_id) = $6)
           order by r.recorded_at desc limit $7"#,
        tenant.uuid(),
        asked.month,
        asked.since,
        &of_the_log,
        &asked.severities,
        asked.branch,
        SHOWN,
        EventType::DeliveryDead.as_str(),
    )
    .fetch_all(conn)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    let latest = rows.into_iter().filter_map(|row| {
        Some(Match {
            at: row.recorded_at,
            event_type: EventType::parse(&row.action)?,
            severity: row.severity.as_deref().and_then(Severity::parse),
            branch_id: row.branch_id,
            obligation_id: row.obligation_id,
            title: row.title,
        })
    });
    Ok(Found {
        total,
        latest: latest.collect(),
    })
}

/// Security events of which somebody is told: the low ones are only shown. They belong to no branch.
pub(in crate::routes) async fn security_events(
    conn: &mut PgConnection,
    tenant: TenantId,
    asked: &Asked,
) -> Result<Found> {
    if !asked.is_for(EventType::SecurityEvent) || asked.branch.is_some() {
        return Ok(Found::default());
    }
    let rows = sqlx::query!(
        r#"select first_seen_at, severity, count(*) over () as "total!" from app.security_events
           where tenant_id = $1 and first_seen_at >= $2 and severity <> 'low' and severity = any($3)
           order by first_seen_at desc, id desc limit $4"#,
        tenant.uuid(),
        asked.since,
        &asked.severities,
        SHOWN,
    )
    .fetch_all(conn)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    let latest = rows.into_iter().map(|row| Match {
        at: row.first_seen_at,
        event_type: EventType::SecurityEvent,
        severity: Severity::parse(&row.severity),
        branch_id: None,
        obligation_id: None,
        title: None,
    });
    Ok(Found {
        total,
        latest: latest.collect(),
    })
}
