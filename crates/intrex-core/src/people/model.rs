//! What a person is, as others see them.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ids::{BranchId, PersonId},
    permission::Role,
};

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their address, by which they sign in; empty where the reader sees them as a contact alone.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they can sign in.
    pub status: PersonStatus,
    /// Who has disabled them; null while they are not.
    pub disabled_by: Option<DisabledBy>,
    /// The branches they work for, as far as the reader sees them.
    pub branch_ids: Vec<BranchId>,
    /// Whether their second factor is set up; null, as all about their signing in, where the reader sees them as a contact alone:
    /// a branch manager does so with head office admins.
    pub mfa_enrolled: Option<bool>,
    /// When they last signed in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// Whether they could sign in and have not done so for as many days as the organisation has set.
    pub dormant: Option<bool>,
    /// Whether nothing opens to them until they have set another password.
    pub must_change_password: Option<bool>,
    /// When they were invited first.
    pub created_at: DateTime<Utc>,
    /// When they were changed last.
    pub updated_at: DateTime<Utc>,
    /// Counts their changes; shown as the ETag.
    #[serde(skip)]
    pub version: i32,
}

impl Person {
    /// As whoever does not manage head office sees its people: whom to ask, and nothing of how they sign in.
    pub(super) fn into_contact(self) -> Self {
        Person {
            email: String::new(),
            mfa_enrolled: None,
            last_sign_in_at: None,
            dormant: None,
            must_change_password: None,
            disabled_by: None,
            ..self
        }
    }
}

/// A person to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonName {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Where somebody stands between invitation and leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PersonStatus {
    /// Invited, has no password yet.
    Invited,
    /// Can sign in.
    Active,
    /// Cannot sign in; sessions and tokens do not count.
    Disabled,
}

impl PersonStatus {
    /// Every status.
    pub const ALL: [PersonStatus; 3] = [
        PersonStatus::Invited,
        PersonStatus::Active,
        PersonStatus::Disabled,
    ];

    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            PersonStatus::Invited => "invited",
            PersonStatus::Active => "active",
            PersonStatus::Disabled => "disabled",
        }
    }
}

/// Who has disabled somebody, and so has the last word on letting them in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DisabledBy {
    /// A manager of their branches, who may let them in again.
    BranchManager,
    /// Head office, by hand or by an access review, or the operator of the installation: head office alone lets them in again.
    HeadOffice,
    /// Nobody had used the account for a long time: head office alone lets them in again.
    System,
}

/// Whether an account is dormant, as a query has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dormancy {
    /// It is.
    #[serde(rename = "true")]
    Dormant,
    /// It is not.
    #[serde(rename = "false")]
    Awake,
}

/// Which people a list shows; what is left out does not narrow it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonFilter {
    /// In this role.
    pub role: Option<Role>,
    /// With this status.
    pub status: Option<PersonStatus>,
    /// Working for this branch.
    pub branch_id: Option<BranchId>,
    /// Dormant, or not.
    pub dormant: Option<Dormancy>,
    /// Part of the name or the address, in any case.
    pub q: Option<String>,
}

/// Somebody who was invited, and the text of their token: shown once, in the link that they get.
#[derive(Debug)]
pub struct Invited {
    /// Who.
    pub person: Person,
    /// For `BASE_URL/invitation/<token>`.
    pub token: SecretString,
    /// Whether the link goes to them by mail too.
    pub is_mailed: bool,
}
