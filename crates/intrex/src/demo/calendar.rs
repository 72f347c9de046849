//! When things are due in the demonstration: the example spreadsheets with their dates moved near to today, so that
//! whenever somebody looks, some are late, some are due today and most are well ahead. Pure: the day is given.

use std::str::FromStr as _;

use anyhow::{Context as _, Result};
use chrono::{Days, Months, NaiveDate};
use intrex_core::permission::Role;

use super::cast::{Member, Organisation};

/// Months after which something that is owed once comes back in the demonstration's calendar.
const MONTHS_OF_A_SINGLE: u32 = 12;
/// What the demonstration's own rows are called, so that the example spreadsheets can be imported beside them: under their own
/// names they would take owners away and be refused where something is settled.
const OWN_PREFIX: &str = "DEMO-";
/// The pattern of states repeats after so many rows.
const PATTERN: usize = 15;
/// When the organisations began with Intrex, in days before today. What they imported then lay ahead of them.
pub(super) const BEGAN_DAYS_AGO: i64 = 49;
/// A monthly duty was due twice since: first two months ago, but for so many days.
const MONTHS_OF_HISTORY: u32 = 2;
const DAYS_INTO_HISTORY: i64 = 20;

/// A spreadsheet to import, and what people do afterwards.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) csv: String,
    pub(super) acts: Vec<Act>,
}

/// What somebody does with one row's obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) external_id: String,
    /// On this day.
    pub(super) day: NaiveDate,
    /// Who does it: the owner.
    pub(super) owner: &'static str,
    /// Who decides about it: the branch's manager.
    pub(super) manager: &'static str,
    pub(super) deed: Deed,
}

/// The things that are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Completed so many days before it was due (after, if negative), and so were all its successors up to now.
    Completed { days_before: i64 },
    /// Waived.
    Waived,
    /// Moved to this day.
    Rescheduled { to: NaiveDate },
    /// Completed, which was wrong.
    CompletedWrongly,
    /// Opened again because of that.
    Reopened,
}

/// Moves the dates of an organisation's spreadsheet near to a day, gives the rows owners, and says what happens to some.
pub(super) fn plan(organisation: &Organisation, today: NaiveDate) -> Result<Plan> {
    let mut reader = csv::Reader::from_reader(organisation.obligations.text.as_bytes());
    let headings = reader.headers()?.clone();
    let column = |name: &str| {
        headings
            .iter()
            .position(|heading| heading == name)
            .with_context(|| format!("the example has no column {name}"))
    };
    let (id, branch, due, rule) = (
        column("external_id")?,
        column("branch_code")?,
        column("due_on")?,
        column("recurrence")?,
    );
    let (owner, deputy) = (column("owner_email")?, column("deputy_email")?);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headings)?;
    let mut acts = Vec::new();
    let mut managed_rows = 0;
    for (number, record) in reader.records().enumerate() {
        let record = record?;
        let code = &record[branch];
        let external_id = format!("{OWN_PREFIX}{}", &record[id]);
        let written = NaiveDate::from_str(&record[due])?;
        let months = period(&record[rule]);
        let ahead = ahead(written, months, today)?;
        let row = match organisation.at(code, Role::BranchManager) {
            Some(manager) => {
                let operator = organisation.at(code, Role::Operator);
                let row =
                    Row::managed(organisation, manager, operator, managed_rows, &record[rule]);
                managed_rows += 1;
                row
            }
            None => Row::unmanaged(organisation, number),
        };
        let due_on = row.due_on(ahead, today)?;
        if let (Some(owner), Some(manager)) = (row.owner, row.manager) {
            for (day, deed) in row.deeds(due_on, today)? {
                acts.push(Act {
                    external_id: external_id.clone(),
                    day,
                    owner: owner.email,
                    manager: manager.email,
                    deed,
                });
            }
        }
        let due_on = due_on.to_string();
        let cells = record.iter().enumerate().map(|(at, cell)| match at {
            at if at == id => external_id.as_str(),
            at if at == due => due_on.as_str(),
            at if at == owner => row.owner.map_or("", |owner| owner.email),
            at if at == deputy => row.deputy.map_or("", |deputy| deputy.email),
            _ => cell,
        });
        writer.write_record(cells)?;
    }
    Ok(Plan {
        csv: String::from_utf8(writer.into_inner()?)?,
        acts,
    })
}

/// What is decided about one row.
#[derive(Debug)]
struct Row {
    owner: Option<&'static Member>,
    deputy: Option<&'static Member>,
    manager: Option<&'static Member>,
    fate: Fate,
}

/// The state in which somebody who opens the demonstration finds a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Due when the calendar says.
    Ahead,
    /// Due in so many days; late, if negative.
    Near(i64),
    /// Done; it was due so many days ago.
    Completed {
        due_ago: i64,
        days_before: i64,
    },
    /// Done month by month.
    History,
    Waived,
    Rescheduled,
    Reopened,
}

impl Row {
    fn managed(
        organisation: &Organisation,
        manager: &'static Member,
        operator: Option<&'static Member>,
        number: usize,
        rule: &str,
    ) -> Self {
        // Two of three go to the operator, if there is one; the manager stands in, and head office for the manager.
        let (owner, deputy) = match operator {
            Some(operator) if number % 3 != 2 => (operator, manager),
            _ => (manager, organisation.admin()),
        };
        let spread = i64::try_from(number).unwrap_or(0);
        let fate = match number % PATTERN {
            _ if rule == "FREQ=MONTHLY" => Fate::History,
            0 => Fate::Near(-(1 + spread * 7 % 21)),
            1 => Fate::Completed {
                due_ago: 10 + spread * 11 % 30,
                days_before: 1 + spread % 6,
            },
            2 => Fate::Near(1 + spread % 6),
            3 => Fate::Completed {
                due_ago: 6 + spread * 5 % 30,
                days_before: -2,
            },
            4 if number.is_multiple_of(2) => Fate::Near(0),
            5 => Fate::Near(0),
            6 if number.is_multiple_of(2) => Fate::Waived,
            7 => Fate::Rescheduled,
            8 if number.is_multiple_of(2) => Fate::Reopened,
            9 => Fate::Near(8 + spread % 20),
            _ => Fate::Ahead,
        };
        Row {
            owner: Some(owner),
            deputy: Some(deputy),
            manager: Some(manager),
            fate,
        }
    }

    /// Branches without a manager: head office looks after a few things there, and some have nobody yet.
    fn unmanaged(organisation: &Organisation, number: usize) -> Self {
        let owner = number.is_multiple_of(4).then(|| organisation.admin());
        let spread = i64::try_from(number).unwrap_or(0);
        Row {
            owner,
            deputy: None,
            manager: None,
            fate: match number % 29 {
                3 => Fate::Near(-(2 + spread % 9)),
                11 => Fate::Near(spread % 12),
                _ => Fate::Ahead,
            },
        }
    }

    fn due_on(&self, ahead: NaiveDate, today: NaiveDate) -> Result<NaiveDate> {
        match self.fate {
            Fate::Ahead => Ok(ahead),
            Fate::Near(days) => shifted(today, days),
            Fate::Completed { due_ago, .. } => shifted(today, -due_ago),
            Fate::History => today
                .checked_sub_months(Months::new(MONTHS_OF_HISTORY))
                .context("the calendar ends")
                .and_then(|day| shifted(day, DAYS_INTO_HISTORY)),
            Fate::Waived => shifted(today, 4),
            Fate::Rescheduled => shifted(today, -3),
            Fate::Reopened => shifted(today, -2),
        }
    }

    fn deeds(&self, due_on: NaiveDate, today: NaiveDate) -> Result<Vec<(NaiveDate, Deed)>> {
        let completed = |days_before: i64| -> Result<_> {
            let done_on = shifted(due_on, -days_before)?;
            Ok(vec![(done_on, Deed::Completed { days_before })])
        };
        match self.fate {
            Fate::Ahead | Fate::Near(_) => Ok(Vec::new()),
            Fate::Completed { days_before, .. } => completed(days_before),
            Fate::History => completed(2),
            Fate::Waived => Ok(vec![(shifted(today, -6)?, Deed::Waived)]),
            Fate::Rescheduled => {
                let to = shifted(today, 14)?;
                Ok(vec![(shifted(today, -5)?, Deed::Rescheduled { to })])
            }
            Fate::Reopened => Ok(vec![
                (shifted(today, -3)?, Deed::CompletedWrongly),
                (shifted(today, -1)?, Deed::Reopened),
            ]),
        }
    }
}

/// A day so many days later, or earlier.
pub(super) fn shifted(day: NaiveDate, days: i64) -> Result<NaiveDate> {
    let distance = Days::new(days.unsigned_abs());
    let moved = match days {
        0.. => day.checked_add_days(distance),
        _ => day.checked_sub_days(distance),
    };
    moved.context("the calendar ends")
}

/// Months between two occurrences of an example's rule.
fn period(rule: &str) -> u32 {
    let interval = rule
        .split(';')
        .find_map(|part| part.strip_prefix("INTERVAL="))
        .and_then(|interval| interval.parse().ok())
        .unwrap_or(1);
    match rule.split(';').next() {
        Some("FREQ=MONTHLY") => interval,
        Some("FREQ=YEARLY") => 12 * interval,
        _ => MONTHS_OF_A_SINGLE,
    }
}

/// The first day after today that lies whole periods from the written one: 30 June stays 30 June.
fn ahead(written: NaiveDate, months: u32, today: NaiveDate) -> Result<NaiveDate> {
    let at = |periods: i64| {
        let distance = u32::try_from(periods.unsigned_abs())
            .ok()
            .and_then(|periods| periods.checked_mul(months))
            .map(Months::new)?;
        match periods {
            0.. => written.checked_add_months(distance),
            _ => written.checked_sub_months(distance),
        }
    };
    let days = (today - written).num_days();
    // Near enough to begin with: a period is at most 31 days a month.
    let mut periods = days / (i64::from(months) * 31);
    while at(periods - 1).is_some_and(|day| day > today) {
        periods -= 1;
    }
    while at(periods).context("the calendar ends")? <= today {
        periods += 1;
    }
    at(periods).context("the calendar ends")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast::ORGANISATIONS;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn dates_keep_their_place_in_the_calendar() {
        for (written, months, today, expected) in [
            ("2027-06-30", 12, "2026-11-22", "2027-06-30"),
            ("2027-06-30", 12, "2027-06-30", "2028-06-30"),
            ("2027-06-30", 12, "2031-01-01", "2031-06-30"),
            ("2026-12-05", 24, "2026-11-22", "2026-12-05"),
            ("2029-12-05", 24, "2026-11-22", "2027-12-05"),
            ("2026-12-15", 1, "2027-03-20", "2027-04-15"),
            ("2027-01-31", 1, "2027-02-10", "2027-02-28"),
        ] {
            let found = ahead(day(written), months, day(today)).expect("is in the calendar");
            assert_eq!(found, day(expected), "{written} seen from {today}");
        }
    }

    #[test]
    fn on_any_day_every_state_is_there_and_most_is_ahead() {
        for today in ["2026-11-22", "2027-03-01", "2028-02-29", "2031-12-31"] {
            let today = day(today);
            for organisation in &ORGANISATIONS {
                let plan = plan(organisation, today).expect("is made");
                let mut reader = csv::Reader::from_reader(plan.csv.as_bytes());
                let rows: Vec<csv::StringRecord> =
                    reader.records().map(|row| row.expect("a row")).collect();
                let acted = |id: &str| plan.acts.iter().any(|act| act.external_id == id);
                let untouched = |pass: &dyn Fn(NaiveDate) -> bool| {
                    let rows = rows.iter().filter(|row| !acted(&row[0]));
                    rows.filter(|row| pass(day(&row[5]))).count()
                };
                let done = |pass: &dyn Fn(&Deed) -> bool| {
                    plan.acts.iter().filter(|act| pass(&act.deed)).count()
                };
                let overdue = untouched(&|due| due < today);
                assert!((4..=20).contains(&overdue), "{overdue} are late on {today}");
                assert!(untouched(&|due| due == today) >= 3);
                assert!(untouched(&|due| due > today) > rows.len() / 2);
                assert!(done(&|deed| matches!(deed, Deed::Completed { .. })) >= 8);
                assert!(done(&|deed| matches!(deed, Deed::Waived)) >= 2);
                assert!(done(&|deed| matches!(deed, Deed::Rescheduled { .. })) >= 3);
                assert!(done(&|deed| matches!(deed, Deed::Reopened)) >= 2);
                let began = shifted(today, -BEGAN_DAYS_AGO).expect("a day");
                assert!(rows.iter().all(|row| day(&row[5]) > began));
                assert!(
                    plan.acts
                        .iter()
                        .all(|act| began < act.day && act.day < today)
                );
                for member in &organisation.people[1..] {
                    let own = rows.iter().filter(|row| &row[10] == member.email).count();
                    assert!(own >= 5, "{} has {own}", member.name);
                }
            }
        }
    }
}
