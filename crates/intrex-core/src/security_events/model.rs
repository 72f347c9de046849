//! What a security event is: its code, how bad it may be, and from when on the rules speak.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{PersonId, SecurityEventId};

/// Within which the same code about the same subject is one row. Windows stand still, so that the database's own uniqueness
/// coalesces, whichever process counts.
pub(crate) const WINDOW: TimeDelta = TimeDelta::hours(1);
/// Subjects of one code in one window that have rows of their own; what comes after them shares one row.
pub(crate) const SUBJECTS_A_WINDOW: i64 = 200;

/// How bad it may be.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    serde::Deserialize,
    sqlx::Type,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Severity {
    /// Happens every day; shown, and nobody is told.
    Low,
    /// Somebody did something that attackers do as well: the head office admins are told in their inbox.
    Medium,
    /// Nothing that people do in a normal day: the head office admins are also told by mail.
    High,
}

impl Severity {
    /// Every severity, the worst last.
    pub const ALL: [Severity; 3] = [Severity::Low, Severity::Medium, Severity::High];

    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }

    /// The severity of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Severity::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
    }
}

macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $what:literal),+ $(,)?) => {
        /// What was seen. The words for each are in the catalogue, below `security-event-…`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $what] $name),+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// As stored and shown to programs.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text),+ }
            }

            /// How bad it may be.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity),+ }
            }
        }
    };
}

codes! {
    LoginFailure "LOGIN_FAILURE" Low "A wrong password, or no such account.",
    MfaVerifyFailed "MFA_VERIFY_FAILED" Low "A wrong code after a right password.",
    OidcFailure "OIDC_FAILURE" Low "A sign-in by an identity provider that came to nothing.",
    LockoutTriggered "AUTH_LOCKOUT_TRIGGERED" Medium "An account, a device, a second factor or a network is locked.",
    LockoutCleared "AUTH_LOCKOUT_CLEARED" Low "A lock ended before its time.",
    RateLimitBlock "LOGIN_RATE_LIMIT_BLOCK" Medium "A network sent too many sign-ins.",
    LoginBurst "LOGIN_BURST" High "Many failures in the organisation within minutes.",
    LoginSpray "LOGIN_SPRAY" High "One network failed at several accounts within minutes.",
    NewDevice "NEW_DEVICE" Low "A sign-in on a device that was not seen before.",
    NewNetwork "NEW_NETWORK" Low "A sign-in from a network that was not seen before.",
    ImpossibleSequence "IMPOSSIBLE_SEQUENCE" High "One person or session in two networks by turns within minutes.",
    SessionNetworkChanged "SESSION_NETWORK_CHANGED" Low "A session is used from another network than before.",
    SessionAgentChanged "SESSION_AGENT_CHANGED" High "A session is used by another browser or system than it began with.",
    MfaReset "MFA_RESET" Medium "Somebody's second factor was taken away.",
    MfaReplaced "MFA_REPLACED" Low "Somebody put another second factor in the place of their own.",
    RecoveryCodeUsed "RECOVERY_CODE_USED" Medium "A recovery code stood in for the second factor.",
    PasskeyCounterWentBack "PASSKEY_COUNTER_WENT_BACK" High "A passkey's counter went back: there may be two of it.",
    PrivilegeRaised "PRIVILEGE_RAISED" Medium "Somebody became a head office admin, or was invited as one.",
    TokenCreated "TOKEN_CREATED" Medium "An API token was made.",
    TokenRefusedNetwork "TOKEN_REFUSED_NETWORK" Medium "An API token was shown outside of its networks.",
    DomainNoLongerProven "DOMAIN_NO_LONGER_PROVEN" High "The record that proves a domain was not there for days: it leads nowhere any more.",
    ConnectorFailing "CONNECTOR_FAILING" High "A connector has failed for a day, or for three: what is sent by it is not heard.",
    ConnectorDisabled "CONNECTOR_DISABLED" High "A connector is not used any more: it failed for too long, or nobody is there any more.",
    ExportSpike "EXPORT_SPIKE" High "Somebody read unusually much within minutes.",
    DeletionRequested "TENANT_DELETION_REQUESTED" High "Somebody asked that the organisation be deleted.",
    DeletionCancelled "TENANT_DELETION_CANCELLED" Medium "The organisation is not deleted.",
}

impl Code {
    /// The code of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Code::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

/// One row: what was seen, about whom, how often.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SecurityEvent {
    /// Its id.
    pub id: SecurityEventId,
    /// What was seen, such as `LOGIN_SPRAY`.
    pub code: String,
    /// How bad it may be.
    pub severity: Severity,
    /// What it is about: `person:ID`, `token:ID`, or a name that only tells whether two are the same: `network:…`,
    /// `account:…`. Empty for the whole organisation, and for what came after too many others.
    pub subject: String,
    /// The person whom it concerns.
    pub person_id: Option<PersonId>,
    /// Their name as it is today.
    pub person_name: Option<String>,
    /// How often it was seen in its hour.
    pub count: i64,
    /// When it was seen first.
    pub first_seen_at: DateTime<Utc>,
    /// When it was seen last.
    pub last_seen_at: DateTime<Utc>,
    /// Where the last of them came from, as `LOG_IP_MODE` says; empty if nobody knows.
    pub address: String,
    /// When somebody said that they have looked at it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who; null for the operator of the installation.
    pub acknowledged_by: Option<PersonId>,
}

/// Which security events are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SecurityFilter {
    /// One code.
    pub code: Option<&'static str>,
    /// One severity.
    pub severity: Option<Severity>,
    /// Those that nobody has acknowledged.
    pub open: bool,
}

/// From when on the rules speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Thresholds {
    /// Failed sign-ins and wrong codes of the whole organisation that are a burst.
    pub burst_failures: i32,
    /// Minutes within which they are counted.
    pub burst_minutes: i32,
    /// Accounts at which one network fails that are a spray.
    pub spray_accounts: i32,
    /// Minutes within which they are counted.
    pub spray_minutes: i32,
    /// Rows that one person reads in bulk that are a spike.
    pub export_rows: i32,
    /// Minutes within which they are counted.
    pub export_minutes: i32,
    /// Minutes within which nobody changes networks there and back.
    pub alternating_minutes: i32,
    /// Counts their changes; shown as the ETag.
    #[serde(skip)]
    pub version: i32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            burst_failures: 30,
            burst_minutes: 10,
            spray_accounts: 5,
            spray_minutes: 30,
            export_rows: 5_000,
            export_minutes: 10,
            alternating_minutes: 10,
            version: 0,
        }
    }
}

/// A field of [`Thresholds`]: its name, its least and its greatest value.
pub(crate) type Bounds = (&'static str, i32, i32);

impl Thresholds {
    /// Every field with its bounds, which the table's constraints repeat.
    pub(crate) const BOUNDS: [Bounds; 7] = [
        ("burst_failures", 3, 10_000),
        ("burst_minutes", 1, 1_440),
        ("spray_accounts", 2, 10_000),
        ("spray_minutes", 1, 1_440),
        ("export_rows", 100, 1_000_000),
        ("export_minutes", 1, 1_440),
        ("alternating_minutes", 1, 1_440),
    ];

    /// The values in the order of [`Thresholds::BOUNDS`].
    pub fn values(&self) -> [i32; 7] {
        [
            self.burst_failures,
            self.burst_minutes,
            self.spray_accounts,
            self.spray_minutes,
            self.export_rows,
            self.export_minutes,
            self.alternating_minutes,
        ]
    }

    /// The names of the fields, in the same order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Thresholds::BOUNDS.iter().map(|(name, _, _)| *name)
    }

    pub(crate) fn of(values: [i32; 7], version: i32) -> Self {
        let [
            burst_failures,
            burst_minutes,
            spray_accounts,
            spray_minutes,
            export_rows,
            export_minutes,
            alternating_minutes,
        ] = values;
        Thresholds {
            burst_failures,
            burst_minutes,
            spray_accounts,
            spray_minutes,
            export_rows,
            export_minutes,
            alternating_minutes,
            version,
        }
    }
}

/// The window that an instant lies in.
pub(crate) fn window_of(now: DateTime<Utc>) -> DateTime<Utc> {
    let width = WINDOW.num_seconds();
    let seconds = now.timestamp().div_euclid(width) * width;
    DateTime::from_timestamp(seconds, 0).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Key;

    #[test]
    fn codes_have_the_names_that_are_stored_and_words_for_people() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            for ending in ["", "-means", "-do"] {
                let key = format!("security-event-{}{ending}", code.as_str());
                assert!(Key::find(&key).is_some(), "{key}");
            }
        }
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.as_str()), Some(severity));
        }
    }

    #[test]
    fn the_hour_is_one_window() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let nine = at("2026-11-22T09:00:00Z");
        assert_eq!(window_of(at("2026-11-22T09:59:59.999Z")), nine);
        assert_eq!(window_of(nine), nine);
        assert_eq!(
            window_of(at("1969-12-31T23:30:00Z")),
            at("1969-12-31T23:00:00Z")
        );
    }

    #[test]
    fn what_holds_by_default_could_be_set() {
        let values = Thresholds::default().values();
        for (value, (name, least, most)) in values.into_iter().zip(Thresholds::BOUNDS) {
            assert!((least..=most).contains(&value), "{name}");
        }
        assert_eq!(Thresholds::of(values, 0), Thresholds::default());
    }
}
