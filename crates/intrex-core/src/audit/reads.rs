//! What pages and programs show of the log. Addresses and user agents stay sealed here; what was erased is shown as such.
//! Reading the log is itself told by an event.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use intrex_audit::{ActorKind, Entry};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Event,
    disclosures::{Gone, Keys, Sealed},
};
use crate::{
    actor::Actor,
    app::App,
    db::ReadTx,
    error::{Error, Result},
    ids::{EventId, ObligationId, PersonId},
    paging::{Page, PageRequest},
    permission::Permission,
};

/// Committed fields that are shown by revealing them alone, never in lists.
pub(super) const KEPT_BACK: [&str; 2] = ["ip", "user_agent"];
/// The committed field that becomes the event's own line.
const SUMMARY: &str = "summary";
/// Events of one thing at most on its page.
const TIMELINE_LIMIT: i64 = 200;
/// One reader's reading is told once in this time.
const READING_TOLD_EVERY: TimeDelta = TimeDelta::minutes(15);

/// One event of the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEvent {
    /// Its id.
    pub id: EventId,
    /// The chain that it stands in: the organisation's id.
    pub chain_key: Uuid,
    /// Its number in the chain; null for the moment until it has one.
    pub seq: Option<i64>,
    /// Its hash, 64 hex digits.
    pub hash: Option<String>,
    /// The hash of the event before it.
    pub prev_hash: Option<String>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who acted.
    pub actor: AuditActor,
    /// What was done, such as `obligation.completed`.
    pub action: String,
    /// `success`, `failure` or `denied`.
    pub outcome: String,
    /// What it was done to.
    pub entity: Option<AuditEntity>,
    /// The branch that it concerns.
    pub branch_id: Option<Uuid>,
    /// One line for a reader; null where there is none or it was erased.
    pub summary: Option<String>,
    /// What else people typed, by field; null where it was erased.
    pub fields: BTreeMap<String, Option<String>>,
    /// Fields that are shown by revealing them alone.
    pub withheld: Vec<String>,
    /// Machine values: states, dates, counts.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

/// Who acted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditActor {
    /// `person`, `token`, `worker`, `operator` or `anonymous`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: ActorKind,
    /// The person's or token's id.
    pub id: Option<Uuid>,
    /// The person, also behind a token.
    pub person_id: Option<Uuid>,
    /// That person's name as it is today.
    pub name: Option<String>,
}

/// What something was done to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEntity {
    /// The noun: `obligation`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// Which events are asked for; what is not given does not narrow.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AuditFilter {
    /// This action alone.
    pub action: Option<String>,
    /// What was done to this.
    pub entity_id: Option<Uuid>,
    /// What this person or token did.
    pub actor_id: Option<Uuid>,
    /// Recorded at or after.
    pub from: Option<DateTime<Utc>>,
    /// Recorded before.
    pub to: Option<DateTime<Utc>>,
}

/// The log, newest first. A branch manager sees the events of the own branches.
pub async fn list(
    tx: &mut ReadTx,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditEvent>> {
    tx.may(Permission::AuditRead)?;
    let after: Option<Place> = page.after(filter)?;
    let from = filter.from.map(place_of);
    let rows = select(tx.conn(), filter, from, after, page.limit_and_one()).await?;
    let page = page.cut(rows, filter, |row| (row.partition_key, row.id))?;
    let (items, next_cursor) = (page.items, page.next_cursor);
    Ok(Page {
        items: shown(tx, items).await?,
        next_cursor,
    })
}

/// One event.
pub async fn get(tx: &mut ReadTx, id: EventId) -> Result<AuditEvent> {
    tx.may(Permission::AuditRead)?;
    let (row, _) = one(tx.conn(), id).await?;
    shown(tx, vec![row]).await?.pop().ok_or(Error::NotFound)
}

/// What happened to an obligation, newest first, for everybody who may see the obligation.
pub async fn timeline(tx: &mut ReadTx, obligation: ObligationId) -> Result<Vec<AuditEvent>> {
    let reach = tx.may(Permission::ObligationsRead)?;
    let narrowed_to = tx.actor().narrowed_to(reach).map(PersonId::uuid);
    let tenant = tx.actor().tenant().uuid();
    let visible = sqlx::query_scalar!(
        r#"select exists (
             select from app.obligation_instances
             where tenant_id = $1 and id = $2 and ($3::uuid is null or owner_id = $3 or deputy_id = $3)) as "visible!""#,
        tenant,
        obligation.uuid(),
        narrowed_to,
    )
    .fetch_one(tx.conn())
    .await?;
    if !visible {
        return Err(Error::NotFound);
    }
    let filter = AuditFilter {
        entity_id: Some(obligation.uuid()),
        ..AuditFilter::default()
    };
    let rows = select(tx.conn(), &filter, None, None, TIMELINE_LIMIT).await?;
    shown(tx, rows).await
}

/// Tells that the actor has read the log: `what` is the page or the export. Once in a quarter of an hour.
pub async fn record_reading(app: &App, actor: &Actor, what: &'static str) -> Result<()> {
    let since = app.now() - READING_TOLD_EVERY;
    let (month, id) = place_of(since);
    let (_, actor_id, _) = actor.audit_facts();
    let mut tx = app.db.write(actor).await?;
    let told = sqlx::query_scalar!(
        r#"select exists (
             select from app.audit_events
             where tenant_id = $1 and action = 'audit.read' and recorded_at > $2 and actor_id is not distinct from $3
               and (partition_key, id) >= ($4, $5))
           as "told!""#,
        actor.tenant().uuid(),
        since,
        actor_id,
        month,
        id,
    )
    .fetch_one(tx.conn())
    .await?;
    if told {
        return Ok(());
    }
    tx.commit(Event::new("audit", "audit.read").with("what", what))
        .await
}

/// Where an event stands in the order of time: its month and its id, which begins with the millisecond. The table's own key
/// has this order: an index by time alone made writing dearer by a tenth.
type Place = (i32, Uuid);

/// Before all that was recorded in this millisecond and later.
fn place_of(instant: DateTime<Utc>) -> Place {
    let millis = u128::try_from(instant.timestamp_millis()).unwrap_or(0);
    let month = i32::try_from(instant.month()).unwrap_or(0);
    (instant.year() * 100 + month, Uuid::from_u128(millis << 80))
}

/// An event as it is stored, with its place if it has one.
pub(super) struct Row {
    partition_key: i32,
    id: Uuid,
    tenant_id: Uuid,
    recorded_at: DateTime<Utc>,
    branch_id: Option<Uuid>,
    actor_id: Option<Uuid>,
    action: String,
    outcome: String,
    entity_type: Option<String>,
    entity_id: Option<String>,
    entry: Vec<u8>,
    data_key_ids: Vec<Uuid>,
    sealed: Vec<String>,
    seq: Option<i64>,
    hash: Option<Vec<u8>>,
    prev_hash: Option<Vec<u8>>,
}

impl Row {
    pub(super) fn sealed(&self) -> Sealed<'_> {
        Sealed {
            event: self.id,
            keys: &self.data_key_ids,
            values: &self.sealed,
        }
    }
}

/// An event and what it says, as far as that can be read.
pub(super) async fn one(conn: &mut PgConnection, id: EventId) -> Result<(Row, Option<Entry>)> {
    // An id begins with the millisecond in which the event was recorded: that is its place.
    let millis = i64::try_from(id.uuid().as_u128() >> 80).map_err(Error::internal)?;
    let recorded_at = DateTime::from_timestamp_millis(millis).ok_or(Error::NotFound)?;
    let (month, _) = place_of(recorded_at);
    let next = Uuid::from_u128(id.uuid().as_u128().wrapping_add(1));
    let (from, before) = ((month, id.uuid()), (month, next));
    let rows = select(conn, &AuditFilter::default(), Some(from), Some(before), 1).await?;
    let row = rows.into_iter().next().ok_or(Error::NotFound)?;
    let entry = Entry::parse(&row.entry).ok();
    Ok((row, entry))
}

async fn select(
    conn: &mut PgConnection,
    filter: &AuditFilter,
    from: Option<Place>,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Row>> {
    // The exact times decide; the places narrow what is looked at.
    let to = filter
        .to
        .and_then(|to| to.checked_add_signed(TimeDelta::milliseconds(1)))
        .map(place_of);
    let rows = sqlx::query_as!(
        Row,
        r#"select e.partition_key, e.id, e.tenant_id, e.recorded_at, e.branch_id, e.actor_id, e.action, e.outcome, e.entity_type,
                  e.entity_id, e.entry, e.data_key_ids, e.sealed, l.seq as "seq?", l.hash as "hash?", l.prev_hash as "prev_hash?"
           from app.audit_events e
           left join app.audit_leaves l on l.tenant_id = e.tenant_id and l.event_id = e.id
           where ($1::text is null or e.action = $1) and ($2::text is null or e.entity_id = $2)
             and ($3::uuid is null or e.actor_id = $3)
             and ($4::timestamptz is null or e.recorded_at >= $4) and ($5::timestamptz is null or e.recorded_at < $5)
             and ($6::integer is null or (e.partition_key, e.id) < ($6, $7))
             and ($9::integer is null or (e.partition_key, e.id) >= ($9, $10))
             and ($11::integer is null or (e.partition_key, e.id) < ($11, $12))
           order by e.partition_key desc, e.id desc limit $8"#,
        filter.action,
        filter.entity_id.map(|id| id.to_string()),
        filter.actor_id,
        filter.from,
        filter.to,
        before.map(|(month, _)| month),
        before.map(|(_, id)| id),
        limit,
        from.map(|(month, _)| month),
        from.map(|(_, id)| id),
        to.map(|(month, _)| month),
        to.map(|(_, id)| id),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn shown(tx: &mut ReadTx, rows: Vec<Row>) -> Result<Vec<AuditEvent>> {
    // Somebody may have damaged an entry: the list still shows the rest, and the verifier names the damage.
    let entries: Vec<Option<Entry>> = rows
        .iter()
        .map(|row| Entry::parse(&row.entry).ok())
        .collect();
    let names = names_of(tx.conn(), &entries).await?;
    let vault = tx.inner().vault.clone();
    let mut keys = Keys::new(&vault.keys.connector, tx.actor().tenant());
    keys.load(tx.conn(), rows.iter().map(Row::sealed)).await?;
    Ok(rows
        .into_iter()
        .zip(entries)
        .map(|(row, entry)| {
            let values = entry.as_ref().map(|entry| disclosed(entry, &row, &keys));
            event(row, entry, values.unwrap_or_default(), &names)
        })
        .collect())
}

fn event(
    row: Row,
    entry: Option<Entry>,
    mut values: BTreeMap<String, String>,
    names: &HashMap<Uuid, String>,
) -> AuditEvent {
    let mut fields: BTreeMap<String, Option<String>> = BTreeMap::new();
    for field in entry.iter().flat_map(|entry| entry.personal.keys()) {
        if !KEPT_BACK.contains(&field.as_str()) {
            fields.insert(field.clone(), values.remove(field));
        }
    }
    let actor = entry.as_ref().map(|entry| &entry.actor);
    let person_id = actor.and_then(person_of);
    AuditEvent {
        id: row.id.into(),
        chain_key: row.tenant_id,
        seq: row.seq,
        hash: row.hash.map(hex::encode),
        prev_hash: row.prev_hash.map(hex::encode),
        recorded_at: row.recorded_at,
        actor: AuditActor {
            kind: actor.map_or(ActorKind::Anonymous, |actor| actor.kind),
            id: row.actor_id,
            person_id,
            name: person_id.and_then(|id| names.get(&id).cloned()),
        },
        action: row.action,
        outcome: row.outcome,
        entity: row
            .entity_type
            .zip(row.entity_id)
            .map(|(kind, id)| AuditEntity { kind, id }),
        branch_id: row.branch_id,
        summary: fields.remove(SUMMARY).flatten(),
        fields,
        withheld: entry
            .iter()
            .flat_map(|entry| entry.personal.keys())
            .filter(|field| KEPT_BACK.contains(&field.as_str()))
            .cloned()
            .collect(),
        metadata: entry.map(|entry| entry.metadata).unwrap_or_default(),
    }
}

fn person_of(actor: &intrex_audit::Actor) -> Option<Uuid> {
    match actor.kind {
        ActorKind::Person => actor.id,
        _ => actor.person,
    }
}

async fn names_of(
    conn: &mut PgConnection,
    entries: &[Option<Entry>],
) -> Result<HashMap<Uuid, String>> {
    let ids: Vec<Uuid> = entries
        .iter()
        .flatten()
        .filter_map(|entry| person_of(&entry.actor))
        .collect();
    let rows = sqlx::query!("select id, name from app.people where id = any($1)", &ids)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// The values that can still be opened.
fn disclosed(entry: &Entry, row: &Row, keys: &Keys) -> BTreeMap<String, String> {
    let found = keys.disclose(entry, row.sealed());
    if let Some(gone @ (Gone::Altered | Gone::Removed | Gone::Taken)) = found.gone {
        tracing::error!(event = %row.id, ?gone, "personal values of the audit log are not as they were");
    }
    found.values
}
