//! What a digest is, who wishes one, and by whose clock it comes.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::{
    ids::{BranchId, PersonId},
    permission::Role,
    words::words,
};

/// When digests are sent, in the zone of whoever gets them.
pub const SENT_AT: NaiveTime = NaiveTime::from_hms_opt(8, 0, 0).expect("eight o'clock is a time");
/// Obligations that one digest names; the table of digests has the same check.
pub const MAX_LINES: usize = 50;

words! {
    /// How often a digest comes.
    Kind {
        /// Every day.
        Daily = "daily",
        /// Every Monday.
        Weekly = "weekly",
    }
}

impl Kind {
    /// How many days ahead it looks. What is overdue or due today is in every one.
    pub const fn days_ahead(self) -> i64 {
        match self {
            Kind::Daily => 7,
            Kind::Weekly => 30,
        }
    }
}

/// That somebody wishes a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// How often.
    pub kind: Kind,
    /// Whether it comes in the place of single reminders, as far as the organisation lets its people leave those out.
    pub instead: bool,
    /// Since when: what had fallen before is not made up for.
    pub since: DateTime<Utc>,
}

/// Somebody who wishes a digest and can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wisher {
    /// Who.
    pub person: PersonId,
    /// What they may see.
    pub role: Role,
    /// Where they work.
    pub branches: Vec<BranchId>,
    /// By which clock they live: see [`zone_of`].
    pub zone: Tz,
    /// What they wish.
    pub wish: Wish,
    /// On which day, in their zone, their last digest fell, whether there was anything to tell or not.
    pub last_on: Option<NaiveDate>,
}

/// By which clock somebody lives: that of their branches if these share one, else that of the organisation. Head office lives by
/// the organisation's.
pub fn zone_of(role: Role, branches: &[Tz], organisation: Tz) -> Tz {
    match (role, branches) {
        (Role::BranchManager | Role::Operator, [first, others @ ..])
            if others.iter().all(|zone| zone == first) =>
        {
            *first
        }
        _ => organisation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_lives_by_the_clock_of_their_branches_if_these_share_one() {
        let (dhaka, line, utc) = (Tz::Asia__Dhaka, Tz::Pacific__Kiritimati, Tz::UTC);
        let zone = |role, branches: &[Tz]| zone_of(role, branches, utc);
        assert_eq!(zone(Role::Operator, &[dhaka]), dhaka);
        assert_eq!(zone(Role::BranchManager, &[line, line]), line);
        assert_eq!(zone(Role::BranchManager, &[line, dhaka]), utc);
        assert_eq!(zone(Role::Operator, &[]), utc);
        assert_eq!(zone(Role::HeadOfficeAdmin, &[dhaka]), utc);
    }
}
