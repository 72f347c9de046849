//! What sign-in and authentication answer.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    actor::{Actor, BranchScope, Request},
    db::ReadTx,
    ids::{PersonId, SessionId, TenantId},
    permission::Role,
};

/// How long a session without its second factor lives.
pub(crate) const PROVISIONAL_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How old the record of a session's last use may become, at most.
pub(crate) const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(5);
/// With a short idle limit the record is kept younger: this part of the limit.
const TOUCHES_IN_IDLE: i32 = 10;
/// How much of a user agent is kept, in characters.
const MAX_USER_AGENT: usize = 300;

/// How far a sign-in has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Stage {
    /// The password was right; a second factor must be set up.
    MfaSetup,
    /// The password was right; the second factor is awaited.
    MfaVerify,
    /// Signed in.
    Full,
}

impl Stage {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::MfaSetup => "mfa_setup",
            Stage::MfaVerify => "mfa_verify",
            Stage::Full => "full",
        }
    }
}

/// A session cookie to set.
#[derive(Debug, Clone)]
pub struct SessionCookie {
    /// Its value.
    pub value: SecretString,
    /// Its `Max-Age`.
    pub max_age_sec: i64,
    /// The cookie by which this device will be known, to be set beside it: after a whole sign-in.
    pub device: Option<DeviceCookie>,
}

/// A device cookie to set: `__Host-device`.
#[derive(Debug, Clone)]
pub struct DeviceCookie {
    /// Its value.
    pub value: SecretString,
    /// Its `Max-Age`.
    pub max_age_sec: i64,
}

/// What a sign-in with a password led to. `Refused` tells nothing about whether the account exists.
#[derive(Debug)]
pub enum SignIn {
    /// The password was right.
    Started(Started),
    /// It was not, or there is no such account, or it cannot sign in.
    Refused,
    /// Too many tries: of this account or from this network.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// A provisional session.
#[derive(Debug)]
pub struct Started {
    /// Its cookie.
    pub cookie: SessionCookie,
    /// What comes next.
    pub stage: Stage,
}

/// What a session cookie turned out to be.
#[derive(Debug)]
pub enum Session {
    /// Somebody signed in; the transaction shows what they may see.
    Full(Box<ReadTx>, FullSession),
    /// Somebody on the way to their second factor.
    Provisional(Provisional),
    /// Nobody.
    None,
}

/// A session of somebody signed in. Who acts is in the transaction beside it.
#[derive(Debug)]
pub struct FullSession {
    /// What CSRF tokens are bound to.
    pub sid_for_csrf: SecretString,
    /// The cookie to set in its place, when it is due for renewal.
    pub refresh: Option<SessionCookie>,
    /// Whether the use is to be recorded: call [`super::touch`].
    pub touch_due: bool,
    /// The session.
    pub id: SessionId,
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// Their address.
    pub email: String,
    /// Their organisation's name.
    pub tenant_name: String,
    /// When the organisation is deleted, if somebody has asked for that.
    pub leaving: Option<Leaving>,
    /// When the second factor was given.
    pub auth_time: DateTime<Utc>,
    /// Whether nothing opens but the page that changes the password: the actor may do nothing else.
    pub must_change_password: bool,
    /// Whether nothing opens but the page that adds a passkey: the actor may do nothing else.
    pub must_add_passkey: bool,
}

/// When an organisation is deleted, unless that is cancelled.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// The instant.
    pub due_at: DateTime<Utc>,
    /// The IANA time zone of its head office, in which to tell it.
    pub time_zone: String,
}

/// A session without its second factor: good for giving it, and for nothing else.
#[derive(Debug, Clone)]
pub struct Provisional {
    /// What comes next: [`Stage::MfaSetup`] or [`Stage::MfaVerify`].
    pub stage: Stage,
    /// What CSRF tokens are bound to.
    pub sid_for_csrf: SecretString,
    /// The address that the password was given for.
    pub email: String,
    /// The organisation's name.
    pub tenant_name: String,
    pub(super) tenant: TenantId,
    pub(super) person: PersonId,
    pub(super) session: SessionId,
    pub(super) role: Role,
    /// By what was shown who it is.
    pub(super) amr: String,
    pub(super) request: Request,
}

impl Provisional {
    /// Who acts while they give their second factor. Never handed out: it would pass for somebody signed in.
    pub(super) fn actor(&self) -> Actor {
        Actor::person(
            self.tenant,
            self.person,
            self.role,
            self.session,
            BranchScope::Only(Vec::new()),
            self.request.clone(),
        )
    }
}

/// A second factor to set up. Shown on that one page, until the first code is confirmed.
#[derive(Debug)]
pub struct Enrolment {
    /// To be typed into an authenticator app.
    pub secret_base32: SecretString,
    /// To be scanned.
    pub otpauth_url: SecretString,
}

/// What a code led to.
#[derive(Debug)]
pub enum Verification {
    /// Signed in, with a new session.
    Full(SessionCookie),
    /// Not the code, or one that was used already.
    Wrong,
    /// Too many wrong codes.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// One of a person's sessions.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OwnSession {
    /// Its id.
    pub id: SessionId,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was used last, give or take a few minutes.
    pub last_seen_at: DateTime<Utc>,
    /// When the second factor was given last.
    pub factor_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// Where it began, as far as the installation keeps addresses (`LOG_IP_MODE`).
    pub ip: String,
    /// The browser that the program says it is.
    #[schema(value_type = Option<String>)]
    pub browser: Option<&'static str>,
    /// The system that it says it runs on.
    #[schema(value_type = Option<String>)]
    pub system: Option<&'static str>,
    /// In which program, as it says.
    pub user_agent: String,
    /// Whether it is the one asking.
    pub current: bool,
}

/// Whether the use of a session is to be recorded: often enough for its idle limit, and not on every request.
pub(super) fn touch_due(last_seen: DateTime<Utc>, idle: TimeDelta, now: DateTime<Utc>) -> bool {
    now - last_seen >= TOUCH_EVERY.min(idle / TOUCHES_IN_IDLE)
}

/// A user agent as it is kept.
pub(super) fn kept_user_agent(request: &Request) -> String {
    let agent = request.user_agent.as_deref().unwrap_or_default();
    agent
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_USER_AGENT)
        .collect()
}

/// Whole seconds until an instant, one at least.
pub(crate) fn seconds_until(then: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    let left = then - now;
    (left.num_seconds() + i64::from(left.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_is_recorded_every_five_minutes_or_ten_times_within_a_short_idle_limit() {
        let now = DateTime::UNIX_EPOCH;
        let day = TimeDelta::days(1);
        assert!(!touch_due(now - TimeDelta::seconds(299), day, now));
        assert!(touch_due(now - TimeDelta::seconds(300), day, now));
        let short = TimeDelta::minutes(5);
        assert!(!touch_due(now - TimeDelta::seconds(29), short, now));
        assert!(touch_due(now - TimeDelta::seconds(30), short, now));
    }

    #[test]
    fn waiting_times_are_rounded_up() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(seconds_until(now + TimeDelta::milliseconds(1_001), now), 2);
        assert_eq!(seconds_until(now + TimeDelta::seconds(3), now), 3);
        assert_eq!(seconds_until(now, now), 1);
    }
}
