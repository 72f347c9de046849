//! What a token is, and what is typed to make one.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::networks;
use crate::{
    catalogue::keys,
    error::{FieldErrors, Result},
    ids::{PersonId, TokenId},
    permission::{Column, Permission, Reach, Role},
    raw::Raw,
};

/// The longest name, in characters.
const MAX_NAME: usize = 100;
/// Days a token lives where nobody says.
const DEFAULT_DAYS: i64 = 90;
/// Days a token lives at most.
const MAX_DAYS: i64 = 365;
/// The most scopes that are read.
const MAX_SCOPES: usize = 64;
/// Tokens of one person that count at the same time.
pub(crate) const MAX_TOKENS: i64 = 50;
/// How often it is told, at most, that a token was shown where it does not count.
pub(crate) const REFUSAL_TOLD_EVERY: TimeDelta = TimeDelta::minutes(10);
/// How old the record of a token's last use may become.
pub(crate) const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(10);

/// A token, without its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// For whom it acts.
    pub person_id: PersonId,
    /// What it is for, in the owner's words.
    pub name: String,
    /// What it may do at most; the person's role decides too, at each request.
    pub scopes: Vec<String>,
    /// The networks that it counts in, in CIDR notation; none for anywhere.
    #[serde(default)]
    pub networks: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops to count.
    pub expires_at: DateTime<Utc>,
    /// When it was used last, give or take ten minutes.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A token that was just made.
#[derive(Debug)]
pub struct NewToken {
    /// The token.
    pub token: Token,
    /// Its text, to be shown once.
    pub text: SecretString,
}

/// What is typed to make a token.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawToken {
    /// What it is for. Required.
    #[schema(value_type = String, max_length = 100)]
    pub name: Raw,
    /// Permissions, such as `obligations:read`; all of the role if left out. An empty list is refused.
    #[schema(value_type = Option<Vec<String>>)]
    pub scopes: Raw,
    /// At most 20 networks that it counts in, such as `203.0.113.0/24`; anywhere if left out. An empty list is refused.
    #[schema(value_type = Option<Vec<String>>)]
    pub networks: Raw,
    /// 1 to 365; 90 if left out.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 365)]
    pub expires_in_days: Raw,
    /// For whom it acts; oneself if left out, and always oneself except for the operator of the installation.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub person_id: Raw,
}

/// A token to make, checked, except for what depends on the person's role.
#[derive(Debug)]
pub(crate) struct TokenToMake {
    pub name: String,
    /// None: all of the role.
    pub scopes: Option<Vec<Permission>>,
    pub networks: Vec<String>,
    pub lifetime: TimeDelta,
    pub person: Option<PersonId>,
}

impl RawToken {
    /// Checks every field.
    pub(crate) fn parse(&self) -> Result<TokenToMake> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let name = self.name.line(e, "name", MAX_NAME);
        let scopes = match self.scopes.is_given() {
            true => scopes(&self.scopes, e),
            false => Some(None),
        };
        let networks = networks::parse(&self.networks, e);
        let days = self
            .expires_in_days
            .number(e, "expires_in_days", 1, MAX_DAYS);
        let person = self.person_id.id(e, "person_id");
        match (name, scopes, networks, days, person) {
            (Some(name), Some(scopes), Some(networks), Some(days), Some(person)) => {
                Ok(TokenToMake {
                    name,
                    scopes,
                    networks,
                    lifetime: TimeDelta::days(days.unwrap_or(DEFAULT_DAYS)),
                    person,
                })
            }
            _ => Err(errors.into()),
        }
    }
}

/// The scopes that a token of a role gets: those asked for, or all.
pub(crate) fn scopes_for(role: Role, asked: Option<Vec<Permission>>) -> Result<Vec<Permission>> {
    let has = |permission: &Permission| permission.reach(Column::Role(role)) != Reach::No;
    match asked {
        None => Ok(Permission::ALL.iter().copied().filter(has).collect()),
        Some(asked) if asked.iter().all(has) => Ok(asked),
        Some(_) => Err(crate::Error::invalid(
            "scopes",
            keys::TOKEN_SCOPE_BEYOND_ROLE,
        )),
    }
}

/// None means all: words that are empty are the same as none, as in a form. A list that is empty is not: whoever computes
/// what a token needs and finds nothing has not asked for everything.
fn scopes(raw: &Raw, errors: &mut FieldErrors) -> Option<Option<Vec<Permission>>> {
    if raw.lists_nothing() {
        errors.add("scopes", keys::TOKEN_SCOPES_EMPTY);
        return None;
    }
    let words = raw.list(errors, "scopes", MAX_SCOPES)?;
    let found: Option<Vec<Permission>> = words.iter().map(|word| Permission::parse(word)).collect();
    let Some(mut scopes) = found else {
        errors.add("scopes", keys::TOKEN_SCOPE_UNKNOWN);
        return None;
    };
    scopes.sort_unstable();
    scopes.dedup();
    Some(Some(scopes).filter(|scopes| !scopes.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn a_token_has_the_whole_role_unless_scopes_are_named() {
        let all = scopes_for(Role::Operator, None).expect("all of the role");
        assert!(all.contains(&Permission::ObligationsComplete));
        assert!(!all.contains(&Permission::PeopleWrite));
        let one = scopes_for(Role::Operator, Some(vec![Permission::ObligationsRead]));
        assert_eq!(one.expect("within"), [Permission::ObligationsRead]);
        assert!(scopes_for(Role::Operator, Some(vec![Permission::PeopleWrite])).is_err());
    }

    #[test]
    fn an_empty_list_of_scopes_is_not_all_of_them() {
        for nothing in ["[]", r#"[""]"#, r#"",""#] {
            let json = format!(r#"{{"name":"x","scopes":{nothing}}}"#);
            let raw: RawToken = serde_json::from_str(&json).expect("decodes");
            assert!(matches!(raw.parse(), Err(Error::Invalid(_))), "{nothing}");
        }
        let raw: RawToken = serde_json::from_str(r#"{"name":"x"}"#).expect("decodes");
        assert_eq!(raw.parse().expect("a token").scopes, None);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let raw = RawToken {
            name: "".into(),
            scopes: "obligations:read,everything".into(),
            networks: "the office".into(),
            expires_in_days: "366".into(),
            person_id: "me".into(),
        };
        let Err(Error::Invalid(fields)) = raw.parse() else {
            panic!("accepted");
        };
        let names: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(
            names,
            ["name", "scopes", "networks", "expires_in_days", "person_id"]
        );
    }
}
