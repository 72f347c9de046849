//! What a review is, when one is due, and when head office is reminded of it.

use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    account_mail::Notice,
    ids::{AccessReviewId, BranchId, PersonId},
    people::PersonStatus,
    permission::Role,
};

/// How long there is for a review.
pub(super) const DUE_AFTER: TimeDelta = TimeDelta::days(14);
/// How long before its date head office is reminded.
const REMIND_BEFORE: TimeDelta = TimeDelta::days(7);
/// How often it is reminded of an overdue one.
const REMIND_EVERY: TimeDelta = TimeDelta::days(7);

/// A look at everybody's access.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AccessReview {
    /// Its id.
    pub id: AccessReviewId,
    /// When it began: what its rows show is what was so then.
    pub started_at: DateTime<Utc>,
    /// Who began it; null if it began by itself.
    pub started_by: Option<PersonId>,
    /// The day by which everybody is to be decided on.
    pub due_on: NaiveDate,
    /// When it was finished.
    pub finished_at: Option<DateTime<Utc>>,
    /// Who finished it.
    pub finished_by: Option<PersonId>,
    /// How many people it is about.
    pub row_count: i64,
    /// How many of them were not decided on.
    pub undecided_count: i64,
    /// How many keep what they had.
    pub kept_count: i64,
    /// How many are to have something else.
    pub changed_count: i64,
    /// How many have lost their access.
    pub revoked_count: i64,
}

/// A review with everybody whom it is about.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WholeReview {
    /// The review.
    #[serde(flatten)]
    pub review: AccessReview,
    /// A row a person, by name.
    pub rows: Vec<ReviewRow>,
}

/// What somebody had, and what was decided.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReviewRow {
    /// Who.
    pub person_id: PersonId,
    /// Their name as it is today.
    pub name: String,
    /// Their address as it is today; empty for somebody who was deleted.
    pub email: String,
    /// The role that they had.
    pub role: Role,
    /// The branches that they had.
    pub branch_ids: Vec<BranchId>,
    /// Whether they could sign in.
    pub status: PersonStatus,
    /// Whether their second factor was set up.
    pub mfa_enrolled: bool,
    /// When they had signed in last.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// How many API tokens of theirs counted.
    pub token_count: i32,
    /// What was decided.
    pub decision: Option<Decision>,
    /// Why.
    pub note: String,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom; null if the operator of the installation did, or if the person was deleted in the meantime.
    pub decided_by: Option<PersonId>,
    /// That person's name as it is today.
    pub decided_by_name: Option<String>,
    /// When head office let them in again after their access was revoked here: an act of its own, with its own event.
    pub enabled_again_at: Option<DateTime<Utc>>,
    /// Whether their role, their branches or their access are others now than when the review began.
    pub is_changed: bool,
}

/// What becomes of somebody's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Decision {
    /// It stays.
    Keep,
    /// It is to be another one; the review is finished when it is.
    Change,
    /// It is gone at once.
    Revoke,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Decision; 3] = [Decision::Keep, Decision::Change, Decision::Revoke];

    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Keep => "keep",
            Decision::Change => "change",
            Decision::Revoke => "revoke",
        }
    }

    /// The decision of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Decision::ALL
            .into_iter()
            .find(|decision| decision.as_str() == text)
    }
}

/// When the next review is due to begin: so many months after the last one began, or after the organisation did. Never by
/// itself if there are none.
pub(super) fn begins_at(since: DateTime<Utc>, every_months: i16) -> Option<DateTime<Utc>> {
    let months = u32::try_from(every_months)
        .ok()
        .filter(|months| *months > 0)?;
    since.checked_add_months(Months::new(months))
}

/// Whether head office is to be reminded today of a review: shortly before its date, when the date has passed, and every week
/// after that. Each of it once, on the first day on which anybody looks.
pub(super) fn is_to_remind(due_on: NaiveDate, reminded_on: NaiveDate, today: NaiveDate) -> bool {
    let soon = due_on - REMIND_BEFORE;
    if today <= due_on {
        today >= soon && reminded_on < soon
    } else {
        reminded_on <= due_on || today - reminded_on >= REMIND_EVERY
    }
}

/// The letter that goes with a reminder: one before the date and one when it has passed. The weekly ones after that stand in
/// the inbox and on Today alone.
pub(super) fn letter(
    due_on: NaiveDate,
    reminded_on: NaiveDate,
    today: NaiveDate,
) -> Option<Notice> {
    match (today <= due_on, reminded_on <= due_on) {
        (true, _) => Some(Notice::AccessReviewSoon),
        (false, true) => Some(Notice::AccessReviewOverdue),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 12, n).expect("a day")
    }

    #[test]
    fn a_review_begins_a_quarter_after_the_last_one_and_never_by_itself_without_months() {
        let then: DateTime<Utc> = "2026-11-30T10:00:00Z".parse().expect("an instant");
        let next = begins_at(then, 3).expect("some day");
        assert_eq!(next.to_rfc3339(), "2027-02-28T10:00:00+00:00");
        assert_eq!(begins_at(then, 0), None);
        assert_eq!(begins_at(then, -1), None);
    }

    #[test]
    fn head_office_is_reminded_before_the_date_after_it_and_every_week_then() {
        let due = day(15);
        let mut reminded = day(1);
        let mut told = Vec::new();
        for n in 1..=31 {
            if is_to_remind(due, reminded, day(n)) {
                reminded = day(n);
                told.push(n);
            }
        }
        assert_eq!(told, [8, 16, 23, 30]);
        // Nobody looked for a while: once, and not once for each day that was missed.
        assert!(is_to_remind(due, day(1), day(20)));
        assert!(!is_to_remind(due, day(20), day(21)));
    }
}
