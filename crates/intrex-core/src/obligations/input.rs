//! What people and programs send about an obligation, and how it becomes a [`Definition`] or a list of what is wrong, all
//! fields at once. Names that refer to other records are only parsed here: whether they exist is the database's to say.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    due_date::{DueDateError, parse_due_date},
    model::{
        Definition, MAX_CATEGORY, MAX_EXTERNAL_ID, MAX_NOTES, MAX_REASON, MAX_REFERENCE, MAX_TITLE,
        Severity,
    },
    recurrence::{Anchor, Recurrence},
    schedule::{GraceDays, LeadDays},
};
use crate::{
    catalogue::{Text, keys},
    error::{Error, FieldErrors, Result},
    raw::Raw,
    templates::Template,
};

/// A new obligation, or changes to one: a change names only the fields that change.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawObligation {
    /// The branch that owes it. Required; can't be changed.
    #[schema(value_type = uuid::Uuid)]
    pub branch_id: Raw,
    /// A template that fills the fields that are not sent.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub template_id: Raw,
    /// A category. Required without a template.
    #[schema(value_type = Option<String>, max_length = 60)]
    pub category: Raw,
    /// What is owed. Required without a template.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub title: Raw,
    /// `low`, `medium` (default), `high` or `critical`.
    #[schema(value_type = Option<Severity>)]
    pub severity: Raw,
    /// `YYYY-MM-DD`. Required; moved by rescheduling, with a reason.
    #[schema(value_type = NaiveDate)]
    pub due_on: Raw,
    /// An RRULE; null or empty for something that is owed once.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub recurrence: Raw,
    /// `schedule` (default) or `completion`.
    #[schema(value_type = Option<String>)]
    pub anchor: Raw,
    /// Days before the due date, 1 to 365, at most 12; default 30, 14, 7, 3, 1.
    #[schema(value_type = Option<Vec<i16>>)]
    pub lead_days: Raw,
    /// 0 (default) to 365.
    #[schema(value_type = Option<i16>, minimum = 0, maximum = 365)]
    pub grace_days: Raw,
    /// Who is to do it.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub owner_id: Raw,
    /// Who does it when the owner can't.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub deputy_id: Raw,
    /// Its id in another system, unique in the organisation.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub external_id: Raw,
    /// The authority's number for it.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub reference: Raw,
    /// Anything else.
    #[schema(value_type = Option<String>, max_length = 4000)]
    pub notes: Raw,
}

impl RawObligation {
    /// A new obligation. Fields that were not sent come from the template, else from the defaults.
    pub fn parse(&self, template: Option<&Template>) -> Result<Definition> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let branch_id = self.branch_id.id(e, "branch_id");
        if branch_id == Some(None) {
            e.add("branch_id", keys::ERROR_FIELD_REQUIRED);
        }
        let from_template = |field: &Raw, own: fn(&Template) -> &str| match template {
            Some(template) if !field.is_given() => Raw::from(own(template)),
            _ => field.clone(),
        };
        let category = from_template(&self.category, |t| &t.category);
        let category = category.line(e, "category", MAX_CATEGORY);
        let title = from_template(&self.title, |t| &t.title).line(e, "title", MAX_TITLE);
        let severity = severity(&from_template(&self.severity, |t| &t.severity), e);
        let due_on = due_on(&self.due_on, "due_on", e);
        let recurrence = recurrence(
            &from_template(&self.recurrence, |t| {
                t.recurrence.as_deref().unwrap_or_default()
            }),
            e,
        );
        let anchor = anchor(&from_template(&self.anchor, |t| &t.anchor), e);
        let lead_days = match template {
            Some(template) if !self.lead_days.is_given() => template.lead_days(),
            _ if !self.lead_days.is_given() => Some(LeadDays::default()),
            _ => lead_days(&self.lead_days, e),
        };
        let grace = match template {
            Some(template) if !self.grace_days.is_given() => {
                GraceDays::new(template.grace_days.into()).ok()
            }
            _ => grace(&self.grace_days, e),
        };
        let owner_id = self.owner_id.id(e, "owner_id");
        let deputy_id = self.deputy_id.id(e, "deputy_id");
        let external_id = self
            .external_id
            .optional_line(e, "external_id", MAX_EXTERNAL_ID);
        let reference = self.reference.optional_line(e, "reference", MAX_REFERENCE);
        let notes = self.notes.paragraphs(e, "notes", MAX_NOTES);
        errors.finish()?;
        let complete = (|| {
            Some(Definition {
                branch_id: branch_id??,
                template_id: template.map(|t| t.id),
                category: category?,
                title: title?,
                severity: severity?,
                due_on: due_on?,
                grace: grace?,
                lead_days: lead_days?,
                recurrence: recurrence?,
                anchor: anchor?,
                owner_id: owner_id?,
                deputy_id: deputy_id?,
                external_id: external_id?.some_words(),
                reference: reference?,
                notes: notes?,
            })
        })();
        complete.ok_or_else(|| Error::internal("a field was refused without saying why"))
    }

    /// Changes to an obligation: the definition with the fields that were sent.
    pub fn change(&self, old: &Definition) -> Result<Definition> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        for (field, raw) in [
            ("branch_id", &self.branch_id),
            ("template_id", &self.template_id),
            ("due_on", &self.due_on),
            ("external_id", &self.external_id),
        ] {
            if raw.is_given() {
                e.add(field, keys::OBLIGATION_FIELD_FIXED);
            }
        }
        let mut new = old.clone();
        let n = &mut new;
        set(self.category.is_given(), &mut n.category, || {
            self.category.line(e, "category", MAX_CATEGORY)
        });
        set(self.title.is_given(), &mut n.title, || {
            self.title.line(e, "title", MAX_TITLE)
        });
        set(self.severity.is_given(), &mut n.severity, || {
            severity(&self.severity, e)
        });
        set(self.recurrence.is_given(), &mut n.recurrence, || {
            recurrence(&self.recurrence, e)
        });
        set(self.anchor.is_given(), &mut n.anchor, || {
            anchor(&self.anchor, e)
        });
        set(self.lead_days.is_given(), &mut n.lead_days, || {
            lead_days(&self.lead_days, e)
        });
        set(self.grace_days.is_given(), &mut n.grace, || {
            grace(&self.grace_days, e)
        });
        set(self.owner_id.is_given(), &mut n.owner_id, || {
            self.owner_id.id(e, "owner_id")
        });
        set(self.deputy_id.is_given(), &mut n.deputy_id, || {
            self.deputy_id.id(e, "deputy_id")
        });
        set(self.reference.is_given(), &mut n.reference, || {
            self.reference.optional_line(e, "reference", MAX_REFERENCE)
        });
        set(self.notes.is_given(), &mut n.notes, || {
            self.notes.paragraphs(e, "notes", MAX_NOTES)
        });
        errors.finish()?;
        Ok(new)
    }
}

fn set<T>(given: bool, target: &mut T, read: impl FnOnce() -> Option<T>) {
    if given && let Some(value) = read() {
        *target = value;
    }
}

trait SomeWords {
    fn some_words(self) -> Option<String>;
}

impl SomeWords for String {
    fn some_words(self) -> Option<String> {
        (!self.is_empty()).then_some(self)
    }
}

/// That an obligation was done.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawCompletion {
    /// What to remember about it.
    #[schema(value_type = Option<String>, max_length = 1000)]
    pub note: Raw,
    /// The civil day on which it was done; default today in the branch's zone. Not in the future.
    #[schema(value_type = Option<NaiveDate>)]
    pub completed_on: Raw,
}

impl RawCompletion {
    /// The note, and the day if one was given.
    pub fn parse(&self) -> Result<(Option<String>, Option<NaiveDate>)> {
        let mut errors = FieldErrors::new();
        let note = self.note.paragraphs(&mut errors, "note", MAX_REASON);
        let on = match self.completed_on.words() {
            Ok(None) => None,
            _ => done_on(&self.completed_on, &mut errors),
        };
        errors.finish()?;
        Ok((note.and_then(SomeWords::some_words), on))
    }
}

/// Why something is done: waiving and reopening ask for it.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawReason {
    /// Why.
    #[schema(value_type = String, max_length = 1000)]
    pub reason: Raw,
}

impl RawReason {
    /// The reason.
    pub fn parse(&self) -> Result<String> {
        let mut errors = FieldErrors::new();
        let reason = reason(&self.reason, &mut errors);
        errors.finish()?;
        reason.ok_or_else(|| Error::internal("a reason was refused without saying why"))
    }
}

/// A new date, and why.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawReschedule {
    /// The new date.
    #[schema(value_type = NaiveDate)]
    pub due_on: Raw,
    /// Why.
    #[schema(value_type = String, max_length = 1000)]
    pub reason: Raw,
}

impl RawReschedule {
    /// The date and the reason.
    pub fn parse(&self) -> Result<(NaiveDate, String)> {
        let mut errors = FieldErrors::new();
        let date = due_on(&self.due_on, "due_on", &mut errors);
        let reason = reason(&self.reason, &mut errors);
        errors.finish()?;
        date.zip(reason)
            .ok_or_else(|| Error::internal("a field was refused without saying why"))
    }
}

fn reason(raw: &Raw, errors: &mut FieldErrors) -> Option<String> {
    let reason = raw.paragraphs(errors, "reason", MAX_REASON)?;
    if reason.is_empty() {
        errors.add("reason", keys::ERROR_FIELD_REQUIRED);
        return None;
    }
    Some(reason)
}

/// A day of the calendar; whether it can have been done on it is for the command to say, which knows today.
fn done_on(raw: &Raw, errors: &mut FieldErrors) -> Option<NaiveDate> {
    let checked = match raw.words() {
        Ok(Some(words)) => match parse_due_date(words.trim()) {
            Err(DueDateError::OutOfRange) => Err(keys::OBLIGATION_COMPLETED_OUT_OF_RANGE.into()),
            parsed => parsed.map_err(Text::from),
        },
        _ => Err(keys::ERROR_FIELD_NOT_A_DATE.into()),
    };
    errors.take("completed_on", checked)
}

pub(crate) fn due_on(raw: &Raw, field: &str, errors: &mut FieldErrors) -> Option<NaiveDate> {
    let checked = match raw.words() {
        Ok(None) => Err(keys::ERROR_FIELD_REQUIRED.into()),
        Ok(Some(words)) => parse_due_date(words.trim()).map_err(Text::from),
        Err(_) => Err(keys::ERROR_FIELD_NOT_A_DATE.into()),
    };
    errors.take(field, checked)
}

pub(crate) fn severity(raw: &Raw, errors: &mut FieldErrors) -> Option<Severity> {
    let read = raw.one_of(
        errors,
        "severity",
        "low, medium, high, critical",
        Severity::parse,
    )?;
    Some(read.unwrap_or(Severity::Medium))
}

pub(crate) fn anchor(raw: &Raw, errors: &mut FieldErrors) -> Option<Anchor> {
    Some(
        raw.one_of(errors, "anchor", "schedule, completion", Anchor::parse)?
            .unwrap_or_default(),
    )
}

pub(crate) fn recurrence(raw: &Raw, errors: &mut FieldErrors) -> Option<Option<Recurrence>> {
    let checked = match raw.words() {
        Ok(None) => Ok(None),
        Ok(Some(words)) => Recurrence::parse(words.trim())
            .map(Some)
            .map_err(Text::from),
        Err(text) => Err(text),
    };
    errors.take("recurrence", checked)
}

pub(crate) fn lead_days(raw: &Raw, errors: &mut FieldErrors) -> Option<LeadDays> {
    let items = raw.list(errors, "lead_days", 12)?;
    let checked = LeadDays::parse(&items.join(",")).map_err(Text::from);
    errors.take("lead_days", checked)
}

pub(crate) fn grace(raw: &Raw, errors: &mut FieldErrors) -> Option<GraceDays> {
    let days = raw.number(errors, "grace_days", 0, 365)?;
    GraceDays::new(days.unwrap_or(0)).ok()
}
