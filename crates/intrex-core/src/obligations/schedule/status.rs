//! The status of an obligation. Three states are stored; whether an open one is upcoming, due today or overdue follows from
//! its date and from today in its branch's zone, so that midnight changes it without any job.

use chrono::NaiveDate;

use crate::obligations::due_date::{DUE_DATE_MAX, DUE_DATE_MIN};

/// What the table stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoredState {
    /// Still owed.
    Open,
    /// Done.
    Completed,
    /// Not owed after all, with a reason.
    Waived,
}

impl StoredState {
    /// Reads the table's text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Completed, Self::Waived]
            .into_iter()
            .find(|state| state.as_str() == text)
    }

    /// The table's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completed => "completed",
            Self::Waived => "waived",
        }
    }
}

/// What people and programs see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Open, and due after today.
    Upcoming,
    /// Open, and due today.
    DueToday,
    /// Open, and due before today. Grace moves the escalation, never the status.
    Overdue,
    /// Done.
    Completed,
    /// Not owed after all.
    Waived,
}

impl Status {
    /// Every status, in the order of an item's life.
    pub const ALL: [Self; 5] = [
        Self::Upcoming,
        Self::DueToday,
        Self::Overdue,
        Self::Completed,
        Self::Waived,
    ];

    /// Reads the name that the API uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The name in the API and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::DueToday => "due_today",
            Self::Overdue => "overdue",
            Self::Completed => "completed",
            Self::Waived => "waived",
        }
    }
}

/// The status of an item on a day of its branch's zone.
pub fn derive(stored: StoredState, due_on: NaiveDate, today: NaiveDate) -> Status {
    match stored {
        StoredState::Completed => Status::Completed,
        StoredState::Waived => Status::Waived,
        StoredState::Open if due_on > today => Status::Upcoming,
        StoredState::Open if due_on == today => Status::DueToday,
        StoredState::Open => Status::Overdue,
    }
}

/// A status as a query asks for it: `state = stored and due_on between due_on_min and due_on_max`, which an index serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusBounds {
    /// The stored state.
    pub stored: StoredState,
    /// The first due date that counts.
    pub due_on_min: NaiveDate,
    /// The last due date that counts; before `due_on_min` if none does.
    pub due_on_max: NaiveDate,
}

/// The bounds of a status on a day of one zone. Each zone has its own today: a list over several zones asks once for each.
pub fn bounds(status: Status, today: NaiveDate) -> StatusBounds {
    let yesterday = today.pred_opt().unwrap_or(NaiveDate::MIN);
    let tomorrow = today.succ_opt().unwrap_or(NaiveDate::MAX);
    let (stored, due_on_min, due_on_max) = match status {
        Status::Upcoming => (StoredState::Open, tomorrow, DUE_DATE_MAX),
        Status::DueToday => (StoredState::Open, today, today),
        Status::Overdue => (StoredState::Open, DUE_DATE_MIN, yesterday),
        Status::Completed => (StoredState::Completed, DUE_DATE_MIN, DUE_DATE_MAX),
        Status::Waived => (StoredState::Waived, DUE_DATE_MIN, DUE_DATE_MAX),
    };
    StatusBounds {
        stored,
        due_on_min,
        due_on_max,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_those_of_the_contract() {
        assert_eq!(
            Status::ALL.map(Status::as_str),
            ["upcoming", "due_today", "overdue", "completed", "waived"]
        );
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Status::parse("Overdue"), None);
        assert_eq!(StoredState::parse("waived"), Some(StoredState::Waived));
        assert_eq!(StoredState::parse("overdue"), None);
    }

    #[test]
    fn an_open_item_is_overdue_only_on_the_day_after_its_date() {
        let due_on = NaiveDate::from_ymd_opt(2028, 2, 29).expect("a leap day");
        let on = |offset| derive(StoredState::Open, due_on, due_on + TimeDelta::days(offset));
        assert_eq!(
            [on(-1), on(0), on(1)],
            [Status::Upcoming, Status::DueToday, Status::Overdue]
        );
    }

    proptest! {
        #[test]
        fn every_item_lies_inside_the_bounds_of_its_own_status_and_of_no_other(due in 0i64..84_000, today in 0i64..84_000, near in any::<bool>()) {
            let due_on = DUE_DATE_MIN + TimeDelta::days(due);
            let today = if near { due_on + TimeDelta::days(today % 3 - 1) } else { DUE_DATE_MIN + TimeDelta::days(today) };
            for stored in [StoredState::Open, StoredState::Completed, StoredState::Waived] {
                let status = derive(stored, due_on, today);
                let found: Vec<Status> = Status::ALL
                    .into_iter()
                    .filter(|wanted| {
                        let bounds = bounds(*wanted, today);
                        bounds.stored == stored && (bounds.due_on_min..=bounds.due_on_max).contains(&due_on)
                    })
                    .collect();
                prop_assert_eq!(found, vec![status]);
            }
        }
    }
}
