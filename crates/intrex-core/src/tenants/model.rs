//! What an organisation is, and how long its sessions last.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ids::TenantId, permission::Role};

/// An organisation, as its own people see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Whether its people can sign in.
    pub status: TenantStatus,
    /// The IANA time zone of its head office.
    pub time_zone: String,
    /// Days before a due date on which reminders go out where an obligation says nothing else.
    pub lead_days: Vec<i16>,
    /// Hours after which a session ends, however much it is used.
    pub session_absolute_hours: i16,
    /// Minutes without a request after which a session ends.
    pub session_idle_minutes: i16,
    /// The roles whose people may hold recovery codes.
    #[schema(value_type = Vec<Role>)]
    pub recovery_code_roles: Vec<String>,
    /// Days without a sign-in after which an account is dormant.
    pub dormant_after_days: i16,
    /// Whether dormant accounts are disabled by themselves.
    pub suspend_dormant: bool,
    /// Months between two access reviews; 0 if they are begun by hand alone.
    pub access_review_months: i16,
    /// What head office admins sign in with.
    pub admin_second_factor: AdminFactor,
    /// The events that its people may opt out of outside of Intrex. What is critical is told all the same.
    #[schema(value_type = Vec<crate::channels::EventType>)]
    pub opt_outs: Vec<String>,
    /// Days after which an obligation that somebody has acknowledged comes back to them, if it is still open.
    pub acknowledged_again_days: i16,
    /// Messages of reminders that one recipient gets over one way in an hour. What is more comes as one message in the next
    /// hour; what is critical or escalated comes at once.
    pub messages_an_hour: i16,
    /// When it is deleted, if somebody has asked for that.
    pub deletion_due_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes; shown as the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// An organisation in the operator's list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TenantRow {
    /// Its id.
    pub id: TenantId,
    /// Its name; empty for one that was deleted.
    pub name: String,
    /// Whether its people can sign in.
    pub status: TenantStatus,
    /// When it is deleted, if somebody has asked for that; when it was due, if it was.
    pub deletion_due_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Whether an organisation's people can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TenantStatus {
    /// They can.
    Active,
    /// Nobody can; sessions and tokens do not count. Nothing is deleted.
    Suspended,
    /// Nobody can, and what it holds is being removed. There is no way back.
    Deleting,
    /// Its id is left, and its audit log, whose personal values nobody can read.
    Deleted,
}

impl TenantStatus {
    /// Whether it is gone for everybody but whoever reads its log.
    pub fn is_leaving(self) -> bool {
        matches!(self, TenantStatus::Deleting | TenantStatus::Deleted)
    }
}

/// Which second factors are enough for head office admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AdminFactor {
    /// Any that the product knows.
    Any,
    /// A passkey: who has none adds one before anything else, and a code of the app is not enough afterwards.
    Passkey,
}

impl AdminFactor {
    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            AdminFactor::Any => "any",
            AdminFactor::Passkey => "passkey",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [AdminFactor::Any, AdminFactor::Passkey]
            .into_iter()
            .find(|factor| factor.as_str() == text)
    }
}

/// What an organisation is to become.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TenantFacts {
    pub name: String,
    pub time_zone: String,
    pub lead_days: Vec<i16>,
    pub session_absolute_hours: i16,
    pub session_idle_minutes: i16,
    pub recovery_code_roles: Vec<String>,
    pub dormant_after_days: i16,
    pub suspend_dormant: bool,
    pub access_review_months: i16,
    pub admin_second_factor: AdminFactor,
    pub opt_outs: Vec<String>,
    pub acknowledged_again_days: i16,
    pub messages_an_hour: i16,
}

/// How long sessions last: hours from the sign-in, and minutes without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Hours from the sign-in.
    pub absolute_hours: i16,
    /// Minutes without a request.
    pub idle_minutes: i16,
}

impl SessionLimits {
    /// As NIST SP 800-63B-4 has it for AAL2.
    pub const AAL2: SessionLimits = SessionLimits {
        absolute_hours: 24,
        idle_minutes: 60,
    };
    /// As long as they may be.
    pub const LONGEST: SessionLimits = SessionLimits {
        absolute_hours: 168,
        idle_minutes: 1440,
    };
    /// As short as they may be.
    pub const SHORTEST: SessionLimits = SessionLimits {
        absolute_hours: 1,
        idle_minutes: 5,
    };

    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "aal2" => Some(SessionLimits::AAL2),
            "longest" => Some(SessionLimits::LONGEST),
            _ => None,
        }
    }
}

/// A new organisation, checked.
#[derive(Debug)]
pub(crate) struct NewTenant {
    pub name: String,
    pub time_zone: String,
}
