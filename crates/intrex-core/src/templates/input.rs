//! What people and programs send about a template.

use serde::Deserialize;
use utoipa::ToSchema;

use super::model::Definition;
use crate::{
    error::{Error, FieldErrors, Result},
    obligations::{
        input::{anchor, grace, lead_days, recurrence, severity},
        model::{MAX_CATEGORY, MAX_TITLE, Severity},
        schedule::LeadDays,
    },
    raw::Raw,
};

/// Characters of a template's code at most.
const MAX_CODE: usize = 80;
/// Characters of a description at most.
const MAX_DESCRIPTION: usize = 4_000;
/// Characters of an authority's name at most.
const MAX_AUTHORITY: usize = 200;
/// Characters of a citation at most.
const MAX_CITATION: usize = 500;
/// Characters of a jurisdiction at most.
const MAX_JURISDICTION: usize = 60;
/// Entries of a list at most.
const MAX_ENTRIES: usize = 20;
/// Characters of a list's entry at most.
const MAX_ENTRY: usize = 200;

/// A template, new or in place of an old one.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawTemplate {
    /// Its short name, unique in the organisation. Required.
    #[schema(value_type = String, max_length = 80)]
    pub code: Raw,
    /// Required.
    #[schema(value_type = String, max_length = 60)]
    pub category: Raw,
    /// Required.
    #[schema(value_type = String, max_length = 200)]
    pub title: Raw,
    /// What is asked for, in words.
    #[schema(value_type = Option<String>, max_length = 4000)]
    pub description: Raw,
    /// Who asks for it.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub authority: Raw,
    /// Where that is written.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub citation: Raw,
    /// Where it holds, such as `BD` or `US-TX`.
    #[schema(value_type = Option<String>, max_length = 60)]
    pub jurisdiction: Raw,
    /// The types of branches that owe it; none means all.
    #[schema(value_type = Option<Vec<String>>)]
    pub branch_types: Raw,
    /// An RRULE; null or empty for something that is owed once.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub recurrence: Raw,
    /// `schedule` (default) or `completion`.
    #[schema(value_type = Option<String>)]
    pub anchor: Raw,
    /// Days before the due date; default 30, 14, 7, 3, 1.
    #[schema(value_type = Option<Vec<i16>>)]
    pub lead_days: Raw,
    /// 0 (default) to 365.
    #[schema(value_type = Option<i16>, minimum = 0, maximum = 365)]
    pub grace_days: Raw,
    /// `low`, `medium` (default), `high` or `critical`.
    #[schema(value_type = Option<Severity>)]
    pub severity: Raw,
    /// What proves that it was done.
    #[schema(value_type = Option<Vec<String>>)]
    pub required_evidence: Raw,
}

impl RawTemplate {
    /// The template, or everything that is wrong with it.
    pub fn parse(&self, pack: Option<&str>) -> Result<Definition> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let code = self.code.line(e, "code", MAX_CODE);
        let category = self.category.line(e, "category", MAX_CATEGORY);
        let title = self.title.line(e, "title", MAX_TITLE);
        let description = self
            .description
            .paragraphs(e, "description", MAX_DESCRIPTION);
        let authority = self.authority.optional_line(e, "authority", MAX_AUTHORITY);
        let citation = self.citation.optional_line(e, "citation", MAX_CITATION);
        let jurisdiction = self
            .jurisdiction
            .optional_line(e, "jurisdiction", MAX_JURISDICTION);
        let branch_types = entries(&self.branch_types, e, "branch_types");
        let recurrence = recurrence(&self.recurrence, e);
        let anchor = anchor(&self.anchor, e);
        let lead_days = if self.lead_days.is_given() {
            lead_days(&self.lead_days, e)
        } else {
            Some(LeadDays::default())
        };
        let grace = grace(&self.grace_days, e);
        let severity = severity(&self.severity, e);
        let required_evidence = entries(&self.required_evidence, e, "required_evidence");
        errors.finish()?;
        let complete = (|| {
            Some(Definition {
                code: code?,
                category: category?,
                title: title?,
                description: description?,
                authority: authority?,
                citation: citation?,
                jurisdiction: jurisdiction?,
                branch_types: branch_types?,
                recurrence: recurrence?,
                anchor: anchor?,
                lead_days: lead_days?,
                grace: grace?,
                severity: severity?,
                required_evidence: required_evidence?,
                pack: pack.map(str::to_owned),
            })
        })();
        complete.ok_or_else(|| Error::internal("a field was refused without saying why"))
    }
}

/// Which templates a list has, as its address says: `true`, `false`, or nothing for all.
pub fn parse_active(raw: &Raw) -> Result<Option<bool>> {
    let mut errors = FieldErrors::new();
    let active = raw.one_of(&mut errors, "active", "true, false", |text| match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    });
    errors.finish()?;
    Ok(active.flatten())
}

fn entries(raw: &Raw, errors: &mut FieldErrors, field: &str) -> Option<Vec<String>> {
    raw.list(errors, field, MAX_ENTRIES)?
        .iter()
        .map(|entry| errors.take(field, crate::text::check_line(entry, MAX_ENTRY)))
        .collect()
}
