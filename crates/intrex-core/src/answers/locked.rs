//! Who answers, and the items under lock that the answer is about.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    model::Via,
    queries::items::{self, ItemRow},
};
use crate::{
    actor::Actor,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Error, Result},
    ids::{BranchId, PersonId},
    obligations::schedule::{ItemFacts, StoredState, Threshold, instant},
    people,
    permission::{Permission, Reach},
};

/// Who answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who {
    pub(super) person: PersonId,
    /// Set for who sees only the own tasks.
    pub(super) narrowed_to: Option<PersonId>,
    pub(super) via: Via,
}

impl Who {
    /// The person who acts, by a page or a program.
    pub(super) fn of(actor: &Actor) -> Result<Self> {
        let reach = actor.may(Permission::RemindersAnswer)?;
        Ok(Who {
            person: actor.person_id().ok_or(Error::Forbidden)?,
            narrowed_to: actor.narrowed_to(reach),
            via: if actor.is_token() { Via::Api } else { Via::App },
        })
    }

    /// Whoever holds a link that was sent to somebody of this reach.
    pub(super) fn by_link(person: PersonId, reach: Reach) -> Self {
        Who {
            person,
            narrowed_to: (reach == Reach::Tasks).then_some(person),
            via: Via::Link,
        }
    }

    /// The event of an answer about an item.
    pub(super) fn event(&self, action: &'static str, item: &Item) -> Event {
        let event = Event::new("reminder", action)
            .on("obligation", item.facts.id)
            .at(item.branch)
            .with("recipient_id", self.person.to_string())
            .with("via", self.via.as_str())
            .summary(item.title.as_str());
        match self.via {
            // Nobody was signed in: the log shows whose link it was.
            Via::Link => event.about(self.person),
            Via::App | Via::Api => event,
        }
    }
}

/// An item that is answered.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) facts: ItemFacts,
    pub(super) branch: BranchId,
    pub(super) branch_name: String,
    pub(super) title: String,
    pub(super) open: bool,
}

impl Item {
    pub(super) fn of(row: ItemRow) -> Result<Self> {
        Ok(Item {
            facts: row.facts.facts()?,
            branch: row.branch,
            branch_name: row.branch_name,
            open: row.state == StoredState::Open.as_str(),
            title: row.title,
        })
    }

    /// Nothing that is settled needs an answer.
    pub(super) fn must_be_open(&self) -> Result<()> {
        match self.open {
            true => Ok(()),
            false => Err(Error::conflict(keys::ANSWER_CLOSED)),
        }
    }

    /// The most pressing threshold that has come; before the first one, that one: who has it in hand already needs no word.
    pub(super) fn reached(&self, now: chrono::DateTime<chrono::Utc>) -> Threshold {
        let facts = &self.facts;
        let mut all = Threshold::all(&facts.lead_days);
        let first = all.next().unwrap_or(Threshold::DueDay);
        all.take_while(|threshold| {
            let date = threshold.on(facts.due_on, facts.grace);
            instant(date, facts.time_of_day, facts.zone) <= now
        })
        .last()
        .unwrap_or(first)
    }

    /// The last day of grace.
    pub(super) fn last_day(&self) -> NaiveDate {
        let (due_on, grace) = (self.facts.due_on, self.facts.grace.get());
        due_on
            .checked_add_days(chrono::Days::new(grace.into()))
            .unwrap_or(due_on)
    }
}

/// Locks items, all of which the caller must see. The person is held first: whoever deletes somebody goes the same way.
pub(super) async fn lock(tx: &mut WriteTx, who: &Who, ids: &[Uuid]) -> Result<Vec<Item>> {
    let tenant = tx.actor().tenant();
    people::hold(tx.conn(), tenant, &[who.person.uuid()]).await?;
    let rows = items::lock(tx.conn(), tenant, ids, who.narrowed_to).await?;
    if rows.len() != ids.len() {
        return Err(Error::NotFound);
    }
    rows.into_iter().map(Item::of).collect()
}
