//! What an obligation is: its parts with their limits, and the rules of its life, without a database.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    due_date::check_due_date,
    recurrence::{self, Anchor, Recurrence},
    schedule::{GraceDays, LeadDays, Status, StoredState},
};
use crate::{
    catalogue::{Key, keys},
    error::{Conflict, Error, Result},
    ids::{BranchId, ObligationId, PersonId, SeriesId, TemplateId},
    json,
};

/// Characters of a title at most.
pub const MAX_TITLE: usize = 200;
/// Characters of a category's name at most.
pub const MAX_CATEGORY: usize = 60;
/// Characters of an authority's reference at most.
pub const MAX_REFERENCE: usize = 200;
/// Characters of the notes at most.
pub const MAX_NOTES: usize = 4_000;
/// Characters of a completion's note or of a reason at most: in four bytes each they fit an audit entry's field.
pub const MAX_REASON: usize = 1_000;
/// Characters of the id in somebody else's system at most.
pub const MAX_EXTERNAL_ID: usize = 100;

/// The categories that every tenant has; a tenant may name others.
pub const CATEGORIES: [&str; 5] = [
    "trade_license",
    "fire_safety",
    "tax_vat",
    "environmental_permit",
    "inspection_renewal",
];

/// How bad it is to be late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A formality.
    Low,
    /// The usual.
    Medium,
    /// Fines, or a branch that may not trade.
    High,
    /// Danger to people or to the whole organisation.
    Critical,
}

impl Severity {
    /// From the mildest to the worst.
    pub const ALL: [Severity; 4] = [
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];

    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The severity of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Severity::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
    }
}

/// Where an obligation came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Typed in.
    Manual,
    /// Made from a template.
    Template,
    /// Read from a spreadsheet.
    Import,
    /// The successor of one that was completed or waived.
    Recurrence,
}

impl Source {
    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Manual => "manual",
            Source::Template => "template",
            Source::Import => "import",
            Source::Recurrence => "recurrence",
        }
    }
}

/// Everything about an obligation that a person decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The branch that owes it.
    pub branch_id: BranchId,
    /// The template it was made from.
    pub template_id: Option<TemplateId>,
    /// One of [`CATEGORIES`], or the tenant's own.
    pub category: String,
    /// What is owed.
    pub title: String,
    /// How bad it is to be late.
    pub severity: Severity,
    /// The civil date in the branch's zone.
    pub due_on: NaiveDate,
    /// Days after the due date before it escalates.
    pub grace: GraceDays,
    /// Days before the due date on which to remind.
    pub lead_days: LeadDays,
    /// When it comes back, if it does.
    pub recurrence: Option<Recurrence>,
    /// What the next date is counted from.
    pub anchor: Anchor,
    /// Who is to do it.
    pub owner_id: Option<PersonId>,
    /// Who does it when the owner can't.
    pub deputy_id: Option<PersonId>,
    /// Its id in somebody else's system, unique in the tenant.
    pub external_id: Option<String>,
    /// The authority's number for it.
    pub reference: String,
    /// Anything else.
    pub notes: String,
}

/// An obligation as it stands, for a decision about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: ObligationId,
    /// What it is.
    pub definition: Definition,
    /// The occurrences of which it is one.
    pub series_id: SeriesId,
    /// The date from which the series counts.
    pub series_anchor: NaiveDate,
    /// The date that the series gave it, wherever a person has moved it.
    pub occurrence_on: NaiveDate,
    /// Open, completed or waived.
    pub state: StoredState,
    /// Counts its changes.
    pub version: i32,
}

/// The next item of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Successor {
    /// When it is due.
    pub due_on: NaiveDate,
    /// From when its series counts.
    pub series_anchor: NaiveDate,
}

/// How one item stands in its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesDates {
    /// From when the series counts.
    pub anchor: NaiveDate,
    /// The date that the series gave the item.
    pub occurrence_on: NaiveDate,
}

impl Stored {
    /// How the item stands in its series once it is changed. A new rule counts from the date that the item then has, which
    /// is that rule's first: otherwise the item that follows a moved one would be due on the same day again.
    pub fn series_dates(&self, changed: &Definition) -> SeriesDates {
        if changed.recurrence == self.definition.recurrence {
            SeriesDates {
                anchor: self.series_anchor,
                occurrence_on: self.occurrence_on,
            }
        } else {
            SeriesDates {
                anchor: changed.due_on,
                occurrence_on: changed.due_on,
            }
        }
    }

    /// The same for a row of a spreadsheet, which gives date and rule together: where either differs, the series begins
    /// with the row's date. Counting on from the old one would leave out what the spreadsheet says is owed.
    pub fn series_dates_of_row(&self, row: &Definition) -> SeriesDates {
        if row.due_on == self.definition.due_on {
            self.series_dates(row)
        } else {
            SeriesDates {
                anchor: row.due_on,
                occurrence_on: row.due_on,
            }
        }
    }

    /// The successor of this item when it is done or waived on a day, if its series goes on. A series ends only where
    /// the calendar of due dates does.
    pub fn successor(&self, done_on: NaiveDate) -> Option<Successor> {
        let recurrence = self.definition.recurrence.as_ref()?;
        let (due_on, series_anchor) = recurrence::successor_due(
            recurrence,
            self.definition.anchor,
            self.series_anchor,
            self.occurrence_on,
            done_on,
        );
        check_due_date(due_on).ok().map(|due_on| Successor {
            due_on,
            series_anchor,
        })
    }

    /// Fails unless the item is open.
    pub fn must_be_open(&self) -> Result<()> {
        let settled = |key: Key| Err(Error::Conflict(Conflict::Settled(key.into())));
        match self.state {
            StoredState::Open => Ok(()),
            StoredState::Completed => settled(keys::OBLIGATION_ALREADY_COMPLETED),
            StoredState::Waived => settled(keys::OBLIGATION_ALREADY_WAIVED),
        }
    }
}

/// That it was done: by whom, when it was said, and the day on which it was done.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Completion {
    /// When it was marked.
    pub at: DateTime<Utc>,
    /// The civil day on which it was done.
    pub on: NaiveDate,
    /// Who marked it; empty once the person is erased.
    pub by: Option<PersonId>,
    /// What that person said.
    pub note: Option<String>,
}

/// That it need not be done: by whom, when and why.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Waiver {
    /// When it was waived.
    pub at: DateTime<Utc>,
    /// Who waived it; empty once the person is erased.
    pub by: Option<PersonId>,
    /// Why.
    pub reason: String,
}

/// An obligation as pages and programs see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Obligation {
    /// Its id.
    pub id: ObligationId,
    /// The branch that owes it.
    pub branch_id: BranchId,
    /// The template it was made from.
    pub template_id: Option<TemplateId>,
    /// One of the built-in categories, or the tenant's own.
    pub category: String,
    /// What is owed.
    pub title: String,
    /// How bad it is to be late.
    pub severity: String,
    /// `upcoming`, `due_today`, `overdue`, `completed` or `waived`, by today in the branch's zone.
    pub status: &'static str,
    /// The civil date in the branch's zone.
    #[serde(serialize_with = "json::date")]
    pub due_on: NaiveDate,
    /// Days after the due date before it escalates.
    pub grace_days: i16,
    /// Days before the due date on which to remind, the earliest first.
    pub lead_days: Vec<i16>,
    /// An RRULE, or null.
    pub recurrence: Option<String>,
    /// `schedule` or `completion`.
    pub anchor: String,
    /// Who is to do it.
    pub owner_id: Option<PersonId>,
    /// Who does it when the owner can't.
    pub deputy_id: Option<PersonId>,
    /// `manual`, `template`, `import` or `recurrence`.
    pub source: String,
    /// Its id in somebody else's system.
    pub external_id: Option<String>,
    /// The authority's number for it.
    pub reference: String,
    /// Anything else.
    pub notes: String,
    /// Set when it is completed.
    pub completion: Option<Completion>,
    /// Set when it is waived.
    pub waiver: Option<Waiver>,
    /// The occurrences of which it is one.
    pub series_id: SeriesId,
    /// When it was made.
    #[serde(serialize_with = "json::instant")]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[serde(serialize_with = "json::instant")]
    pub updated_at: DateTime<Utc>,
    /// Counts its changes; programs see it as the `ETag`.
    #[serde(skip)]
    pub version: i32,
    /// The branch's time zone, in which `due_on` and `status` are meant.
    #[serde(skip)]
    pub time_zone: String,
    /// The branch's name, for pages.
    #[serde(skip)]
    pub branch_name: String,
}

/// The answer to completing or waiving: the item, and the next of its series if there is one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Settled {
    /// The item as it is now.
    #[serde(flatten)]
    pub item: Obligation,
    /// The next item of the series.
    pub successor: Option<Obligation>,
}

impl Obligation {
    /// Its status as a type.
    pub fn status(&self) -> Status {
        Status::parse(self.status).unwrap_or(Status::Upcoming)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn stored(due_on: &str, occurrence_on: &str, recurrence: Option<&str>) -> Stored {
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
        Stored {
            id: Uuid::nil().into(),
            definition: Definition {
                branch_id: Uuid::nil().into(),
                template_id: None,
                category: "tax_vat".into(),
                title: "VAT return".into(),
                severity: Severity::High,
                due_on: date(due_on),
                grace: GraceDays::default(),
                lead_days: LeadDays::default(),
                recurrence: recurrence.map(|rule| Recurrence::parse(rule).expect("a rule")),
                anchor: Anchor::Schedule,
                owner_id: None,
                deputy_id: None,
                external_id: None,
                reference: String::new(),
                notes: String::new(),
            },
            series_id: Uuid::nil().into(),
            series_anchor: date("2026-01-31"),
            occurrence_on: date(occurrence_on),
            state: StoredState::Open,
            version: 1,
        }
    }

    #[test]
    fn a_moved_item_is_followed_by_the_next_date_of_its_series() {
        let moved = stored("2026-01-20", "2026-01-31", Some("FREQ=MONTHLY"));
        let successor = moved
            .successor("2026-01-19".parse().expect("a date"))
            .expect("goes on");
        assert_eq!(successor.due_on.to_string(), "2026-02-28");
    }

    #[test]
    fn a_new_rule_counts_from_the_date_to_which_the_item_was_moved() {
        let mut moved = stored("2026-02-10", "2026-01-31", Some("FREQ=MONTHLY"));
        let mut changed = moved.definition.clone();
        assert_eq!(moved.series_dates(&changed).anchor, moved.series_anchor);
        changed.recurrence = Some(Recurrence::parse("FREQ=YEARLY").expect("a rule"));
        let series = moved.series_dates(&changed);
        moved.definition = changed;
        moved.series_anchor = series.anchor;
        moved.occurrence_on = series.occurrence_on;
        let successor = moved
            .successor("2026-02-09".parse().expect("a date"))
            .expect("goes on");
        assert_eq!(successor.due_on.to_string(), "2027-02-10");
    }

    #[test]
    fn a_row_with_another_date_begins_the_series_anew() {
        let mut typed_wrong = stored("2028-11-16", "2028-11-16", Some("FREQ=YEARLY;INTERVAL=2"));
        let mut row = typed_wrong.definition.clone();
        assert_eq!(
            typed_wrong.series_dates_of_row(&row).anchor,
            typed_wrong.series_anchor
        );
        row.due_on = "2026-11-16".parse().expect("a date");
        let series = typed_wrong.series_dates_of_row(&row);
        typed_wrong.definition = row;
        typed_wrong.series_anchor = series.anchor;
        typed_wrong.occurrence_on = series.occurrence_on;
        let successor = typed_wrong.successor("2026-11-16".parse().expect("a date"));
        assert_eq!(successor.expect("goes on").due_on.to_string(), "2028-11-16");
    }

    #[test]
    fn without_a_rule_nothing_follows() {
        assert_eq!(
            stored("2026-01-31", "2026-01-31", None)
                .successor("2026-01-31".parse().expect("a date")),
            None
        );
    }

    #[test]
    fn what_is_done_is_not_done_again() {
        let mut done = stored("2026-01-31", "2026-01-31", None);
        done.state = StoredState::Completed;
        assert!(matches!(
            done.must_be_open(),
            Err(Error::Conflict(Conflict::Settled(_)))
        ));
    }
}
