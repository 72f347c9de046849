//! The days on which somebody is reminded of an obligation, counted in civil days from its date: some days before, on the day,
//! the day after, and once the grace has passed.

use chrono::{Days, NaiveDate};

use super::error::ScheduleError;

/// The most days ahead that a reminder can be.
pub const MAX_LEAD_DAYS: u16 = 365;
/// The most reminders before a due date.
pub const MAX_LEAD_COUNT: usize = 12;
/// The longest grace, in days.
pub const MAX_GRACE_DAYS: u16 = 365;
/// The reminders before a due date unless something else is set, in days.
pub const DEFAULT_LEAD_DAYS: [u16; 5] = [30, 14, 7, 3, 1];

/// The days before a due date on which somebody is reminded: distinct, the earliest reminder first. An empty list means that
/// reminders begin on the day itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeadDays(Vec<u16>);

impl LeadDays {
    /// Checks a list, in any order.
    ///
    /// # Errors
    ///
    /// [`ScheduleError`] for too many, out of range, or one twice.
    pub fn new(days: &[i64]) -> Result<Self, ScheduleError> {
        if days.len() > MAX_LEAD_COUNT {
            return Err(ScheduleError::LeadCount);
        }
        let checked: Option<Vec<u16>> = days
            .iter()
            .map(|day| {
                u16::try_from(*day)
                    .ok()
                    .filter(|day| (1..=MAX_LEAD_DAYS).contains(day))
            })
            .collect();
        let mut checked = checked.ok_or(ScheduleError::LeadRange)?;
        checked.sort_unstable_by(|a, b| b.cmp(a));
        if checked.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ScheduleError::LeadTwice);
        }
        Ok(Self(checked))
    }

    /// Reads a list as people write it in a cell or a field: numbers parted by commas, semicolons, slashes or spaces.
    ///
    /// # Errors
    ///
    /// [`ScheduleError`] for anything else in it, or what [`LeadDays::new`] refuses.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let mut days = Vec::new();
        for piece in text
            .split([',', ';', '/', ' '])
            .filter(|piece| !piece.is_empty())
        {
            if days.len() == MAX_LEAD_COUNT {
                return Err(ScheduleError::LeadCount);
            }
            if !piece.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ScheduleError::LeadShape);
            }
            days.push(piece.parse().map_err(|_| ScheduleError::LeadRange)?);
        }
        Self::new(&days)
    }

    /// The days, the largest first.
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

impl Default for LeadDays {
    fn default() -> Self {
        Self(DEFAULT_LEAD_DAYS.to_vec())
    }
}

/// How many days an overdue obligation has before it is escalated. None by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GraceDays(u16);

impl GraceDays {
    /// Checks a number of days.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::GraceRange`].
    pub fn new(days: i64) -> Result<Self, ScheduleError> {
        u16::try_from(days)
            .ok()
            .filter(|days| *days <= MAX_GRACE_DAYS)
            .map(Self)
            .ok_or(ScheduleError::GraceRange)
    }

    /// In days.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// A reason to remind somebody, ordered by how pressing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Threshold {
    /// So many days before the due date.
    Before(u16),
    /// The due date.
    DueDay,
    /// The first day on which it is overdue: the day after the due date, whatever the grace.
    Overdue,
    /// The day after the last day of grace. Without grace it falls on the same day as [`Threshold::Overdue`]; both exist, as
    /// they go to different people.
    Escalation,
    /// Somebody had it in hand, or wanted to hear of it later, and it is still open. It falls on a day of the answer's, and is
    /// none of an item's own thresholds.
    Again,
}

impl Threshold {
    /// Every threshold of an item, in the order in which they come.
    pub fn all(lead_days: &LeadDays) -> impl Iterator<Item = Self> {
        let before = lead_days.as_slice().iter().map(|days| Self::Before(*days));
        before.chain([Self::DueDay, Self::Overdue, Self::Escalation])
    }

    /// Reads the code that [`Threshold::code`] writes.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "due_day" => Some(Self::DueDay),
            "overdue" => Some(Self::Overdue),
            "escalation" => Some(Self::Escalation),
            "again" => Some(Self::Again),
            _ => {
                let days = code.strip_prefix("before_")?.parse().ok()?;
                let threshold = Self::Before(days);
                // One code a threshold: no leading zero, no sign.
                ((1..=MAX_LEAD_DAYS).contains(&days) && threshold.code() == code)
                    .then_some(threshold)
            }
        }
    }

    /// The name in the ledger, such as `before_30`.
    pub fn code(self) -> String {
        match self {
            Self::Before(days) => format!("before_{days}"),
            Self::DueDay => "due_day".to_owned(),
            Self::Overdue => "overdue".to_owned(),
            Self::Escalation => "escalation".to_owned(),
            Self::Again => "again".to_owned(),
        }
    }

    /// The civil date on which it falls.
    pub fn on(self, due_on: NaiveDate, grace: GraceDays) -> NaiveDate {
        let moved = match self {
            Self::Before(days) => due_on.checked_sub_days(Days::new(days.into())),
            Self::DueDay | Self::Again => Some(due_on),
            Self::Overdue => due_on.succ_opt(),
            Self::Escalation => due_on.checked_add_days(Days::new(u64::from(grace.get()) + 1)),
        };
        // Due dates keep centuries away from both ends of the calendar.
        moved.unwrap_or(due_on)
    }

    /// Larger is more pressing.
    pub(super) fn rank(self) -> (u8, i32) {
        match self {
            Self::Again => (0, i32::MIN),
            Self::Before(days) => (0, -i32::from(days)),
            Self::DueDay => (1, 0),
            Self::Overdue => (2, 0),
            Self::Escalation => (3, 0),
        }
    }
}

impl PartialOrd for Threshold {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Threshold {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn falls_on(threshold: Threshold, due_on: &str, grace: i64) -> String {
        let due_on = due_on.parse().expect("tests write real dates");
        threshold
            .on(due_on, GraceDays::new(grace).expect("a grace in range"))
            .to_string()
    }

    #[test]
    fn thresholds_cross_month_ends_and_leap_days() {
        assert_eq!(
            falls_on(Threshold::Before(30), "2026-03-30", 0),
            "2026-02-28"
        );
        assert_eq!(
            falls_on(Threshold::Before(30), "2028-03-30", 0),
            "2028-02-29"
        );
        assert_eq!(
            falls_on(Threshold::Before(1), "2028-03-01", 0),
            "2028-02-29"
        );
        assert_eq!(
            falls_on(Threshold::Before(365), "2029-02-28", 0),
            "2028-02-29"
        );
        assert_eq!(falls_on(Threshold::DueDay, "2026-12-31", 0), "2026-12-31");
        assert_eq!(falls_on(Threshold::Overdue, "2026-12-31", 10), "2027-01-01");
        assert_eq!(
            falls_on(Threshold::Escalation, "2026-12-31", 10),
            "2027-01-11"
        );
    }

    #[test]
    fn without_grace_the_escalation_falls_on_the_first_overdue_day() {
        assert_eq!(
            falls_on(Threshold::Escalation, "2026-01-31", 0),
            falls_on(Threshold::Overdue, "2026-01-31", 0)
        );
    }

    #[test]
    fn codes_read_back_and_there_is_one_for_each() {
        for threshold in [
            Threshold::Before(1),
            Threshold::Before(365),
            Threshold::DueDay,
            Threshold::Overdue,
            Threshold::Escalation,
        ] {
            assert_eq!(Threshold::parse(&threshold.code()), Some(threshold));
        }
        for code in [
            "",
            "before_",
            "before_0",
            "before_030",
            "before_+3",
            "before_-3",
            "before_366",
            "before_70000",
            "Overdue",
            "due",
        ] {
            assert_eq!(Threshold::parse(code), None, "{code}");
        }
    }

    #[test]
    fn lead_days_are_distinct_in_range_and_the_largest_first() {
        assert_eq!(LeadDays::default().as_slice(), DEFAULT_LEAD_DAYS);
        assert_eq!(
            LeadDays::new(&[1, 30, 7]).expect("a list").as_slice(),
            [30, 7, 1]
        );
        assert_eq!(
            LeadDays::new(&[]).expect("no reminders before").as_slice(),
            [0u16; 0]
        );
        assert_eq!(LeadDays::new(&[0]), Err(ScheduleError::LeadRange));
        assert_eq!(LeadDays::new(&[366]), Err(ScheduleError::LeadRange));
        assert_eq!(LeadDays::new(&[-1]), Err(ScheduleError::LeadRange));
        assert_eq!(LeadDays::new(&[i64::MAX]), Err(ScheduleError::LeadRange));
        assert_eq!(LeadDays::new(&[7, 7]), Err(ScheduleError::LeadTwice));
        assert!(LeadDays::new(&(1..=12).collect::<Vec<i64>>()).is_ok());
        assert_eq!(
            LeadDays::new(&(1..=13).collect::<Vec<i64>>()),
            Err(ScheduleError::LeadCount)
        );
    }

    #[test]
    fn lead_days_are_read_as_people_write_them() {
        for text in [
            "30,14,7,3,1",
            "30/14/7/3/1",
            " 1; 3; 7; 14; 30 ",
            "30 14 7 3 1",
        ] {
            assert_eq!(LeadDays::parse(text), Ok(LeadDays::default()), "{text}");
        }
        assert_eq!(LeadDays::parse(""), LeadDays::new(&[]));
        for text in ["thirty", "30,-7", "30.5", "+3", "30,x", "\u{663}", "3\0"] {
            assert_eq!(
                LeadDays::parse(text),
                Err(ScheduleError::LeadShape),
                "{text:?}"
            );
        }
        assert_eq!(
            LeadDays::parse("99999999999999999999"),
            Err(ScheduleError::LeadRange)
        );
        assert_eq!(
            LeadDays::parse(&"1,".repeat(100_000)),
            Err(ScheduleError::LeadCount)
        );
    }

    #[test]
    fn grace_has_a_range() {
        assert_eq!(GraceDays::default().get(), 0);
        assert_eq!(GraceDays::new(365).map(GraceDays::get), Ok(365));
        assert_eq!(GraceDays::new(366), Err(ScheduleError::GraceRange));
        assert_eq!(GraceDays::new(-1), Err(ScheduleError::GraceRange));
    }

    proptest! {
        #[test]
        fn thresholds_come_in_the_order_of_their_dates(
            days in proptest::collection::btree_set(1i64..=365, 0..=12), grace in 0i64..=365, due in 0i64..84_000,
        ) {
            let lead_days = LeadDays::new(&days.into_iter().collect::<Vec<_>>()).expect("a list in range");
            let due_on = crate::obligations::due_date::DUE_DATE_MIN + chrono::TimeDelta::days(due);
            let grace = GraceDays::new(grace).expect("a grace in range");
            let all: Vec<Threshold> = Threshold::all(&lead_days).collect();
            prop_assert!(all.is_sorted() && all.is_sorted_by_key(|threshold| threshold.on(due_on, grace)));
            prop_assert_eq!(all.len(), lead_days.as_slice().len() + 3);
        }

        #[test]
        fn any_text_is_answered_without_a_panic(text in any::<String>()) {
            let _ = LeadDays::parse(&text);
            let _ = Threshold::parse(&text);
        }
    }
}
