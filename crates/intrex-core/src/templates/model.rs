//! What a template is.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ids::TemplateId,
    obligations::{
        model::Severity,
        recurrence::{Anchor, Recurrence},
        schedule::{GraceDays, LeadDays},
    },
};

/// Everything about a template that is decided when it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its short name, unique in the tenant.
    pub code: String,
    /// Category of what is made from it.
    pub category: String,
    /// Title of what is made from it.
    pub title: String,
    /// What is asked for, in words.
    pub description: String,
    /// Who asks for it.
    pub authority: String,
    /// Where that is written.
    pub citation: String,
    /// Where it holds, such as `BD` or `US-TX`.
    pub jurisdiction: String,
    /// The types of branches that owe it; none means all.
    pub branch_types: Vec<String>,
    /// When it comes back.
    pub recurrence: Option<Recurrence>,
    /// What the next date is counted from.
    pub anchor: Anchor,
    /// Days before the due date on which to remind.
    pub lead_days: LeadDays,
    /// Days after the due date before it escalates.
    pub grace: GraceDays,
    /// How bad it is to be late.
    pub severity: Severity,
    /// What proves that it was done.
    pub required_evidence: Vec<String>,
    /// The pack it comes from; none for the tenant's own.
    pub pack: Option<String>,
}

/// A template as pages and programs see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// Its short name, unique in the tenant.
    pub code: String,
    /// Category of what is made from it.
    pub category: String,
    /// Title of what is made from it.
    pub title: String,
    /// What is asked for, in words.
    pub description: String,
    /// Who asks for it.
    pub authority: String,
    /// Where that is written.
    pub citation: String,
    /// Where it holds, such as `BD` or `US-TX`.
    pub jurisdiction: String,
    /// The types of branches that owe it; none means all.
    pub branch_types: Vec<String>,
    /// An RRULE, or null.
    pub recurrence: Option<String>,
    /// `schedule` or `completion`.
    pub anchor: String,
    /// Days before the due date on which to remind.
    pub lead_days: Vec<i16>,
    /// Days after the due date before it escalates.
    pub grace_days: i16,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// What proves that it was done.
    pub required_evidence: Vec<String>,
    /// `pack` or `tenant`.
    pub source: String,
    /// The pack it comes from.
    pub pack: Option<String>,
    /// Whether new obligations can be made from it.
    pub active: bool,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes; programs see it as the `ETag`.
    #[serde(skip)]
    pub version: i32,
}

impl Template {
    /// The lead days as obligations have them.
    pub fn lead_days(&self) -> Option<LeadDays> {
        LeadDays::new(
            &self
                .lead_days
                .iter()
                .map(|day| i64::from(*day))
                .collect::<Vec<_>>(),
        )
        .ok()
    }
}
