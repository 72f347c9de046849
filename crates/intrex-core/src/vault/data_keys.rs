//! Data keys: random keys of a tenant, and of each person whose personal data is sealed, wrapped by the installation's
//! `CONNECTOR_ENC_KEY`. Erasing a key erases what it seals, in the audit log too, which cannot be rewritten.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::{
    keys::{Key, KeyRing},
    seal::{self, Place},
};
use crate::{
    clock::Chance,
    error::{Error, Result},
    ids::{KeyId, PersonId, TenantId},
};

/// How many unwrapped keys stay in memory.
const CACHED_KEYS: usize = 10_000;
/// How long an unwrapped key is used before the database is asked again whether it was erased.
const CACHED_FOR: TimeDelta = TimeDelta::seconds(60);

/// An unwrapped data key.
#[derive(Debug, Clone)]
pub(crate) struct DataKey {
    pub id: KeyId,
    pub key: Key,
}

/// Whose key it is: the tenant's own, or a person's.
type Holder = (TenantId, Option<PersonId>);

/// Unwrapped keys by holder, with the time at which each was read.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<HashMap<Holder, (DateTime<Utc>, DataKey)>>);

impl Cache {
    fn get(
        &self,
        tenant: TenantId,
        subject: Option<PersonId>,
        now: DateTime<Utc>,
    ) -> Option<DataKey> {
        let keys = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        keys.get(&(tenant, subject))
            .filter(|(read_at, _)| (now - *read_at).abs() < CACHED_FOR)
            .map(|(_, key)| key.clone())
    }

    fn put(&self, tenant: TenantId, subject: Option<PersonId>, now: DateTime<Utc>, key: DataKey) {
        let mut keys = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        if keys.len() >= CACHED_KEYS {
            keys.clear();
        }
        keys.insert((tenant, subject), (now, key));
    }

    fn forget(&self, tenant: TenantId, subject: Option<PersonId>) {
        let mut keys = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        keys.remove(&(tenant, subject));
    }

    fn forget_all(&self, tenant: TenantId) {
        let mut keys = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        keys.retain(|(of, _), _| *of != tenant);
    }
}

/// What is needed to read or make data keys inside a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Wrapping {
    pub vault: Arc<super::Vault>,
    pub chance: Chance,
    pub now: DateTime<Utc>,
}

/// The key of a tenant or of a subject, made if there is none. `None` if it was erased: nothing can be sealed for the
/// subject any more.
pub(crate) async fn key_for(
    conn: &mut PgConnection,
    wrapping: &Wrapping,
    tenant: TenantId,
    subject: Option<PersonId>,
) -> Result<Option<DataKey>> {
    Ok(find_or_make(conn, wrapping, tenant, subject).await?.ok())
}

/// The same; where the key was erased, which one that was.
pub(crate) async fn find_or_make(
    conn: &mut PgConnection,
    wrapping: &Wrapping,
    tenant: TenantId,
    subject: Option<PersonId>,
) -> Result<std::result::Result<DataKey, KeyId>> {
    if let Some(key) = wrapping.vault.data_keys.get(tenant, subject, wrapping.now) {
        return Ok(Ok(key));
    }
    if let Some(found) = find(conn, wrapping, tenant, subject).await? {
        if let Found::Kept(key) = &found {
            wrapping
                .vault
                .data_keys
                .put(tenant, subject, wrapping.now, key.clone());
        }
        return Ok(found.key());
    }
    let id = KeyId::from(wrapping.chance.uuid(wrapping.now));
    let key = Key::from_bytes(wrapping.chance.bytes::<32>().to_vec()).map_err(Error::internal)?;
    let wrapped = seal::seal(
        &wrapping.vault.keys.connector,
        place(tenant, id),
        key.bytes(),
        wrapping.chance,
    );
    let made = sqlx::query!(
        "insert into app.data_keys (tenant_id, id, subject_id, wrapped, created_at) values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        tenant.uuid(),
        id.uuid(),
        subject.map(PersonId::uuid),
        wrapped,
        wrapping.now,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if made == 1 {
        // Not cached: this transaction may still be rolled back.
        return Ok(Ok(DataKey { id, key }));
    }
    // Somebody else made it at the same moment and has committed.
    find(conn, wrapping, tenant, subject)
        .await?
        .map(Found::key)
        .ok_or_else(|| Error::internal("a data key vanished"))
}

/// What the row of a data key holds.
#[derive(Debug)]
pub(crate) enum Kept {
    /// The key.
    Key(Key),
    /// It was erased, with whom it belonged to.
    Erased {
        /// The person; none for the tenant's own.
        subject: Option<PersonId>,
    },
    /// It was erased, and whom it belongs to is still there: nothing that Intrex does.
    Taken,
    /// Something that no key of the ring has wrapped there.
    Garbled,
}

/// The keys of a tenant among these ids, a thousand at most. When a key may have been erased is what the table's trigger says,
/// too; here it is asked again, because whoever owns the database can go round a trigger.
pub(crate) async fn by_ids(
    conn: &mut PgConnection,
    ring: &KeyRing,
    tenant: TenantId,
    ids: &[uuid::Uuid],
) -> Result<HashMap<KeyId, Kept>> {
    let rows = sqlx::query!(
        r#"select k.id, k.subject_id as "subject: PersonId", k.wrapped, k.erased_at,
                  exists (select from app.tenants t where t.id = k.tenant_id and t.status in ('deleting', 'deleted'))
                  or exists (select from app.people p
                             where p.tenant_id = k.tenant_id and p.id = k.subject_id and p.deleted_at is not null)
                  as "holder_is_gone!"
           from app.data_keys k where k.tenant_id = $1 and k.id = any($2) limit 1000"#,
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = KeyId::from(row.id);
            let kept = match (row.wrapped, row.erased_at) {
                (None, Some(_)) if row.holder_is_gone => Kept::Erased {
                    subject: row.subject,
                },
                (None, Some(_)) => Kept::Taken,
                (wrapped, _) => wrapped
                    .and_then(|wrapped| unwrap(ring, tenant, id, &wrapped))
                    .map_or(Kept::Garbled, Kept::Key),
            };
            (id, kept)
        })
        .collect())
}

/// Erases a person's key, and what was sealed under it with it. Nothing can be sealed for them afterwards: the row stays, and
/// stands for a person who had none yet, too. Another process may have the key in memory for [`CACHED_FOR`]; what it seals in
/// that time cannot be opened by anybody.
pub(crate) async fn erase(
    conn: &mut PgConnection,
    wrapping: &Wrapping,
    tenant: TenantId,
    subject: PersonId,
) -> Result<()> {
    let id = KeyId::from(wrapping.chance.uuid(wrapping.now));
    sqlx::query!(
        "insert into app.data_keys (tenant_id, id, subject_id, wrapped, created_at, erased_at)
         values ($1, $2, $3, null, $4, $4)
         on conflict (tenant_id, subject_id) do update set wrapped = null, erased_at = $4
         where data_keys.wrapped is not null",
        tenant.uuid(),
        id.uuid(),
        subject.uuid(),
        wrapping.now,
    )
    .execute(conn)
    .await?;
    wrapping.vault.data_keys.forget(tenant, Some(subject));
    Ok(())
}

/// Erases every key of an organisation, its people's too; how many. What was sealed under them is lost, and nothing can be sealed
/// for it again. Another process may have keys in memory for [`CACHED_FOR`], as in [`erase`].
pub(crate) async fn erase_all(
    conn: &mut PgConnection,
    wrapping: &Wrapping,
    tenant: TenantId,
) -> Result<u64> {
    let erased = sqlx::query!(
        "update app.data_keys set wrapped = null, erased_at = $2 where tenant_id = $1 and wrapped is not null",
        tenant.uuid(),
        wrapping.now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    wrapping.vault.data_keys.forget_all(tenant);
    Ok(erased)
}

/// A row of a data key.
enum Found {
    /// It is there to stay.
    Kept(DataKey),
    /// This transaction has made it, and may still be rolled back: what is remembered of it would outlive it.
    MadeHere(DataKey),
    /// It was erased.
    Erased(KeyId),
}

impl Found {
    fn key(self) -> std::result::Result<DataKey, KeyId> {
        match self {
            Found::Kept(key) | Found::MadeHere(key) => Ok(key),
            Found::Erased(id) => Err(id),
        }
    }
}

async fn find(
    conn: &mut PgConnection,
    wrapping: &Wrapping,
    tenant: TenantId,
    subject: Option<PersonId>,
) -> Result<Option<Found>> {
    let row = sqlx::query!(
        r#"select id, wrapped, xmin is not distinct from pg_current_xact_id_if_assigned()::xid as "made_here!"
           from app.data_keys where tenant_id = $1 and subject_id is not distinct from $2"#,
        tenant.uuid(),
        subject.map(PersonId::uuid),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let id = KeyId::from(row.id);
    let Some(wrapped) = row.wrapped else {
        return Ok(Some(Found::Erased(id)));
    };
    let key = unwrap(&wrapping.vault.keys.connector, tenant, id, &wrapped).ok_or_else(|| {
        Error::internal(
            "a data key cannot be unwrapped: CONNECTOR_ENC_KEY is not the one that wrapped it",
        )
    })?;
    let key = DataKey { id, key };
    Ok(Some(if row.made_here {
        Found::MadeHere(key)
    } else {
        Found::Kept(key)
    }))
}

fn unwrap(ring: &KeyRing, tenant: TenantId, id: KeyId, wrapped: &str) -> Option<Key> {
    let bytes = seal::open(ring, place(tenant, id), wrapped).ok()?;
    Key::from_bytes(bytes.to_vec()).ok()
}

/// Where a wrapped key is sealed.
pub(crate) fn place(tenant: TenantId, id: KeyId) -> Place {
    Place {
        table: "data_keys",
        column: "wrapped",
        tenant,
        row: id.uuid(),
    }
}
