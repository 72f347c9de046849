//! The id of a branch is not the id of a person.
// error[E0308]: mismatched types

use intrex_core::{audit::Event, ids::PersonId};

pub fn at(event: Event, person: PersonId) -> Event {
    event.at(person)
}
