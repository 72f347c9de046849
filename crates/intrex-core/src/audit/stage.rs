//! Inserts events in the transaction of what they tell: one statement, no lock, no retry.

use std::collections::{HashMap, hash_map};

use chrono::{DateTime, Utc};
use intrex_audit::{Disclosure, EntryDraft, Header, Outcome, Timestamp};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Event, disclosures};
use crate::{
    actor::{Actor, ActorKind},
    db::Inner,
    error::{Error, Result},
    ids::{KeyId, PersonId},
    vault::data_keys::{self, DataKey, Wrapping},
};

/// How many events one statement inserts.
const EVENTS_A_STATEMENT: usize = 1_000;
/// How much of a user agent is recorded, in characters: the rest tells nothing.
const MAX_USER_AGENT: usize = 200;
/// Under how many keys the values of one event are sealed at most: the actor's and its subject's.
const KEYS_AN_EVENT: usize = 2;

/// What the values of somebody are sealed under; the id alone where it was erased.
type SealingKey = std::result::Result<DataKey, KeyId>;

/// The values of a column, one an event, for `unnest`.
#[derive(Default)]
struct Columns {
    partition_key: Vec<i32>,
    id: Vec<Uuid>,
    branch_id: Vec<Option<Uuid>>,
    actor_id: Vec<Option<Uuid>>,
    category: Vec<String>,
    action: Vec<String>,
    outcome: Vec<String>,
    entity_type: Vec<Option<String>>,
    entity_id: Vec<Option<String>>,
    entry: Vec<Vec<u8>>,
    /// The first data key and what it sealed, and the second: `unnest` takes arrays of arrays apart altogether.
    data_key_id: [Vec<Option<Uuid>>; KEYS_AN_EVENT],
    sealed: [Vec<Option<String>>; KEYS_AN_EVENT],
}

/// Inserts events of an actor; answers their ids, in the same order.
pub(crate) async fn stage(
    conn: &mut PgConnection,
    inner: &Inner,
    actor: &Actor,
    events: Vec<Event>,
) -> Result<Vec<Uuid>> {
    let now = inner.clock.now();
    let wrapping = inner.wrapping();
    let mut keys = HashMap::new();
    let mut columns = Columns::default();
    // In order, so that what one command tells reads in the order in which it says it: lists go by time and id.
    let mut ids: Vec<Uuid> = events.iter().map(|_| inner.chance.uuid(now)).collect();
    ids.sort_unstable();
    for (event, id) in events.into_iter().zip(&ids) {
        let draft = EventDraft::new(event, *id, actor, now, inner);
        draft
            .seal_into(&mut columns, conn, &wrapping, actor, &mut keys)
            .await?;
        if columns.id.len() >= EVENTS_A_STATEMENT {
            insert(conn, inner, actor, now, std::mem::take(&mut columns)).await?;
        }
    }
    if !columns.id.is_empty() {
        insert(conn, inner, actor, now, columns).await?;
    }
    Ok(ids)
}

/// An event with its entry, and which key each of its personal values is sealed under.
struct EventDraft {
    draft: EntryDraft,
    under_actor: Vec<&'static str>,
    subject: Option<PersonId>,
    succeeded: bool,
    diff: serde_json::Map<String, Value>,
}

impl EventDraft {
    fn new(event: Event, id: Uuid, actor: &Actor, now: DateTime<Utc>, inner: &Inner) -> Self {
        let succeeded = event.outcome == Outcome::Success;
        let (kind, actor_id, on_behalf_of) = actor.audit_facts();
        let recorded_at = Timestamp::from_unix_micros(now.timestamp_micros())
            .expect("the clock is within the format's years");
        let is_told = |subject: &PersonId| {
            actor.person_id() == Some(*subject)
                || event.entity == Some((disclosures::PERSON, subject.uuid()))
        };
        let about = event.subject.filter(|subject| !is_told(subject));
        let mut draft = EntryDraft::new(Header {
            epoch: inner.epoch,
            tenant: actor.tenant().uuid(),
            id,
            recorded_at,
            actor: match (kind, actor_id) {
                (ActorKind::Person, Some(id)) => intrex_audit::Actor::person(id),
                (ActorKind::Token, Some(id)) => intrex_audit::Actor::token(id, on_behalf_of),
                (ActorKind::Worker, _) => intrex_audit::Actor::worker(None),
                (ActorKind::Operator, _) => intrex_audit::Actor::operator(None),
                _ => intrex_audit::Actor::anonymous(),
            },
            category: event.category.to_owned(),
            action: event.action.to_owned(),
            outcome: event.outcome,
            entity: event
                .entity
                .map(|(kind, id)| intrex_audit::Entity::new(kind, id)),
            branch: event.branch.map(|id| id.uuid()),
            request_id: actor.request().id.map(|id| id.to_string()),
        });
        for (key, value) in event.metadata {
            draft = draft.with_metadata(key, value);
        }
        // Hashed with the rest, so that the verifier knows whose erased key excuses that the values are gone.
        if let Some(subject) = about {
            draft = draft.with_metadata(disclosures::ABOUT, subject.to_string());
        }
        if let Some(job) = actor.job() {
            draft = draft.with_metadata("job", job);
        }
        let mut under_actor = Vec::new();
        let request = actor.request();
        let agent = request
            .user_agent
            .as_ref()
            .map(|agent| agent.chars().take(MAX_USER_AGENT).collect::<String>());
        for (name, value) in [
            ("ip", request.ip.map(|ip| ip.to_string())),
            ("user_agent", agent),
        ] {
            if let Some(value) = value {
                draft = draft.with_personal(name, value, inner.chance.bytes());
                under_actor.push(name);
            }
        }
        if let Some(reason) = actor.reason() {
            draft = draft.with_personal("operator_reason", reason, inner.chance.bytes());
        }
        for (name, value) in event.personal {
            draft = draft.with_personal(name, value, inner.chance.bytes());
        }
        EventDraft {
            draft,
            under_actor,
            subject: event.subject,
            succeeded,
            diff: event.diff,
        }
    }

    async fn seal_into(
        mut self,
        columns: &mut Columns,
        conn: &mut PgConnection,
        wrapping: &Wrapping,
        actor: &Actor,
        keys: &mut HashMap<Option<PersonId>, SealingKey>,
    ) -> Result<()> {
        if !self.diff.is_empty() {
            self.draft = self
                .draft
                .with_diff(&self.diff, wrapping.chance.bytes())
                .map_err(Error::internal)?;
        }
        let sealed = self.draft.seal().map_err(Error::internal)?;
        let id = sealed.columns.event_id;
        let mut by_subject: HashMap<Option<PersonId>, Vec<Disclosure>> = HashMap::new();
        for disclosure in sealed.disclosures {
            let of_actor = self.under_actor.contains(&disclosure.field.as_str());
            let subject = if of_actor {
                // Whoever has shown by a password or a link who they are is nobody's actor yet; a stranger who failed is not
                // the person whom they tried.
                actor
                    .person_id()
                    .or(self.subject.filter(|_| self.succeeded))
            } else {
                self.subject
            };
            by_subject.entry(subject).or_default().push(disclosure);
        }
        let mut under_keys = Vec::with_capacity(KEYS_AN_EVENT);
        for (subject, disclosures) in by_subject {
            if let hash_map::Entry::Vacant(unknown) = keys.entry(subject) {
                let key = data_keys::find_or_make(conn, wrapping, actor.tenant(), subject).await?;
                unknown.insert(key);
            }
            match keys.get(&subject) {
                Some(Ok(key)) => {
                    let tenant = actor.tenant();
                    let values =
                        disclosures::seal(&key.key, tenant, id, &disclosures, wrapping.chance);
                    under_keys.push((key.id.uuid(), values));
                }
                // A person whose key was erased has no values any more. The commitment stays, and which key it was, so that
                // the verifier can tell them from values that somebody took away.
                Some(Err(erased)) => under_keys.push((erased.uuid(), String::new())),
                None => {}
            }
        }
        let mut under_keys = under_keys.into_iter();
        for (key_ids, values) in std::iter::zip(&mut columns.data_key_id, &mut columns.sealed) {
            let (key_id, value) = under_keys.next().unzip();
            key_ids.push(key_id);
            values.push(value);
        }
        columns
            .partition_key
            .push(i32::try_from(sealed.columns.partition_key).map_err(Error::internal)?);
        columns.id.push(id);
        columns.branch_id.push(sealed.columns.branch_id);
        columns.actor_id.push(sealed.columns.actor_id);
        columns.category.push(sealed.columns.category);
        columns.action.push(sealed.columns.action);
        columns.outcome.push(sealed.columns.outcome);
        columns.entity_type.push(sealed.columns.entity_type);
        columns.entity_id.push(sealed.columns.entity_id);
        columns.entry.push(sealed.bytes);
        Ok(())
    }
}

async fn insert(
    conn: &mut PgConnection,
    inner: &Inner,
    actor: &Actor,
    now: DateTime<Utc>,
    c: Columns,
) -> Result<()> {
    let epoch = i32::try_from(inner.epoch).map_err(Error::internal)?;
    if c.id.len() == 1 {
        return insert_one(conn, epoch, actor, now, &c).await;
    }
    sqlx::query!(
        "insert into app.audit_events (tenant_id, epoch, recorded_at, partition_key, id, branch_id, actor_id, category, action,
                                       outcome, entity_type, entity_id, entry, data_key_ids, sealed)
         select $1, $2, $3, u.partition_key, u.id, u.branch_id, u.actor_id, u.category, u.action, u.outcome, u.entity_type,
                u.entity_id, u.entry, array_remove(array[u.first_key, u.second_key], null),
                array_remove(array[u.first, u.second], null)
         from unnest($4::integer[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[],
                     $12::text[], $13::bytea[], $14::uuid[], $15::text[], $16::uuid[], $17::text[])
           as u (partition_key, id, branch_id, actor_id, category, action, outcome, entity_type, entity_id, entry,
                 first_key, first, second_key, second)",
        actor.tenant().uuid(),
        epoch,
        now,
        &c.partition_key,
        &c.id,
        &c.branch_id as &[Option<Uuid>],
        &c.actor_id as &[Option<Uuid>],
        &c.category,
        &c.action,
        &c.outcome,
        &c.entity_type as &[Option<String>],
        &c.entity_id as &[Option<String>],
        &c.entry,
        &c.data_key_id[0] as &[Option<Uuid>],
        &c.sealed[0] as &[Option<String>],
        &c.data_key_id[1] as &[Option<Uuid>],
        &c.sealed[1] as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A single event, which most commands commit. The statement for many costs PostgreSQL half as much again: it puts each
/// of its arrays into a store of its own first.
async fn insert_one(
    conn: &mut PgConnection,
    epoch: i32,
    actor: &Actor,
    now: DateTime<Utc>,
    c: &Columns,
) -> Result<()> {
    let data_key_ids: Vec<Uuid> = c.data_key_id.iter().flatten().flatten().copied().collect();
    let sealed: Vec<&str> = c
        .sealed
        .iter()
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect();
    sqlx::query!(
        "insert into app.audit_events (tenant_id, epoch, recorded_at, partition_key, id, branch_id, actor_id, category, action,
                                       outcome, entity_type, entity_id, entry, data_key_ids, sealed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::bytea, $14, $15::text[])",
        actor.tenant().uuid(),
        epoch,
        now,
        c.partition_key[0],
        c.id[0],
        c.branch_id[0],
        c.actor_id[0],
        c.category[0],
        c.action[0],
        c.outcome[0],
        c.entity_type[0].as_deref(),
        c.entity_id[0].as_deref(),
        &c.entry[0],
        &data_key_ids,
        &sealed as &[&str],
    )
    .execute(conn)
    .await?;
    Ok(())
}
