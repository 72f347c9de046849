//! When digests fall, and what is in them by then: pure, so that whoever sends, whoever asks what comes, and a simulation of the
//! coming weeks cannot differ.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::model::{Kind, SENT_AT, Wish, Wisher};
use crate::{
    ids::PersonId,
    obligations::schedule::{civil_today, instant},
};

/// Days ahead that are looked at at most.
pub const MAX_DAYS: i64 = 30;

/// A digest falls on a civil day of its recipient's, at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Falls {
    /// The day in the recipient's zone.
    pub on: NaiveDate,
    /// Eight o'clock of that day; where a clock change skips it, the first instant after.
    pub at: DateTime<Utc>,
}

impl Falls {
    fn on(day: NaiveDate, zone: Tz) -> Self {
        Falls {
            on: day,
            at: instant(day, SENT_AT, zone),
        }
    }
}

/// An obligation that somebody would be reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Which.
    pub item: Uuid,
    /// When it is due.
    pub due_on: NaiveDate,
    /// By which clock that is meant.
    pub zone: Tz,
    /// Who is told of it when it has escalated alone is told from this day on; everybody else always.
    pub from: Option<NaiveDate>,
}

/// Where an obligation stands in a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Its day has passed.
    Overdue,
    /// It is today.
    Today,
    /// It comes within the days that the digest looks ahead.
    Coming,
}

impl Group {
    /// All of them, in the order of a digest.
    pub const ALL: [Group; 3] = [Group::Overdue, Group::Today, Group::Coming];
}

/// How many obligations are in a digest, by group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Whose day has passed.
    pub overdue: i64,
    /// Of today.
    pub today: i64,
    /// Of the days that the digest looks ahead.
    pub coming: i64,
}

impl Counts {
    /// One more.
    pub fn add(&mut self, group: Group) {
        match group {
            Group::Overdue => self.overdue += 1,
            Group::Today => self.today += 1,
            Group::Coming => self.coming += 1,
        }
    }

    /// Of one group.
    pub fn of(self, group: Group) -> i64 {
        match group {
            Group::Overdue => self.overdue,
            Group::Today => self.today,
            Group::Coming => self.coming,
        }
    }

    /// These and those.
    pub fn with(self, others: Counts) -> Self {
        Counts {
            overdue: self.overdue + others.overdue,
            today: self.today + others.today,
            coming: self.coming + others.coming,
        }
    }

    /// These without those.
    pub fn without(self, others: Counts) -> Self {
        Counts {
            overdue: self.overdue - others.overdue,
            today: self.today - others.today,
            coming: self.coming - others.coming,
        }
    }

    /// All together. A digest of none is not sent.
    pub fn total(self) -> i64 {
        self.overdue + self.today + self.coming
    }
}

/// A digest that comes, unless something is done until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coming {
    /// Who gets it.
    pub person: PersonId,
    /// Of which kind it is.
    pub kind: Kind,
    /// When.
    pub falls: Falls,
    /// What is in it.
    pub counts: Counts,
}

/// Where an open obligation stands in a digest of this kind at an instant; none if it is not in it.
pub fn group(kind: Kind, open: &Open, at: DateTime<Utc>) -> Option<Group> {
    let today = civil_today(at, open.zone);
    if open.from.is_some_and(|day| today < day) {
        return None;
    }
    match (open.due_on - today).num_days() {
        ..0 => Some(Group::Overdue),
        0 => Some(Group::Today),
        days if days <= kind.days_ahead() => Some(Group::Coming),
        _ => None,
    }
}

/// The digest that fell last. The week of a weekly one begins on a Monday, wherever its recipient is.
pub fn latest(kind: Kind, zone: Tz, now: DateTime<Utc>) -> Falls {
    let this = of_period(kind, zone, now);
    match this.at <= now {
        true => this,
        false => beside(kind, zone, this.on, -1),
    }
}

/// The digest that falls next, after this instant.
pub fn next(kind: Kind, zone: Tz, after: DateTime<Utc>) -> Falls {
    let this = of_period(kind, zone, after);
    match this.at > after {
        true => this,
        false => beside(kind, zone, this.on, 1),
    }
}

/// The digest that is due now, if one is. One that is late still comes while its day lasts, or its week: after an outage there
/// is one, not several. What fell before it was wished, or on a day that had its digest, is not due whatever a clock says.
pub fn due(wish: Wish, zone: Tz, last_on: Option<NaiveDate>, now: DateTime<Utc>) -> Option<Falls> {
    let this = of_period(wish.kind, zone, now);
    let news = this.at <= now && this.at > wish.since;
    (news && last_on.is_none_or(|last| last < this.on)).then_some(this)
}

/// The digests of the coming days that somebody gets, filled with what is open one by one: it is not kept.
#[derive(Debug, Clone)]
pub struct Calendar {
    now: DateTime<Utc>,
    coming: Vec<Coming>,
}

impl Calendar {
    /// Nothing in any digest yet. The one that is due now is the first.
    pub fn new(wisher: &Wisher, now: DateTime<Utc>, days: i64) -> Self {
        let falls = falls_ahead(wisher, now, days).into_iter();
        let empty = |falls| Coming {
            person: wisher.person,
            kind: wisher.wish.kind,
            falls,
            counts: Counts::default(),
        };
        Calendar {
            now,
            coming: falls.map(empty).collect(),
        }
    }

    /// Adds what is open, until an instant if that is known.
    pub fn add(&mut self, open: &Open, done_at: Option<DateTime<Utc>>) {
        for coming in &mut self.coming {
            // One that is late tells what is true when it comes.
            let at = coming.falls.at.max(self.now);
            if done_at.is_none_or(|done_at| at < done_at)
                && let Some(group) = group(coming.kind, open, at)
            {
                coming.counts.add(group);
            }
        }
    }

    /// Those that have something to tell: of nothing none is sent.
    pub fn coming(self) -> impl Iterator<Item = Coming> {
        let all = self.coming.into_iter();
        all.filter(|coming| coming.counts.total() > 0)
    }
}

/// When the digests of the coming days fall, whatever is in them; the one that is due now is the first.
pub(super) fn falls_ahead(wisher: &Wisher, now: DateTime<Utc>, days: i64) -> Vec<Falls> {
    let (kind, zone) = (wisher.wish.kind, wisher.zone);
    let until = now + TimeDelta::days(days.clamp(0, MAX_DAYS));
    let mut falls = Vec::from_iter(due(wisher.wish, zone, wisher.last_on, now));
    let mut after = now;
    loop {
        let coming = next(kind, zone, after);
        if coming.at > until {
            return falls;
        }
        after = coming.at;
        // Who moved to a zone of an earlier day has had that day's.
        if wisher.last_on.is_none_or(|last| last < coming.on) {
            falls.push(coming);
        }
    }
}

/// The digest of the day or week that it is by a clock.
fn of_period(kind: Kind, zone: Tz, now: DateTime<Utc>) -> Falls {
    let today = civil_today(now, zone);
    let since_monday = Days::new(today.weekday().num_days_from_monday().into());
    let day = match kind {
        Kind::Daily => today,
        Kind::Weekly => today.checked_sub_days(since_monday).unwrap_or(today),
    };
    Falls::on(day, zone)
}

/// The digest before or after the one of a day. A day that its zone leaves out has none.
fn beside(kind: Kind, zone: Tz, day: NaiveDate, direction: i64) -> Falls {
    let days = match kind {
        Kind::Daily => direction,
        Kind::Weekly => 7 * direction,
    };
    let falls = Falls::on(day + TimeDelta::days(days), zone);
    let is_there = civil_today(falls.at, zone) == falls.on;
    match is_there || kind == Kind::Weekly {
        true => falls,
        false => Falls::on(falls.on + TimeDelta::days(days), zone),
    }
}

#[cfg(test)]
#[path = "agenda_tests.rs"]
mod tests;
