//! Inserts events in the transaction of what they tell: one statement, no lock, no retry.

use std::collections::{HashMap, hash_map};

use chrono::{DateTime, Utc};
use intrex_audit::{Disclosure, EntryDraft, Header, Timestamp};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Event;
use crate::{
    actor::{Actor, ActorKind},
    db::Inner,
    error::{Error, Result},
    ids::PersonId,
    vault::{
        data_keys::{self, DataKey, Wrapping},
        seal::{self, Place},
    },
};

/// How many events one statement inserts.
const EVENTS_A_STATEMENT: usize = 1_000;
/// How much of a user agent is recorded, in characters: the rest tells nothing.
const MAX_USER_AGENT: usize = 200;
/// How many disclosures the statement for one event has room for. An event has one of the actor's key and one of its
/// subject's at most.
const DISCLOSURES_OF_ONE: usize = 2;

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
    sealed_event: Vec<Uuid>,
    sealed_key: Vec<Uuid>,
    sealed: Vec<String>,
}

/// Inserts events of an actor.
pub(crate) async fn stage(
    conn: &mut PgConnection,
    inner: &Inner,
    actor: &Actor,
    events: Vec<Event>,
) -> Result<()> {
    let now = inner.clock.now();
    let wrapping = inner.wrapping();
    let mut keys = HashMap::new();
    let mut columns = Columns::default();
    // In order, so that what one command tells reads in the order in which it says it: lists go by time and id.
    let mut ids: Vec<Uuid> = events.iter().map(|_| inner.chance.uuid(now)).collect();
    ids.sort_unstable();
    for (event, id) in events.into_iter().zip(ids) {
        let draft = EventDraft::new(event, id, actor, now, inner);
        draft
            .seal_into(&mut columns, conn, &wrapping, actor, &mut keys)
            .await?;
        if columns.id.len() >= EVENTS_A_STATEMENT {
            insert(conn, inner, actor, now, std::mem::take(&mut columns)).await?;
        }
    }
    if columns.id.is_empty() {
        Ok(())
    } else {
        insert(conn, inner, actor, now, columns).await
    }
}

/// An event with its entry, and which key each of its personal values is sealed under.
struct EventDraft {
    draft: EntryDraft,
    under_actor: Vec<&'static str>,
    subject: Option<PersonId>,
    diff: serde_json::Map<String, Value>,
}

impl EventDraft {
    fn new(event: Event, id: Uuid, actor: &Actor, now: DateTime<Utc>, inner: &Inner) -> Self {
        let (kind, actor_id, on_behalf_of) = actor.audit_facts();
        let recorded_at = Timestamp::from_unix_micros(now.timestamp_micros())
            .expect("the clock is within the format's years");
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
            diff: event.diff,
        }
    }

    async fn seal_into(
        mut self,
        columns: &mut Columns,
        conn: &mut PgConnection,
        wrapping: &Wrapping,
        actor: &Actor,
        keys: &mut HashMap<Option<PersonId>, Option<DataKey>>,
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
                actor.person_id()
            } else {
                self.subject
            };
            by_subject.entry(subject).or_default().push(disclosure);
        }
        for (subject, disclosures) in by_subject {
            if let hash_map::Entry::Vacant(unknown) = keys.entry(subject) {
                let key = data_keys::key_for(conn, wrapping, actor.tenant(), subject).await?;
                unknown.insert(key);
            }
            // A person whose key was erased has no values any more: the commitment alone stays.
            let Some(Some(key)) = keys.get(&subject) else {
                continue;
            };
            columns.sealed_event.push(id);
            columns.sealed_key.push(key.id.uuid());
            columns
                .sealed
                .push(seal_disclosures(key, actor, id, &disclosures, wrapping));
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

fn seal_disclosures(
    key: &DataKey,
    actor: &Actor,
    event: Uuid,
    disclosures: &[Disclosure],
    wrapping: &Wrapping,
) -> String {
    let values: Vec<Value> = disclosures
        .iter()
        .map(|d| json!({ "field": d.field, "salt": hex::encode(d.salt), "value": d.value }))
        .collect();
    seal::seal_with(
        &key.key,
        disclosure_place(actor.tenant(), event),
        Value::Array(values).to_string().as_bytes(),
        wrapping.chance,
    )
}

/// Where an event's disclosures are sealed; the key's own id is part of the sealing.
pub(super) fn disclosure_place(tenant: crate::ids::TenantId, event: Uuid) -> Place {
    Place {
        table: "audit_disclosures",
        column: "sealed",
        tenant,
        row: event,
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
    if c.id.len() == 1 && c.sealed.len() <= DISCLOSURES_OF_ONE {
        return insert_one(conn, epoch, actor, now, &c).await;
    }
    sqlx::query!(
        r#"with told as (
             insert into app.audit_events (tenant_id, epoch, recorded_at, partition_key, id, branch_id, actor_id, category, action,
                                           outcome, entity_type, entity_id, entry)
             select $1, $2, $3, u.* from unnest($4::integer[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::text[],
                                                $10::text[], $11::text[], $12::text[], $13::bytea[]) u)
           insert into app.audit_disclosures (tenant_id, event_id, key_id, sealed)
           select $1, u.* from unnest($14::uuid[], $15::uuid[], $16::text[]) u"#,
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
        &c.sealed_event,
        &c.sealed_key,
        &c.sealed,
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
    sqlx::query!(
        r#"with told as (
             insert into app.audit_events (tenant_id, epoch, recorded_at, partition_key, id, branch_id, actor_id, category, action,
                                           outcome, entity_type, entity_id, entry)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13))
           insert into app.audit_disclosures (tenant_id, event_id, key_id, sealed)
           select $1, $5, d.* from (values ($14::uuid, $15::text), ($16::uuid, $17::text)) d (key_id, sealed)
           where d.key_id is not null"#,
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
        c.sealed_key.first().copied(),
        c.sealed.first().map(String::as_str),
        c.sealed_key.get(1).copied(),
        c.sealed.get(1).map(String::as_str),
    )
    .execute(conn)
    .await?;
    Ok(())
}
