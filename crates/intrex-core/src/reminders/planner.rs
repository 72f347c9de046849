//! Writes the reminders of the coming weeks into the ledger. It may run twice, or at once in two processes: the fingerprint
//! makes the second run a no-op. Since the horizon moves on every day, every item that has reminders ahead is looked at
//! every day, so that a changed branch team is followed without anybody saying so.

use std::time::Duration;

use chrono::{Days, NaiveDate, TimeDelta};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    directory::Named,
    queries::{
        self,
        planning::{self, NewSlots},
    },
};
use crate::{
    App, actor::Actor, answers, audit::Event, error::Result, jobs::JobOutcome,
    obligations::schedule::plan, permission::Permission,
};

/// How far ahead the ledger is written, in days. What lies further is computed when a page shows it.
pub(super) const HORIZON_DAYS: u64 = 35;
/// How often the planner runs: what is due today and is given to somebody now is told them after this.
const INTERVAL: TimeDelta = TimeDelta::minutes(1);
/// Items that one transaction plans.
const ITEMS_A_BATCH: i64 = 500;
/// Slots after which a transaction takes no more items, so that it ends well before a statement's time does.
const SLOTS_A_BATCH: usize = 10_000;
/// How long one run goes on; then others have their turn, and it comes back at once.
const RUN_LIMIT: Duration = Duration::from_secs(20);

/// Plans what has to be planned now.
pub(crate) async fn run(app: &App, actor: &Actor) -> Result<JobOutcome> {
    actor.may(Permission::RemindersRun)?;
    let began = Instant::now();
    while began.elapsed() < RUN_LIMIT {
        if plan_batch(app, actor).await? == Batch::Last {
            return Ok(JobOutcome::Later(app.now() + INTERVAL));
        }
    }
    Ok(JobOutcome::Later(app.now()))
}

/// The last day that the ledger is written for.
pub(super) fn horizon(now: chrono::DateTime<chrono::Utc>) -> NaiveDate {
    let today = now.date_naive();
    today
        .checked_add_days(Days::new(HORIZON_DAYS))
        .unwrap_or(today)
}

/// Whether more is to be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// Very likely.
    Full,
    /// Not now.
    Last,
}

/// One transaction.
async fn plan_batch(app: &App, actor: &Actor) -> Result<Batch> {
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let horizon = horizon(now);
    let batch =
        planning::lock_items_to_plan(tx.conn(), tenant, horizon, now, ITEMS_A_BATCH).await?;
    let taken = batch.items.len() + batch.damaged.len();
    if taken == 0 {
        tx.commit_unaudited("nothing was to be planned").await?;
        return Ok(Batch::Last);
    }
    let named: Vec<Named> = batch.items.iter().map(|item| item.named).collect();
    let directory = queries::directory(tx.conn(), tenant, &named).await?;
    let open: Vec<Uuid> = batch.items.iter().map(|item| item.facts.id).collect();
    let answers = answers::of_items(tx.conn(), tenant, &open).await?;
    let mut slots = NewSlots::default();
    let mut ids = batch.damaged;
    for item in &batch.items {
        if slots.len() >= SLOTS_A_BATCH {
            break;
        }
        ids.push(item.facts.id);
        let recipients = directory.recipients(&item.named);
        let planned = plan(&item.facts, &recipients);
        for slot in answers::apply(
            &item.facts,
            planned,
            &recipients,
            answers.get(&item.facts.id),
        ) {
            // Who came to an item that was planned already is not told of days gone by.
            let missed = item.planned_through.is_some_and(|day| slot.date <= day) && slot.at <= now;
            if slot.date <= horizon {
                slots.push(app.new_id(), item, &slot, slot.already_past || missed);
            } else {
                slots.also_in_plan(&slot);
            }
        }
    }
    let written = planning::write_slots(tx.conn(), tenant, &slots, now).await?;
    let ahead = planning::planned_ahead(tx.conn(), tenant, &ids, now).await?;
    let gone: Vec<Uuid> = ahead
        .into_iter()
        .filter(|(_, fingerprint)| !slots.in_plan.contains(fingerprint))
        .map(|(id, _)| id)
        .collect();
    let withdrawn = if gone.is_empty() {
        0
    } else {
        planning::withdraw(tx.conn(), tenant, &gone, now).await?
    };
    planning::set_planned_through(tx.conn(), tenant, &ids, horizon).await?;
    if written.planned + written.past + withdrawn == 0 {
        tx.commit_unaudited("only the planning horizon moved on")
            .await?;
    } else {
        let event = Event::new("reminder", "reminder.planned")
            .with("items", ids.len())
            .with("planned", written.planned)
            .with("past_when_made", written.past)
            .with("withdrawn", withdrawn)
            .with("through", horizon.to_string());
        tx.commit(event).await?;
    }
    let all = ids.len() == taken && i64::try_from(taken).is_ok_and(|taken| taken < ITEMS_A_BATCH);
    Ok(if all { Batch::Last } else { Batch::Full })
}
