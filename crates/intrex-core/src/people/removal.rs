//! Deleting somebody, for good: what they are known by goes, their open obligations get another person or none, their data key
//! is erased, so that what the audit log holds of them cannot be read by anybody, and their address is free. Their id stays:
//! history says that a former person did what they did.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    canonical_email,
    commands::shown,
    model::Person,
    queries::{self, Hanging, KnownBy, Sight},
    rules::{is_admin, one_admin_stays},
};
use crate::{
    Actor, App, access_reviews, accounts,
    actor::BranchScope,
    audit::Event,
    catalogue::{Language, keys, say},
    db::{ReadTx, WriteTx},
    deliveries,
    error::{Error, FieldErrors, Result},
    ids::PersonId,
    obligations::handover,
    permission::{Permission, Role},
    raw::Raw,
    sessions::counters,
    vault::data_keys,
};

/// The longest confirmation, in characters.
const MAX_CONFIRMATION: usize = 254;

/// Somebody who may be deleted, and what hangs on them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Leaving {
    /// Who.
    pub person: Person,
    /// Open obligations of which they are the owner.
    pub owned: i64,
    /// Open obligations of which they are the deputy.
    pub deputised: i64,
    /// Where they are signed in.
    pub sessions: i64,
    /// API tokens of theirs that count.
    pub tokens: i64,
}

/// What is typed to delete somebody.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawDeletion {
    /// The person's e-mail address, typed again: there is no way back. Required.
    #[schema(value_type = String, max_length = 254)]
    pub confirm: Raw,
    /// Who takes their open obligations over; nobody if left out.
    #[schema(value_type = Option<Uuid>)]
    pub hand_over_to_id: Raw,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Deleted {
    /// The id, which stays.
    pub id: PersonId,
    /// Open obligations that were handed over, or are nobody's now.
    pub obligations: usize,
    /// Who has taken them over.
    pub handed_over_to_id: Option<PersonId>,
}

/// Somebody, and what their deletion would touch.
pub async fn preview(tx: &mut ReadTx, id: PersonId) -> Result<Leaving> {
    tx.may(Permission::PeopleDelete)?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let person = queries::find(tx.conn(), tenant, id, &Sight::default(), now)
        .await?
        .ok_or(Error::NotFound)?;
    let Hanging {
        owned,
        deputised,
        sessions,
        tokens,
    } = queries::hanging(tx.conn(), tenant, id, now).await?;
    Ok(Leaving {
        person,
        owned,
        deputised,
        sessions,
        tokens,
    })
}

/// Deletes somebody. Not oneself, and not the last active head office admin.
pub async fn delete(app: &App, actor: &Actor, id: PersonId, raw: &RawDeletion) -> Result<Deleted> {
    actor.may(Permission::PeopleDelete)?;
    actor.must_be_fresh(app.now())?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let admins = queries::lock_admins(tx.conn(), tenant).await?;
    // A wrong field is told below.
    let heir = raw.hand_over_to_id.words().ok().flatten();
    let heir = heir.and_then(|words| words.trim().parse().ok());
    queries::lock_leaving(tx.conn(), tenant, id, heir).await?;
    let locked = queries::lock(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)?;
    let person = shown(&mut tx, id).await?;
    let heir = checked(&mut tx, raw, id, &locked.canonical_email).await?;
    if actor.person_id() == Some(id) {
        return Err(Error::conflict(keys::PERSON_OWN_DELETION));
    }
    if is_admin(person.role, person.status) {
        one_admin_stays(admins.iter().filter(|admin| **admin != id).count())?;
    }
    let obligations = hand_over(&mut tx, id, heir).await?;
    let heir = heir.map(|heir| heir.id);
    queries::reset_second_factor(tx.conn(), tenant, id, now).await?;
    queries::revoke_credentials(tx.conn(), tenant, id, now).await?;
    accounts::end_links(tx.conn(), tenant, id, now).await?;
    let former = say(Language::ENGLISH, keys::PERSON_FORMER);
    access_reviews::close_rows_of(tx.conn(), tenant, id, actor.person_id(), now).await?;
    let quoted = |text: &str| serde_json::to_string(text).map_err(Error::internal);
    let known_by = KnownBy {
        name: quoted(&person.name)?,
        email: quoted(&person.email.to_lowercase())?
            .trim_matches('"')
            .to_owned(),
    };
    queries::erase(tx.conn(), tenant, id, &known_by, &former, now).await?;
    deliveries::forget_answers_to(tx.conn(), tenant, id).await?;
    let (conn, _, inner) = tx.parts();
    data_keys::erase(conn, &inner.wrapping(), tenant, id).await?;
    // Nothing personal: there is no key any more under which it could be sealed.
    let event = Event::new("person", "person.deleted")
        .on("person", id)
        .with("role", person.role.as_str())
        .with("status", person.status.as_str())
        .with("obligation_count", obligations)
        .with("handed_over", heir.is_some());
    let deleted = Deleted {
        id,
        obligations,
        handed_over_to_id: heir,
    };
    tx.commit_answering(vec![event], &deleted).await?;
    // Whoever gets this address next begins without the failures of somebody else.
    counters::forget_account(app, actor.request(), &locked.canonical_email).await?;
    Ok(deleted)
}

/// Somebody who takes work over.
#[derive(Debug, Clone, Copy)]
struct Heir {
    id: PersonId,
    role: Role,
}

/// Who takes over, if the address was typed as it is.
async fn checked(
    tx: &mut WriteTx,
    raw: &RawDeletion,
    id: PersonId,
    canonical: &str,
) -> Result<Option<Heir>> {
    let mut errors = FieldErrors::new();
    let e = &mut errors;
    let confirmed = raw.confirm.line(e, "confirm", MAX_CONFIRMATION);
    if confirmed.is_some_and(|typed| canonical_email(&typed) != canonical) {
        e.add("confirm", keys::PERSON_CONFIRM_WRONG);
    }
    let named = raw.hand_over_to_id.id::<PersonId>(e, "hand_over_to_id");
    let heir = match named.flatten() {
        None => None,
        Some(named) if named == id => {
            e.add("hand_over_to_id", keys::PERSON_HEIR_IS_LEAVING);
            None
        }
        Some(named) => {
            let tenant = tx.actor().tenant();
            let role = queries::heir(tx.conn(), tenant, named).await?;
            if role.is_none() {
                e.add("hand_over_to_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE);
            }
            role.map(|role| Heir { id: named, role })
        }
    };
    errors.finish()?;
    Ok(heir)
}

async fn hand_over(tx: &mut WriteTx, id: PersonId, heir: Option<Heir>) -> Result<usize> {
    let handed = handover::hand_over(tx, id, heir.map(|heir| heir.id)).await?;
    // Who does not see a branch would have work that is not there for them.
    if let Some(heir) = heir {
        let theirs = match heir.role {
            Role::HeadOfficeAdmin => BranchScope::All,
            _ => BranchScope::Only(shown(tx, heir.id).await?.branch_ids),
        };
        if !handed.branches.iter().all(|id| theirs.contains(*id)) {
            return Err(Error::invalid(
                "hand_over_to_id",
                keys::PERSON_HEIR_ELSEWHERE,
            ));
        }
    }
    Ok(handed.count)
}
