//! What a look ahead begins with: what is open, who is told by which way, what the ledger has of it already, and how many messages
//! were had in this hour.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        budget::hour_of,
        judgement::{Facts, ItemPlan, LedgerSlot, Standing},
        model::Reason,
        queries::{
            self, budget,
            foresight::{self, ForeseenItem, LedgerRow, WayRow},
            showing,
        },
        wishes::{Wishes, asked},
    },
    model::{About, DAYS},
    walk::{Coming, Course, Ground, id_of, walk},
};
use crate::{
    App, answers,
    catalogue::{Text, keys},
    db::WriteTx,
    digests,
    error::{Error, Result},
    ids::TenantId,
    obligations::schedule::{ItemFacts, PlannedSlot, Quiet, plan},
    routes::{self, Routes},
};

/// Open items that are looked at; an organisation with more has the ledger itself.
const MAX_ITEMS: usize = 50_000;
/// Reminders that are looked at.
const MAX_REMINDERS: usize = 100_000;
/// Fingerprints that are looked up at once.
const LOOKED_UP: usize = 10_000;

/// A look ahead, as far as it has come.
#[derive(Debug)]
pub(crate) struct Look {
    pub(super) ground: Ground,
    pub(super) course: Course,
    pub(super) about: HashMap<Uuid, About>,
    pub(super) ways: HashMap<Uuid, WayRow>,
    pub(super) names: HashMap<Uuid, String>,
    pub(super) zone: Tz,
}

impl Look {
    /// Looks ahead by the organisation's routes, at what this transaction sees and has written.
    pub(crate) async fn as_it_is(app: &App, tx: &mut WriteTx) -> Result<Self> {
        let (tenant, now) = (tx.actor().tenant(), tx.now());
        let routes = routes::routes(tx.conn(), tenant).await?;
        Look::of(app, tx.conn(), tenant, now, routes).await
    }

    /// Looks ahead by some routes, at what this transaction sees.
    pub(crate) async fn of(
        app: &App,
        conn: &mut PgConnection,
        tenant: TenantId,
        now: DateTime<Utc>,
        routes: Routes,
    ) -> Result<Self> {
        let until = now + TimeDelta::days(DAYS.into());
        let through = until.date_naive() + TimeDelta::days(1);
        let most = i64::try_from(MAX_ITEMS + 1).unwrap_or(i64::MAX);
        let items = foresight::items(conn, tenant, through, now, most).await?;
        if items.len() > MAX_ITEMS {
            return Err(too_many());
        }
        let quiet: HashMap<Uuid, Quiet> = routes
            .active
            .iter()
            .filter_map(|route| Some((route.id.uuid(), route.quiet?)))
            .collect();
        let named: Vec<_> = items.iter().map(|item| item.named).collect();
        let directory = queries::directory_by(conn, tenant, routes.clone(), &named).await?;
        let ids: Vec<Uuid> = items.iter().map(|item| item.facts.id).collect();
        let answers = answers::of_items(conn, tenant, &ids).await?;
        let mut facts = Facts {
            mail: app.mailer.is_some(),
            ..Facts::default()
        };
        let mut planned: Vec<(&ForeseenItem, ItemFacts, PlannedSlot)> = Vec::new();
        for item in &items {
            // A damaged row is in no plan.
            let Ok(of_item) = item.facts.facts() else {
                continue;
            };
            let recipients = directory.recipients(&item.named);
            let said = answers.get(&of_item.id);
            let slots = answers::apply(&of_item, plan(&of_item, &recipients), &recipients, said);
            let day = said.and_then(|said| said.answered_on(&of_item));
            facts.answered_on.extend(day.map(|day| (of_item.id, day)));
            facts
                .open
                .insert(of_item.id, ItemPlan::of(&of_item, &slots));
            let may_come = slots
                .into_iter()
                .filter(|slot| !slot.already_past && slot.at <= until);
            planned.extend(may_come.map(|slot| (item, of_item.clone(), slot)));
            if planned.len() > MAX_REMINDERS {
                return Err(too_many());
            }
        }
        let ledger = in_ledger(conn, tenant, &planned).await?;
        let mut coming = Vec::new();
        for (item, of_item, slot) in planned {
            let row = ledger.get(slot.fingerprint.as_slice());
            let Some((next, standing)) = stands(item.planned_through, &slot, row, now) else {
                continue;
            };
            let slot_of_ledger = LedgerSlot {
                id: id_of(coming.len()),
                item: of_item.id,
                threshold: slot.threshold,
                falls_on: slot.date,
                connector: slot.connector_id,
                recipient: slot.recipient_id,
                unanswered: slot.unanswered,
                fingerprint: slot.fingerprint,
                planned_at: slot.at,
                standing,
            };
            let severity = item.named.severity;
            coming.push(Coming {
                asked: asked(&slot_of_ledger, severity, of_item.due_on, of_item.zone),
                quiet: quiet.get(&slot.route_id).copied(),
                zone: of_item.zone,
                held: row.is_some_and(|row| row.held && row.state == "planned"),
                next,
                slot: slot_of_ledger,
            });
        }
        let readers = digests::foresight::readers(conn, tenant, &routes, now, DAYS.into()).await?;
        let people: BTreeSet<Uuid> = coming
            .iter()
            .filter_map(|one| one.slot.recipient)
            .chain(readers.iter().map(|one| one.person))
            .collect();
        let people: Vec<Uuid> = people.into_iter().collect();
        facts.active = people.iter().copied().collect();
        let wishes = Wishes::read(conn, tenant, &people, facts.mail).await?;
        let ways = foresight::ways(conn, tenant).await?;
        let mut ground = Ground {
            from: now,
            until,
            limit: budget::limit(conn, tenant).await?,
            had: budget::had_since(conn, tenant, hour_of(now)).await?,
            types: ways.iter().map(|(id, way)| (*id, way.kind)).collect(),
            facts,
            wishes,
            readers,
            coming,
        };
        let zone = foresight::time_zone(conn, tenant).await?;
        let names = showing::names(conn, tenant, &people).await?;
        let (ground, course) = tokio::task::spawn_blocking(move || {
            let course = walk(&mut ground);
            (ground, course)
        })
        .await
        .map_err(Error::internal)?;
        Ok(Look {
            ground,
            course,
            about: items
                .into_iter()
                .map(|item| (item.facts.id, about(item)))
                .collect(),
            ways,
            names,
            zone: zone.parse().unwrap_or(Tz::UTC),
        })
    }
}

fn too_many() -> Error {
    let text = Text::new(keys::SIMULATION_TOO_MANY);
    Error::conflict(text.with("max", i64::try_from(MAX_REMINDERS).unwrap_or(i64::MAX)))
}

fn about(item: ForeseenItem) -> About {
    About {
        title: item.title,
        branch: item.named.branch,
        branch_name: item.branch_name,
        severity: item.named.severity,
        due_on: item.facts.due_on,
    }
}

async fn in_ledger(
    conn: &mut PgConnection,
    tenant: TenantId,
    planned: &[(&ForeseenItem, ItemFacts, PlannedSlot)],
) -> Result<HashMap<Vec<u8>, LedgerRow>> {
    let fingerprints: Vec<Vec<u8>> = planned
        .iter()
        .map(|(_, _, slot)| slot.fingerprint.to_vec())
        .collect();
    let mut ledger = HashMap::new();
    for some in fingerprints.chunks(LOOKED_UP) {
        let rows = foresight::ledger(conn, tenant, some).await?;
        ledger.extend(rows.into_iter().map(|row| (row.fingerprint.clone(), row)));
    }
    Ok(ledger)
}

/// When a slot of the plan is looked at next, and how it stands; none if it is settled, or will be as past.
fn stands(
    planned_through: Option<NaiveDate>,
    slot: &PlannedSlot,
    row: Option<&LedgerRow>,
    now: DateTime<Utc>,
) -> Option<(Option<DateTime<Utc>>, Standing)> {
    // As the planner has it: who came to an item that was planned already is not told of days gone by.
    let missed = planned_through.is_some_and(|day| slot.date <= day) && slot.at <= now;
    let is_planned = || (!missed).then_some((Some(slot.at), Standing::Planned));
    let Some(row) = row else {
        return is_planned();
    };
    match row.state.as_str() {
        "planned" if row.planned_at == slot.at => {
            Some((Some(row.next_attempt_at), Standing::Planned))
        }
        "planned" => Some((Some(slot.at), Standing::Planned)),
        // Claimed this moment, and not handed over yet.
        "sending" if !row.carried => Some((Some(now), Standing::Planned)),
        "sending" | "sent" => Some((None, Standing::Theirs)),
        "suppressed" => {
            let reason = row.reason.as_deref().and_then(Reason::parse);
            let passes = reason.is_some_and(Reason::may_pass);
            passes.then(is_planned).flatten()
        }
        _ => None,
    }
}
