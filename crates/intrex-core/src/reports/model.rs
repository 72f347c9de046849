//! What is counted, and what comes first.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{health::Work, ids::BranchId};

/// An item due within so many days counts as due soon: amber, not yet red.
pub const SOON_DAYS: i64 = 14;
/// The days ahead of which each has its own count, today included.
pub const AHEAD_DAYS: i64 = 30;
/// The days of "this week", today included.
pub const WEEK_DAYS: i64 = 7;

/// Open obligations in the reader's reach, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Totals {
    /// Not completed and not waived.
    pub open: i64,
    /// Late, by each branch's own today.
    pub overdue: i64,
    /// Due today, by each branch's own today.
    pub due_today: i64,
    /// Due within seven days from the organisation's today, today included.
    pub due_this_week: i64,
    /// With nobody to do them.
    pub unowned: i64,
    /// Branches with something late.
    pub branches_overdue: i64,
}

/// One branch and category: what is open, and how pressing it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cell {
    /// The category.
    pub category: String,
    /// Open items.
    pub open: i64,
    /// Of these, late by the branch's today.
    pub overdue: i64,
    /// Of these, due today or within [`SOON_DAYS`] days by the branch's today.
    pub due_soon: i64,
}

/// One branch with its cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// The branch.
    pub branch_id: BranchId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub city_corporation: String,
    /// Today in its zone.
    pub today: NaiveDate,
    /// Open items in all categories.
    pub open: i64,
    /// Of these, late.
    pub overdue: i64,
    /// Of these, due soon.
    pub due_soon: i64,
    /// One for each category in which something is open.
    pub cells: Vec<Cell>,
}

/// How many items are due on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Day {
    /// The day.
    pub date: NaiveDate,
    /// Open items that are due on it.
    pub due: i64,
}

/// The whole at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Overview {
    /// Today in the organisation's zone.
    pub today: NaiveDate,
    /// Everything in reach.
    pub totals: Totals,
    /// The branches, the worst first.
    pub branches: Vec<Line>,
    /// [`AHEAD_DAYS`] days from today on.
    pub days: Vec<Day>,
}

/// What one branch and category has, as the database counts it.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    pub(super) branch: BranchId,
    pub(super) cell: Cell,
    pub(super) due_today: i64,
    pub(super) due_this_week: i64,
    pub(super) unowned: i64,
}

/// Whether the machinery is alive, for who answers for the whole organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pulse {
    /// Each kind of background work, with what waits for it in this organisation.
    pub work: Vec<Work>,
    /// Events in the organisation's chain.
    pub events: i64,
    /// The hash of the last of them, 64 hex digits.
    pub head: Option<String>,
}

impl Totals {
    /// The sum of what was counted by branch and category.
    pub(super) fn of(counted: &[Counted], lines: &[Line]) -> Self {
        let sum = |of: fn(&Counted) -> i64| counted.iter().map(of).sum();
        Totals {
            open: sum(|c| c.cell.open),
            overdue: sum(|c| c.cell.overdue),
            due_today: sum(|c| c.due_today),
            due_this_week: sum(|c| c.due_this_week),
            unowned: sum(|c| c.unowned),
            branches_overdue: lines.iter().map(|line| i64::from(line.overdue > 0)).sum(),
        }
    }
}

impl Line {
    /// Adds what was counted of one category.
    pub(super) fn add(&mut self, cell: Cell) {
        self.open += cell.open;
        self.overdue += cell.overdue;
        self.due_soon += cell.due_soon;
        self.cells.push(cell);
    }
}

/// The branches with the most that is late first, then with the most that is due soon, then by name.
pub(super) fn worst_first(lines: &mut [Line]) {
    lines.sort_by(|a, b| {
        (b.overdue, b.due_soon)
            .cmp(&(a.overdue, a.due_soon))
            .then_with(|| a.name.cmp(&b.name))
            .then_with(|| a.branch_id.cmp(&b.branch_id))
    });
}

/// The counts of days as a row without gaps.
pub(super) fn every_day(from: NaiveDate, counted: &[(NaiveDate, i64)]) -> Vec<Day> {
    from.iter_days()
        .take(usize::try_from(AHEAD_DAYS).unwrap_or(0))
        .map(|date| Day {
            date,
            due: counted
                .iter()
                .find(|(day, _)| *day == date)
                .map_or(0, |(_, due)| *due),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn line(name: &str, overdue: i64, due_soon: i64) -> Line {
        let mut line = Line {
            branch_id: Uuid::from_u128(u128::from(name.as_bytes()[0])).into(),
            code: name.to_owned(),
            name: name.to_owned(),
            city_corporation: String::new(),
            today: NaiveDate::MIN,
            open: 0,
            overdue: 0,
            due_soon: 0,
            cells: Vec::new(),
        };
        line.add(Cell {
            category: "tax_vat".into(),
            open: overdue + due_soon,
            overdue,
            due_soon,
        });
        line
    }

    #[test]
    fn what_is_late_outweighs_any_number_that_is_due() {
        let mut lines = [
            line("Wari", 0, 0),
            line("Badda", 0, 9),
            line("Uttara", 1, 0),
            line("Banani", 0, 9),
        ];
        worst_first(&mut lines);
        assert_eq!(
            lines.each_ref().map(|line| line.name.as_str()),
            ["Uttara", "Badda", "Banani", "Wari"]
        );
    }

    #[test]
    fn days_without_anything_due_are_shown_as_such() {
        let from = NaiveDate::from_ymd_opt(2028, 2, 28).expect("a date");
        let busy = NaiveDate::from_ymd_opt(2028, 3, 1).expect("a date");
        let days = every_day(from, &[(busy, 3)]);
        assert_eq!(days.len(), 30);
        assert_eq!(days[2], Day { date: busy, due: 3 });
        assert_eq!(days.iter().map(|day| day.due).sum::<i64>(), 3);
    }
}
