//! Background work of a tenant: a row says what is to be done and when. `intrex_system` claims it across tenants and learns
//! nothing but tenant, job and fence; the work runs in transactions of its own as the tenant's worker, and its outcome is
//! written only while the claim still holds.
//!
//! `runner` claims and runs · `housekeeping` removes what has expired · `queries` all SQL.

mod housekeeping;
mod queries;
mod runner;

use chrono::{DateTime, Utc};

pub use runner::{ensure_platform_jobs, run_due};

use crate::{
    App, access_reviews, actor::Actor, digests, error::Result, oidc, reminders, security_events,
    tenants,
};

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// It is done and never comes back.
    Done,
    /// It did not work; it is tried again after a wait that grows.
    Retry {
        /// For whoever looks into the table.
        why: String,
    },
    /// It will never work; it is given up, and the audit log says so.
    Drop {
        /// For the log of the program.
        why: String,
    },
    /// It comes back at this instant.
    Later(DateTime<Utc>),
}

/// The kinds of jobs: the registry. A row of a kind that is not here is left for a version that knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Writes the reminders of the coming weeks into the ledger.
    PlanReminders,
    /// Makes the digests that are due.
    SendDigests,
    /// Removes what has expired.
    Housekeeping,
    /// Tells head office admins of security events.
    TellOfSecurity,
    /// Begins access reviews and looks for dormant accounts.
    AccessUpkeep,
    /// Looks again whether domains are still proven.
    OidcUpkeep,
    /// Deletes the organisation when it is time.
    DeleteTenant,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] = [
        Kind::PlanReminders,
        Kind::SendDigests,
        Kind::Housekeeping,
        Kind::TellOfSecurity,
        Kind::AccessUpkeep,
        Kind::OidcUpkeep,
        Kind::DeleteTenant,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::PlanReminders => "reminders.plan",
            Kind::SendDigests => "digests.send",
            Kind::Housekeeping => "housekeeping",
            Kind::TellOfSecurity => "security.tell",
            Kind::AccessUpkeep => "access.upkeep",
            Kind::OidcUpkeep => "oidc.upkeep",
            Kind::DeleteTenant => "tenant.delete",
        }
    }

    /// The kind of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    async fn work(self, app: &App, actor: &Actor) -> Result<JobOutcome> {
        match self {
            Kind::PlanReminders => reminders::planner::run(app, actor).await,
            Kind::SendDigests => digests::sending::run(app, actor).await,
            Kind::Housekeeping => housekeeping::run(app, actor).await,
            Kind::TellOfSecurity => security_events::telling::run(app, actor).await,
            Kind::AccessUpkeep => access_reviews::upkeep::run(app, actor).await,
            Kind::OidcUpkeep => oidc::upkeep::run(app, actor).await,
            Kind::DeleteTenant => tenants::deletion::run(app, actor).await,
        }
    }
}
