//! Who sees whom: a head office admin everybody, a branch manager the people of their own branches, themselves and the head
//! office admins, an operator nobody.

use super::{
    model::{Person, PersonFilter, PersonName},
    queries::{self, Sight},
};
use crate::{
    actor::BranchScope,
    db::ReadTx,
    error::{Error, Result},
    ids::PersonId,
    paging::{Page, PageRequest},
    permission::Permission,
};

/// People to choose from at most.
const MAX_NAMES: i64 = 5_000;

/// People by name.
pub async fn list(
    tx: &mut ReadTx,
    filter: &PersonFilter,
    page: &PageRequest,
) -> Result<Page<Person>> {
    let sight = sight(tx)?;
    let after = page.after(filter)?;
    let tenant = tx.actor().tenant();
    let rows = queries::list(
        tx.conn(),
        tenant,
        filter,
        &sight,
        after,
        page.limit_and_one(),
    )
    .await?;
    page.cut(rows, filter, |person| {
        (person.name.clone(), person.id.uuid())
    })
}

/// One person.
pub async fn get(tx: &mut ReadTx, id: PersonId) -> Result<Person> {
    let sight = sight(tx)?;
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, id, &sight)
        .await?
        .ok_or(Error::NotFound)
}

/// Those who can be given something to do, by name.
pub async fn names(tx: &mut ReadTx) -> Result<Vec<PersonName>> {
    let sight = sight(tx)?;
    let tenant = tx.actor().tenant();
    queries::names(tx.conn(), tenant, &sight, MAX_NAMES).await
}

fn sight(tx: &ReadTx) -> Result<Sight> {
    tx.may(Permission::PeopleRead)?;
    let actor = tx.actor();
    Ok(Sight {
        branches: match actor.scope() {
            BranchScope::All => None,
            BranchScope::Only(branches) => Some(branches.iter().map(|id| id.uuid()).collect()),
        },
        person: actor.person_id().map(|id| id.uuid()),
    })
}
