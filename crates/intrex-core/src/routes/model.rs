//! What a route is, and which events it is for.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    channels::EventType,
    ids::{BranchId, ConnectorId, PersonId, RouteId},
    obligations::{model::Severity, schedule::Quiet},
    words::words,
};

/// Routes of one organisation.
pub(super) const MAX_ROUTES: i64 = 50;
/// The longest name, in characters.
pub(super) const MAX_NAME: usize = 100;
/// The longest time that a step waits for an answer, in hours: thirty days.
pub(super) const MAX_ESCALATE_HOURS: u16 = 720;

/// A route: who is told of what, by which way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationRoute)]
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// What the organisation calls it.
    pub name: String,
    /// What it is for.
    #[schema(value_type = Vec<String>)]
    pub event_types: Vec<EventType>,
    /// What is less severe is not told.
    pub min_severity: Severity,
    /// The one branch that it is for; null for all.
    pub branch_id: Option<BranchId>,
    /// The way; null for the installation's own mail.
    pub connector_id: Option<ConnectorId>,
    /// Who is told.
    pub recipient: Recipients,
    /// The person, if it is one.
    pub person_id: Option<PersonId>,
    /// When nobody is disturbed.
    pub quiet: Option<Quiet>,
    /// After how many hours without an answer others are told.
    pub escalate_after_hours: Option<u16>,
    /// Those others.
    pub escalate_to: Option<Recipients>,
    /// Whether it is used.
    pub active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Goes up with every change.
    #[serde(skip)]
    pub version: i32,
}

words! {
    /// Who is told.
    Recipients {
        /// Owner and deputy; without them the branch's managers; without those head office.
        Responsible = "responsible",
        /// The managers of the branch; without any head office.
        BranchManagers = "branch_managers",
        /// The head office admins.
        HeadOffice = "head_office",
        /// One person, as long as they can see the branch.
        Person = "person",
        /// Whom the connector itself names, such as a program or a chat.
        Endpoint = "endpoint",
    }
}

impl Recipients {
    /// Who can be told when nobody has answered.
    pub const WIDER: [Recipients; 2] = [Recipients::BranchManagers, Recipients::HeadOffice];
}

/// What routes are looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happening {
    /// What has happened.
    pub event_type: EventType,
    /// How much it matters; none if nobody can say.
    pub severity: Option<Severity>,
    /// Where; none if it is the whole organisation's.
    pub branch: Option<BranchId>,
}

impl Route {
    /// Whether it is for this. A route of one branch is not for what happens to the whole organisation.
    pub fn matches(&self, happening: &Happening) -> bool {
        self.active
            && is_for(
                &self.event_types,
                self.min_severity,
                self.branch_id,
                happening,
            )
    }
}

/// Whether these events, from this severity on, in this branch or in all, are what has happened.
pub(super) fn is_for(
    event_types: &[EventType],
    min_severity: Severity,
    branch: Option<BranchId>,
    happening: &Happening,
) -> bool {
    event_types.contains(&happening.event_type)
        && happening
            .severity
            .is_none_or(|severity| severity >= min_severity)
        && branch.is_none_or(|branch| happening.branch == Some(branch))
}
