//! What a passkey is to its person, and what they type about it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    catalogue::{Text, keys},
    error::{Error, FieldErrors, Result},
    ids::PasskeyId,
    raw::Raw,
};

/// Passkeys that a person has at most.
pub(super) const MAX_PASSKEYS: i64 = 10;
/// The longest name, in characters.
const MAX_NAME: usize = 100;
/// For how long an answer to a challenge counts: as long as the browser asks for.
pub(super) const CHALLENGE_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// The longest answer of an authenticator, in bytes of JSON. One with a large RSA key stays below half of it.
pub(crate) const MAX_CREDENTIAL: usize = 12 * 1024;

/// A passkey, as its person sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its person calls it.
    pub name: String,
    /// The host that it was made for. One made for another host is of no use here.
    pub rp_id: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was used last.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// By what somebody can give their second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// By a passkey: they have one.
    pub passkey: bool,
    /// By a code of the app: always, unless the organisation insists on their passkey.
    pub code: bool,
}

/// Fails if somebody who has so many passkeys has enough.
pub(super) fn room_for_one_more(count: i64) -> Result<()> {
    if count >= MAX_PASSKEYS {
        let text = Text::new(keys::PASSKEY_TOO_MANY).with("max", MAX_PASSKEYS);
        return Err(Error::conflict(text));
    }
    Ok(())
}

/// For what a browser was asked to sign. An answer counts for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Purpose {
    Register,
    SignIn,
    StepUp,
}

/// What a browser sends to add a passkey.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRegistration {
    /// What to call it.
    pub name: Raw,
    /// The authenticator's answer, as JSON in a text.
    pub credential: String,
}

impl RawRegistration {
    /// The name; the authenticator has made its key when this is looked at, so that none is no fault.
    pub(super) fn name(&self, unnamed: String) -> Result<String> {
        let mut errors = FieldErrors::new();
        let name = self.name.optional_line(&mut errors, "name", MAX_NAME);
        match name {
            Some(name) if name.is_empty() => Ok(unnamed),
            Some(name) => Ok(name),
            None => Err(errors.into()),
        }
    }
}

/// Another name for a passkey.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawName {
    /// What to call it. Required.
    #[schema(value_type = String, max_length = 100)]
    pub name: Raw,
}

impl RawName {
    pub(super) fn parse(&self) -> Result<String> {
        let mut errors = FieldErrors::new();
        let name = self.name.line(&mut errors, "name", MAX_NAME);
        name.ok_or_else(|| errors.into())
    }
}
