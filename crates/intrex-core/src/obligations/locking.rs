//! An item and its people for a decision, always in one order: the people first, then the item. Whoever deletes somebody goes the
//! same way, so that nobody waits in a circle, and nobody who is gone is given anything.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    model::{Definition, Stored},
    queries,
    schedule::civil_today,
};
use crate::{
    App,
    actor::Actor,
    catalogue::keys,
    db::WriteTx,
    error::{Conflict, Error, FieldErrors, Result},
    ids::{ObligationId, PersonId},
    people,
    permission::Permission,
    raw::Raw,
};

/// How often a command looks for an item that is given to somebody else each time.
const LOOKS: u8 = 5;

/// The item under lock, in a transaction begun for it, and today in its branch's zone. The people whom it names, and `named`
/// whom it is to name, are held first: whoever deletes one of them locks them before their items, so that nobody waits in a
/// circle.
pub(super) async fn locked(
    app: &App,
    actor: &Actor,
    id: ObligationId,
    permission: Permission,
    seen: Option<i32>,
    named: &[Uuid],
) -> Result<(WriteTx, Stored, NaiveDate)> {
    let narrowed_to = actor.narrowed_to(actor.may(permission)?);
    let tenant = actor.tenant();
    for _ in 0..LOOKS {
        let mut tx = app.db.write(actor).await?;
        let now = tx.now();
        let held = queries::hold_people(tx.conn(), tenant, id, named).await?;
        let (item, zone) = queries::lock(tx.conn(), tenant, id, narrowed_to).await?;
        let definition = &item.definition;
        let mut people = [definition.owner_id, definition.deputy_id]
            .into_iter()
            .flatten();
        if !people.all(|person| held.contains(&person)) {
            // It was given to somebody else between the two statements.
            continue;
        }
        return match seen {
            Some(version) if version != item.version => Err(Error::Conflict(Conflict::Stale)),
            _ => Ok((tx, item, civil_today(now, zone))),
        };
    }
    Err(Error::Conflict(Conflict::Stale))
}

/// Whom a field names, if that is anybody's id; what is wrong with it is told later.
pub(super) fn named(raw: &Raw) -> Option<Uuid> {
    let words = raw.words().ok().flatten()?;
    words.trim().parse().ok()
}

/// Whoever is named anew as owner or deputy can be given something: a former person, and somebody who cannot sign in, is refused
/// like an id that never was. Who was named before stays.
pub(super) async fn must_be_assignable(
    tx: &mut WriteTx,
    new: &Definition,
    old: Option<&Definition>,
) -> Result<()> {
    let named = [
        ("owner_id", new.owner_id, old.and_then(|old| old.owner_id)),
        (
            "deputy_id",
            new.deputy_id,
            old.and_then(|old| old.deputy_id),
        ),
    ];
    let named = named.into_iter().filter(|(_, new, old)| new != old);
    let named: Vec<(&str, PersonId)> = named
        .filter_map(|(field, new, _)| new.map(|id| (field, id)))
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = named.iter().map(|(_, id)| id.uuid()).collect();
    let tenant = tx.actor().tenant();
    let found = people::hold_assignable(tx.conn(), tenant, &ids).await?;
    let mut errors = FieldErrors::new();
    for (field, id) in named {
        if !found.contains(&id) {
            errors.add(field, keys::ERROR_FIELD_UNKNOWN_REFERENCE);
        }
    }
    errors.finish()
}
