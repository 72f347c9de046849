//! Who sees whom: a head office admin everybody, a branch manager the people of their own branches, themselves and the head
//! office admins, an operator nobody.

use super::{
    model::{Person, PersonFilter, PersonName},
    queries::{self, Sight},
    rules,
};
use crate::{
    actor::{Actor, BranchScope},
    db::ReadTx,
    error::{Error, Result},
    ids::PersonId,
    paging::{Page, PageRequest},
    permission::{Permission, Role},
    text,
};

/// People to choose from at most.
const MAX_NAMES: i64 = 5_000;
/// The longest search text, in characters.
const MAX_NEEDLE: usize = 200;

/// People by name.
pub async fn list(
    tx: &mut ReadTx,
    filter: &PersonFilter,
    page: &PageRequest,
) -> Result<Page<Person>> {
    let sight = sight(tx)?;
    let filter = &checked(filter)?;
    let after = page.after(filter)?;
    // Addresses are compared in the form in which they are one address.
    let narrowed = PersonFilter {
        q: filter.q.as_deref().map(super::canonical_email),
        ..filter.clone()
    };
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let rows = queries::list(
        tx.conn(),
        tenant,
        &narrowed,
        &sight,
        now,
        after,
        page.limit_and_one(),
    )
    .await?;
    let mut page = page.cut(rows, filter, |person| {
        (person.name.clone(), person.id.uuid())
    })?;
    let actor = tx.actor();
    page.items = std::mem::take(&mut page.items)
        .into_iter()
        .map(|person| as_seen_by(actor, person))
        .collect();
    Ok(page)
}

/// One person.
pub async fn get(tx: &mut ReadTx, id: PersonId) -> Result<Person> {
    let sight = sight(tx)?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    queries::find(tx.conn(), tenant, id, &sight, now)
        .await?
        .map(|person| as_seen_by(tx.actor(), person))
        .ok_or(Error::NotFound)
}

/// A branch manager sees head office as contacts.
fn as_seen_by(actor: &Actor, person: Person) -> Person {
    match (actor.scope(), person.role) {
        (BranchScope::Only(_), Role::HeadOfficeAdmin) => person.into_contact(),
        _ => person,
    }
}

/// Whether the reader may change somebody whom they see: a branch manager sees some whom they do not manage.
pub async fn is_managed(tx: &mut ReadTx, id: PersonId) -> Result<bool> {
    tx.may(Permission::PeopleRead)?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let whole = queries::find(tx.conn(), tenant, id, &Sight::default(), now).await?;
    Ok(whole.is_some_and(|person| rules::manages(tx.actor(), &person)))
}

/// Those who can be given something to do, by name.
pub async fn names(tx: &mut ReadTx) -> Result<Vec<PersonName>> {
    let sight = sight(tx)?;
    let tenant = tx.actor().tenant();
    queries::names(tx.conn(), tenant, &sight, MAX_NAMES).await
}

fn sight(tx: &ReadTx) -> Result<Sight> {
    tx.may(Permission::PeopleRead)?;
    Ok(sight_of(tx.actor()))
}

/// Whom somebody sees, as far as their branches go.
pub(super) fn sight_of(actor: &Actor) -> Sight {
    Sight {
        branches: match actor.scope() {
            BranchScope::All => None,
            BranchScope::Only(branches) => Some(branches.iter().map(|id| id.uuid()).collect()),
        },
        person: actor.person_id().map(|id| id.uuid()),
    }
}

/// The filter without empty values, each a text that the database can hold.
fn checked(filter: &PersonFilter) -> Result<PersonFilter> {
    let q = match &filter.q {
        None => None,
        Some(typed) => Some(
            text::check_optional_line(typed, MAX_NEEDLE)
                .map_err(|text| Error::invalid("q", text))?,
        ),
    };
    Ok(PersonFilter {
        q: q.filter(|q| !q.is_empty()),
        ..filter.clone()
    })
}
