//! What has happened since the organisations began: day by day, reminders go out in the morning, people do what the calendar
//! says, and once a week they clear their inboxes. The clock stands at each of these instants in turn, so that the ledger,
//! the inboxes and the audit log tell of it as they would of any other weeks.

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use intrex_core::{
    Actor, App,
    answers::{self, RawAcknowledgement, RawSnooze},
    deliveries, jobs,
    notifications::{self, Inbox},
    obligations::{
        commands,
        input::{RawCompletion, RawObligation, RawReason, RawReschedule},
        model::Obligation,
    },
    paging::{MAX_LIMIT, PageRequest},
    raw::Raw,
    reminders::sender,
};

use super::{
    calendar::{Act, BEGAN_DAYS_AGO, Deed, shifted},
    seed::Founded,
};
use crate::cli::told;

/// When reminders go out, in the branch's zone: hour and minute.
const MORNING: (u32, u32) = (9, 0);
/// How long people read what came before they do something.
const READING: TimeDelta = TimeDelta::minutes(25);
/// Between two things that people do on one day.
const BETWEEN_ACTS: TimeDelta = TimeDelta::minutes(7);
/// People clear their inboxes on days so many days apart, the last time two days ago.
const INBOX_DAYS: i64 = 7;
const INBOX_CLEARED_DAYS_AGO: i64 = 2;
/// When managers enter a few things by hand, in days before today.
const BY_HAND_DAYS_AGO: i64 = 12;
/// How often the reminders of the coming weeks are planned.
const PLANNED_EVERY: TimeDelta = TimeDelta::days(7);
/// Rounds of background work at one instant; it comes to an end long before.
const MAX_ROUNDS: usize = 1_000;

/// An organisation's days, and what is still to be done on them.
pub(super) struct Calendar {
    pub(super) zone: Tz,
    pub(super) today: NaiveDate,
    pub(super) acts: Vec<Act>,
}

impl Calendar {
    /// The mornings up to now, each with its day.
    fn mornings(&self, now: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, NaiveDate)>> {
        let (hour, minute) = MORNING;
        let time = NaiveTime::from_hms_opt(hour, minute, 0).context("a time of day")?;
        let mut mornings = Vec::new();
        for back in (0..BEGAN_DAYS_AGO).rev() {
            let day = shifted(self.today, -back)?;
            let at = self.zone.from_local_datetime(&day.and_time(time));
            let at = at.earliest().context("no clock is turned at that time")?;
            mornings.push((at.with_timezone(&Utc), day));
        }
        mornings.retain(|(at, _)| *at < now);
        Ok(mornings)
    }

    /// What is done on a day.
    fn take(&mut self, day: NaiveDate) -> Vec<Act> {
        self.acts.extract_if(.., |act| act.day <= day).collect()
    }
}

/// Lets the organisations live from where the clock stands up to now.
pub(super) async fn live(app: &App, made: &mut [Founded], now: DateTime<Utc>) -> Result<()> {
    let mut mornings = Vec::new();
    for (number, organisation) in made.iter().enumerate() {
        let own = organisation.calendar.mornings(now)?;
        mornings.extend(own.into_iter().map(|(at, day)| (at, day, number)));
    }
    mornings.sort_unstable();
    background(app).await?;
    let mut planned_at = app.now();
    for (at, day, number) in mornings {
        app.clock.travel_to(at);
        // The ledger is written five weeks ahead: once a week is enough here.
        if at - planned_at >= PLANNED_EVERY {
            background(app).await?;
            planned_at = at;
        }
        while sender::send_due(app).await.map_err(told)? > 0 {}
        deliveries::sender::send_due(app).await.map_err(told)?;
        made[number]
            .spend(app, day)
            .await
            .with_context(|| format!("{} on {day}", made[number].name))?;
    }
    app.clock.travel_to(now);
    background(app).await
}

/// Plans and sends what is due at this instant.
async fn background(app: &App) -> Result<()> {
    for _ in 0..MAX_ROUNDS {
        let planned = jobs::run_due(app).await.map_err(told)?;
        let settled = sender::send_due(app).await.map_err(told)?;
        let sent = deliveries::sender::send_due(app).await.map_err(told)?;
        if planned + settled + sent == 0 {
            return Ok(());
        }
    }
    bail!("background work does not come to an end")
}

impl Founded {
    async fn spend(&mut self, app: &App, day: NaiveDate) -> Result<()> {
        app.clock.advance(READING);
        for act in self.calendar.take(day) {
            app.clock.advance(BETWEEN_ACTS);
            self.carry_out(app, &act)
                .await
                .with_context(|| act.external_id.clone())?;
        }
        let ago = (self.calendar.today - day).num_days();
        if ago == BY_HAND_DAYS_AGO {
            self.enter_by_hand(app).await?;
        }
        if ago == INBOX_CLEARED_DAYS_AGO {
            self.answer(app, day).await?;
        }
        if ago % INBOX_DAYS == INBOX_CLEARED_DAYS_AGO {
            for worker in &self.crew {
                let read = notifications::commands::mark_all_read(app, &worker.actor).await;
                read.map_err(told)?;
            }
        }
        Ok(())
    }

    /// People say of the first reminder that they have it in hand, and put off the first that is not due for a week.
    async fn answer(&self, app: &App, day: NaiveDate) -> Result<()> {
        let first = PageRequest::first(MAX_LIMIT);
        for worker in &self.crew {
            let mut tx = app.db.read(&worker.actor).await.map_err(told)?;
            let waiting = notifications::reads::list(&mut tx, Inbox::ToAcknowledge, &first).await;
            tx.finish().await.map_err(told)?;
            let messages = waiting.map_err(told)?.items;
            let later = messages.iter().skip(1).find(|message| {
                message
                    .due_on
                    .is_some_and(|due_on| (due_on - day).num_days() > 7)
            });
            if let Some(message) = later {
                let raw = RawSnooze { until: "3d".into() };
                let put_off = answers::commands::snooze(app, &worker.actor, message.id, &raw).await;
                put_off.map_err(told)?;
            }
            if let Some(message) = messages.first() {
                let raw = RawAcknowledgement {
                    note: "The papers are with the accountant".into(),
                };
                let said =
                    answers::commands::acknowledge(app, &worker.actor, message.id, &raw).await;
                said.map_err(told)?;
            }
        }
        Ok(())
    }

    async fn carry_out(&mut self, app: &App, act: &Act) -> Result<()> {
        let (owner, manager) = (self.person(act.owner)?, self.person(act.manager)?);
        let item = self.items.get(&act.external_id).context("was imported")?;
        let settled = match act.deed {
            Deed::Completed { .. } => complete(app, owner, item, "Done, receipt filed", act.day),
            Deed::CompletedWrongly => {
                complete(app, owner, item, "Handed in at the counter", act.day)
            }
            _ => return decide(app, manager, item, act.deed).await,
        };
        let next = settled.await?;
        if let (Some(next), Deed::Completed { days_before }) = (next, act.deed)
            && next.due_on < self.calendar.today
        {
            self.calendar.acts.push(Act {
                day: shifted(next.due_on, -days_before)?,
                ..act.clone()
            });
            self.items.insert(act.external_id.clone(), next);
        }
        Ok(())
    }

    /// Managers enter a few things by hand, from templates.
    async fn enter_by_hand(&self, app: &App) -> Result<()> {
        let managers = self
            .crew
            .iter()
            .filter(|worker| worker.user.role == "branch_manager");
        for (number, manager) in managers.enumerate() {
            for (offset, branch) in manager.user.branch_ids.iter().enumerate() {
                let at = (2 * number + offset) % self.templates.len().max(1);
                let Some(template) = self.templates.get(at) else {
                    continue;
                };
                let days = Days::new(20 + 25 * u64::try_from(offset)?);
                let due_on = self.calendar.today.checked_add_days(days);
                let raw = RawObligation {
                    branch_id: branch.to_string().into(),
                    template_id: template.id.to_string().into(),
                    due_on: due_on.context("the calendar ends")?.to_string().into(),
                    owner_id: manager.user.id.to_string().into(),
                    ..RawObligation::default()
                };
                let created = commands::create(app, &manager.actor, &raw).await;
                created.map_err(told)?;
                app.clock.advance(BETWEEN_ACTS);
            }
        }
        Ok(())
    }
}

/// Completes an item; answers what follows it.
async fn complete(
    app: &App,
    owner: &Actor,
    item: &Obligation,
    note: &str,
    on: NaiveDate,
) -> Result<Option<Obligation>> {
    let raw = RawCompletion {
        note: note.into(),
        completed_on: Raw::from(on.to_string()),
    };
    let settled = commands::complete(app, owner, item.id, &raw, None).await;
    Ok(settled.map_err(told)?.successor)
}

/// What a manager decides about an item.
async fn decide(app: &App, manager: &Actor, item: &Obligation, deed: Deed) -> Result<()> {
    let because = |reason: &str| RawReason {
        reason: reason.into(),
    };
    let decided = match deed {
        Deed::Completed { .. } | Deed::CompletedWrongly => return Ok(()),
        Deed::Waived => {
            let raw =
                because("The authority has confirmed in writing that it does not apply this time");
            let waived = commands::waive(app, manager, item.id, &raw, None).await;
            waived.map(drop)
        }
        Deed::Rescheduled { to } => {
            let raw = RawReschedule {
                due_on: to.to_string().into(),
                reason: "The inspector has given a new appointment".into(),
            };
            let moved = commands::reschedule(app, manager, item.id, &raw, None).await;
            moved.map(drop)
        }
        Deed::Reopened => {
            let raw = because("The receipt was for another branch");
            let opened = commands::reopen(app, manager, item.id, &raw, None).await;
            opened.map(drop)
        }
    };
    decided.map_err(told)
}
