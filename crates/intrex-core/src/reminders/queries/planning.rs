//! The planner's SQL: whole batches at once, column by column.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{directory::Named, model::Reason},
    FactsRow, severity,
};
use crate::{
    error::Result,
    ids::{SlotId, TenantId},
    obligations::schedule::{ItemFacts, PlannedSlot},
};

/// An item for the planner.
pub(in crate::reminders) struct PlannedItem {
    pub(in crate::reminders) facts: ItemFacts,
    pub(in crate::reminders) named: Named,
    pub(in crate::reminders) planned_through: Option<NaiveDate>,
}

/// What a batch plans.
#[derive(Default)]
pub(in crate::reminders) struct ToPlan {
    /// Items that can be planned.
    pub(in crate::reminders) items: Vec<PlannedItem>,
    /// Items whose rows cannot be read.
    pub(in crate::reminders) damaged: Vec<Uuid>,
}

/// Open items whose reminders are not in the ledger up to the horizon, under lock. One that somebody is busy with comes
/// next time.
pub(in crate::reminders) async fn lock_items_to_plan(
    conn: &mut PgConnection,
    tenant: TenantId,
    horizon: NaiveDate,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<ToPlan> {
    let rows = sqlx::query!(
        "select o.id, o.branch_id, o.due_on, o.lead_days, o.grace_days, o.owner_id, o.deputy_id, o.severity, o.reminders_from,
                o.planned_through, b.time_zone
         from app.obligation_instances o
         join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
         where o.tenant_id = $1 and o.state = 'open'
           and (o.due_on <= $2::date + 365
                and o.due_on - coalesce((select max(day) from unnest(o.lead_days) as lead (day)), 0) <= $2
                -- What somebody has in hand, or put off, comes back to them long before its first reminder.
                or exists (select from app.snoozes n
                           where n.tenant_id = o.tenant_id and n.obligation_id = o.id and n.until >= $5 and n.until <= $2::date + 1)
                or exists (select from app.acknowledgements a
                           where a.tenant_id = o.tenant_id and a.obligation_id = o.id
                             and a.again_on >= $3::date - 1 and a.again_on <= $2))
           -- A day after the last threshold in every zone, nothing of an item can change any more.
           and (o.planned_through is null
                or (o.planned_through < $2
                    and (o.due_on + o.grace_days + 2 >= least(o.planned_through, $3::date)
                         -- Unless somebody has it in hand, to whom it comes back later than that.
                         or exists (select from app.acknowledgements a
                                    where a.tenant_id = o.tenant_id and a.obligation_id = o.id
                                      and a.again_on > o.planned_through))))
         order by o.due_on, o.id limit $4
         for no key update of o skip locked",
        tenant.uuid(),
        horizon,
        now.date_naive(),
        limit,
        now,
    )
    .fetch_all(conn)
    .await?;
    let mut found = ToPlan::default();
    for row in rows {
        let named = Named {
            branch: row.branch_id,
            owner: row.owner_id,
            deputy: row.deputy_id,
            severity: severity(&row.severity),
        };
        let facts = FactsRow {
            id: row.id,
            due_on: row.due_on,
            lead_days: row.lead_days,
            grace_days: row.grace_days,
            reminders_from: row.reminders_from,
            time_zone: row.time_zone,
        };
        match facts.facts() {
            Ok(facts) => found.items.push(PlannedItem {
                facts,
                named,
                planned_through: row.planned_through,
            }),
            // One damaged row must not keep every other one from being reminded of.
            Err(error) => {
                tracing::error!(%error, id = %row.id, "an obligation cannot be planned");
                found.damaged.push(row.id);
            }
        }
    }
    Ok(found)
}

/// Rows to be of the ledger, column by column for `unnest`.
#[derive(Default)]
pub(in crate::reminders) struct NewSlots {
    id: Vec<Uuid>,
    branch_id: Vec<Uuid>,
    obligation_id: Vec<Uuid>,
    threshold: Vec<String>,
    falls_on: Vec<NaiveDate>,
    route_id: Vec<Uuid>,
    connector_id: Vec<Uuid>,
    recipient_id: Vec<Option<Uuid>>,
    unanswered: Vec<bool>,
    fingerprint: Vec<Vec<u8>>,
    planned_at: Vec<DateTime<Utc>>,
    past: Vec<bool>,
    /// Every fingerprint of the plan, those beyond the horizon too.
    pub(in crate::reminders) in_plan: HashSet<Vec<u8>>,
}

impl NewSlots {
    pub(in crate::reminders) fn len(&self) -> usize {
        self.id.len()
    }

    pub(in crate::reminders) fn push(
        &mut self,
        id: SlotId,
        item: &PlannedItem,
        slot: &PlannedSlot,
        past: bool,
    ) {
        self.id.push(id.uuid());
        self.branch_id.push(item.named.branch);
        self.obligation_id.push(item.facts.id);
        self.threshold.push(slot.threshold.code());
        self.falls_on.push(slot.date);
        self.route_id.push(slot.route_id);
        self.connector_id.push(slot.connector_id);
        self.recipient_id.push(slot.recipient_id);
        self.unanswered.push(slot.unanswered);
        self.fingerprint.push(slot.fingerprint.to_vec());
        self.planned_at.push(slot.at);
        self.past.push(past);
        self.also_in_plan(slot);
    }

    pub(in crate::reminders) fn also_in_plan(&mut self, slot: &PlannedSlot) {
        self.in_plan.insert(slot.fingerprint.to_vec());
    }
}

/// What planning changed.
pub(in crate::reminders) struct Written {
    /// New, or taken up again, or put to another hour.
    pub(in crate::reminders) planned: i64,
    /// Recorded as past.
    pub(in crate::reminders) past: i64,
}

/// Writes slots. One that the ledger has is left alone, unless it was suppressed for a reason that has passed, or waits
/// for an hour that is another by now.
pub(in crate::reminders) async fn write_slots(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &NewSlots,
    now: DateTime<Utc>,
) -> Result<Written> {
    let passing: Vec<String> = Reason::ALL
        .iter()
        .filter(|reason| reason.may_pass())
        .map(|reason| reason.as_str().to_owned())
        .collect();
    let written = sqlx::query!(
        r#"with written as (
             insert into app.reminder_slots (tenant_id, id, branch_id, obligation_id, threshold, falls_on, route_id, connector_id,
                                             recipient_id, unanswered, fingerprint, planned_at, next_attempt_at, state, reason,
                                             settled_at, created_at)
             select $1, u.id, u.branch_id, u.obligation_id, u.threshold, u.falls_on, u.route_id, u.connector_id, u.recipient_id,
                    u.unanswered, u.fingerprint, u.planned_at, u.planned_at, case when u.past then 'suppressed' else 'planned' end,
                    case when u.past then $2 end, case when u.past then $3::timestamptz end, $3
             from unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::date[], $9::uuid[], $10::uuid[], $11::uuid[],
                         $12::bytea[], $13::timestamptz[], $14::boolean[], $16::boolean[])
               as u (id, branch_id, obligation_id, threshold, falls_on, route_id, connector_id, recipient_id, fingerprint,
                     planned_at, past, unanswered)
             on conflict on constraint reminder_slots_fingerprint do update
               set state = 'planned', reason = null, superseded_by = null, settled_at = null, lease_until = null, attempts = 0,
                   last_error = null, planned_at = excluded.planned_at, next_attempt_at = excluded.next_attempt_at, held_at = null
               where excluded.state = 'planned'
                 and (reminder_slots.state = 'suppressed' and reminder_slots.reason = any($15)
                      or reminder_slots.state = 'planned' and reminder_slots.attempts = 0
                         and reminder_slots.planned_at <> excluded.planned_at)
             returning state)
           select count(*) filter (where state = 'planned') as "planned!", count(*) filter (where state = 'suppressed') as "past!"
           from written"#,
        tenant.uuid(),
        Reason::PastWhenMade.as_str(),
        now,
        &slots.id,
        &slots.branch_id,
        &slots.obligation_id,
        &slots.threshold,
        &slots.falls_on,
        &slots.route_id,
        &slots.connector_id,
        &slots.recipient_id as &[Option<Uuid>],
        &slots.fingerprint,
        &slots.planned_at,
        &slots.past,
        &passing,
        &slots.unanswered,
    )
    .fetch_one(conn)
    .await?;
    Ok(Written {
        planned: written.planned,
        past: written.past,
    })
}

/// The slots of some items that are planned for the days to come: id and fingerprint. What is due already is the sender's.
pub(in crate::reminders) async fn planned_ahead(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let rows = sqlx::query!(
        "select id, fingerprint from app.reminder_slots
         where tenant_id = $1 and obligation_id = any($2) and state = 'planned' and planned_at > $3",
        tenant.uuid(),
        items,
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.fingerprint))
        .collect())
}

/// Settles slots that are not in the plan any more.
pub(in crate::reminders) async fn withdraw(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &[Uuid],
    now: DateTime<Utc>,
) -> Result<i64> {
    let withdrawn = sqlx::query!(
        "update app.reminder_slots set state = 'suppressed', reason = $4, settled_at = $3
         where tenant_id = $1 and id = any($2) and state = 'planned'",
        tenant.uuid(),
        slots,
        now,
        Reason::Changed.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(i64::try_from(withdrawn.rows_affected()).unwrap_or(i64::MAX))
}

/// Notes up to which day items stand in the ledger. The caller holds their locks.
pub(in crate::reminders) async fn set_planned_through(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
    through: NaiveDate,
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_instances set planned_through = $3 where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        items,
        through,
    )
    .execute(conn)
    .await?;
    Ok(())
}
