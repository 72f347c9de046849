//! What a list of obligations can be narrowed by, as the URL has it. The filter is part of the paging cursor.

use serde::{Deserialize, Serialize};

use super::{
    model::Severity,
    schedule::{Status, StoredState},
};
use crate::{
    error::{FieldErrors, Result},
    ids::{BranchId, PersonId, TemplateId},
    raw::Raw,
};

/// The filter as it stands in the URL. Empty values mean no restriction.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawFilter {
    /// One branch.
    pub branch_id: Raw,
    /// `upcoming`, `due_today`, `overdue`, `completed`, `waived`, or `open` for the first three.
    pub status: Raw,
    /// One category.
    pub category: Raw,
    /// One severity.
    pub severity: Raw,
    /// One owner, or `none` for what nobody owns.
    pub owner_id: Raw,
    /// One template.
    pub template_id: Raw,
    /// Due on this date or later.
    pub due_from: Raw,
    /// Due on this date or earlier.
    pub due_to: Raw,
    /// Words in title or reference.
    pub q: Raw,
    /// `due_on` (default) or `-due_on`.
    pub sort: Raw,
}

/// A checked filter.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Filter {
    /// One branch.
    pub branch_id: Option<BranchId>,
    /// A status.
    pub status: Option<StatusFilter>,
    /// One category.
    pub category: Option<String>,
    /// One severity.
    pub severity: Option<Severity>,
    /// One owner, or nobody.
    pub owner_id: Option<Owner>,
    /// One template.
    pub template_id: Option<TemplateId>,
    /// Due on this date or later.
    pub due_from: Option<chrono::NaiveDate>,
    /// Due on this date or earlier.
    pub due_to: Option<chrono::NaiveDate>,
    /// Words in title or reference.
    pub words: Option<String>,
    /// The order.
    pub sort: Sort,
}

/// Whose obligations a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Owner {
    /// Those that nobody owns.
    Nobody,
    /// Those of one person.
    Person(PersonId),
}

impl Owner {
    /// The person, if one is meant.
    pub(super) fn person(self) -> Option<PersonId> {
        match self {
            Owner::Nobody => None,
            Owner::Person(id) => Some(id),
        }
    }
}

/// The order of a list. The id breaks ties, so that paging never repeats or skips.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Sort {
    /// The earliest due date first.
    #[default]
    DueFirst,
    /// The latest due date first.
    DueLast,
}

/// A status, or the three that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum StatusFilter {
    /// Upcoming, due today or overdue.
    Open,
    /// Not due yet.
    Upcoming,
    /// Due today.
    DueToday,
    /// Late.
    Overdue,
    /// Done.
    Completed,
    /// Waived.
    Waived,
}

impl StatusFilter {
    /// As in the URL.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "open" => StatusFilter::Open,
            "upcoming" => StatusFilter::Upcoming,
            "due_today" => StatusFilter::DueToday,
            "overdue" => StatusFilter::Overdue,
            "completed" => StatusFilter::Completed,
            "waived" => StatusFilter::Waived,
            _ => return None,
        })
    }

    /// What is stored of the status.
    pub(super) fn stored(self) -> StoredState {
        match self {
            StatusFilter::Completed => StoredState::Completed,
            StatusFilter::Waived => StoredState::Waived,
            _ => StoredState::Open,
        }
    }

    /// The status that depends on today, if it does.
    pub(super) fn by_day(self) -> Option<Status> {
        match self {
            StatusFilter::Upcoming => Some(Status::Upcoming),
            StatusFilter::DueToday => Some(Status::DueToday),
            StatusFilter::Overdue => Some(Status::Overdue),
            _ => None,
        }
    }
}

impl RawFilter {
    /// The checked filter.
    pub fn parse(&self) -> Result<Filter> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let date = |raw: &Raw, field: &str, e: &mut FieldErrors| match raw.words() {
            Ok(None) => None,
            _ => super::input::due_on(raw, field, e),
        };
        let some = |text: Option<String>| text.filter(|words| !words.is_empty());
        let filter = Filter {
            branch_id: self.branch_id.id(e, "branch_id").flatten(),
            status: self
                .status
                .one_of(
                    e,
                    "status",
                    "open, upcoming, due_today, overdue, completed, waived",
                    StatusFilter::parse,
                )
                .flatten(),
            category: some(
                self.category
                    .optional_line(e, "category", super::model::MAX_CATEGORY),
            ),
            severity: self
                .severity
                .one_of(
                    e,
                    "severity",
                    "low, medium, high, critical",
                    Severity::parse,
                )
                .flatten(),
            owner_id: match self.owner_id.words() {
                Ok(Some(words)) if words.trim() == "none" => Some(Owner::Nobody),
                _ => self.owner_id.id(e, "owner_id").flatten().map(Owner::Person),
            },
            template_id: self.template_id.id(e, "template_id").flatten(),
            due_from: date(&self.due_from, "due_from", e),
            due_to: date(&self.due_to, "due_to", e),
            words: some(self.q.optional_line(e, "q", super::model::MAX_TITLE)),
            sort: self
                .sort
                .one_of(e, "sort", "due_on, -due_on", |text| match text {
                    "due_on" => Some(Sort::DueFirst),
                    "-due_on" => Some(Sort::DueLast),
                    _ => None,
                })
                .flatten()
                .unwrap_or_default(),
        };
        errors.finish()?;
        Ok(filter)
    }
}
