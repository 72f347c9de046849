//! The personal values of events: sealed beside the entry that commits to them, each under the data key of whom it tells,
//! so that erasing the key erases them while chain and proofs stay valid.

use std::collections::{BTreeMap, HashMap};

use intrex_audit::{Disclosure, Entry, SALT_BYTES};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Chance,
    error::Result,
    ids::{KeyId, PersonId, TenantId},
    vault::{
        data_keys::{self, Kept},
        keys::{Key, KeyRing},
        seal::{self, Place},
    },
};

/// How many keys are asked for at once.
const KEYS_A_STATEMENT: usize = 1_000;

/// The sealed values of one event, as its row holds them: which data key, and what it sealed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed<'a> {
    /// The event.
    pub(super) event: Uuid,
    /// The data keys, in the order of `values`.
    pub(super) keys: &'a [Uuid],
    /// What each of them sealed.
    pub(super) values: &'a [String],
}

/// A committed value as it was sealed.
#[derive(Deserialize)]
struct Disclosed {
    field: String,
    #[serde(with = "hex_salt")]
    salt: [u8; SALT_BYTES],
    value: String,
}

impl Disclosed {
    /// Whether the entry has committed to it: another value was put there later.
    fn is_genuine(&self, entry: &Entry) -> bool {
        intrex_audit::verify_disclosure(entry, &self.field, &self.salt, &self.value)
    }
}

mod hex_salt {
    use super::SALT_BYTES;
    use serde::{Deserialize as _, Deserializer, de::Error as _};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<[u8; SALT_BYTES], D::Error> {
        let mut salt = [0; SALT_BYTES];
        let text = String::deserialize(deserializer)?;
        hex::decode_to_slice(&text, &mut salt).map_err(D::Error::custom)?;
        Ok(salt)
    }
}

/// Seals values of one event under one key.
pub(super) fn seal(
    key: &Key,
    tenant: TenantId,
    event: Uuid,
    disclosures: &[Disclosure],
    chance: Chance,
) -> String {
    let values: Vec<Value> = disclosures
        .iter()
        .map(|d| json!({ "field": d.field, "salt": hex::encode(d.salt), "value": d.value }))
        .collect();
    let plain = Value::Array(values).to_string();
    seal::seal_with(key, place(tenant, event), plain.as_bytes(), chance)
}

/// Where they are sealed; the key's own id is part of the sealing.
fn place(tenant: TenantId, event: Uuid) -> Place {
    Place {
        table: "audit_events",
        column: "sealed",
        tenant,
        row: event,
    }
}

/// What became of something sealed.
enum Opened {
    /// The values.
    Values(Vec<Disclosed>),
    /// Its key was erased.
    Erased,
    /// Its key was erased while whom it tells of is still there.
    Taken,
    /// It is not what was sealed there, or its key is not what was wrapped.
    Altered,
}

/// Why a value that an entry has committed to cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// The key of whom it tells was erased with them.
    Erased,
    /// The key of whom it tells was erased, and they are still there.
    Taken,
    /// Nothing is wrong with what there is, and it is not among it.
    Removed,
    /// What there is, or a key, is not as it was.
    Altered,
}

/// The personal values of an event: those that can be shown, and why the others cannot.
#[derive(Debug, Default)]
pub(super) struct Disclosures {
    /// By field.
    pub(super) values: BTreeMap<String, String>,
    /// Why not all of them are there, or that there is something besides which was never committed to.
    pub(super) gone: Option<Gone>,
}

/// The metadata that names whom an event is about, where it tells that in no other way.
pub(super) const ABOUT: &str = "about_person";
/// The kind of what was done to a person.
pub(super) const PERSON: &str = "person";

/// Whether values of an entry are sealed under this one's key: whose act it was, whom it is about, or the tenant.
fn may_seal(entry: &Entry, holder: Option<PersonId>) -> bool {
    let Some(person) = holder.map(PersonId::uuid) else {
        return true;
    };
    let words = person.to_string();
    let entity = entry.entity.as_ref();
    [entry.actor.id, entry.actor.person].contains(&Some(person))
        || entity.is_some_and(|entity| entity.kind == PERSON && entity.id == words)
        || entry.metadata.get(ABOUT).and_then(Value::as_str) == Some(&words)
}

/// The data keys of one tenant, asked for once each.
pub(super) struct Keys<'a> {
    ring: &'a KeyRing,
    tenant: TenantId,
    known: HashMap<KeyId, Kept>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(ring: &'a KeyRing, tenant: TenantId) -> Self {
        Keys {
            ring,
            tenant,
            known: HashMap::new(),
        }
    }

    /// Loads what these events need.
    pub(super) async fn load<'b>(
        &mut self,
        conn: &mut PgConnection,
        events: impl Iterator<Item = Sealed<'b>>,
    ) -> Result<()> {
        let mut wanted: Vec<Uuid> = events
            .flat_map(|sealed| sealed.keys.iter().copied())
            .filter(|id| !self.known.contains_key(&KeyId::from(*id)))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        for ids in wanted.chunks(KEYS_A_STATEMENT) {
            let found = data_keys::by_ids(conn, self.ring, self.tenant, ids).await?;
            self.known.extend(found);
        }
        Ok(())
    }

    /// The values of an event whose keys are loaded. What was tampered with is said before what was erased: of two keys one may
    /// have been.
    pub(super) fn disclose(&self, entry: &Entry, sealed: Sealed) -> Disclosures {
        let mut found = Disclosures::default();
        let (mut erased, mut taken, mut altered) = (false, false, false);
        for opened in self.open(entry, sealed) {
            match opened {
                Opened::Values(values) => {
                    for value in values {
                        if value.is_genuine(entry) {
                            found.values.insert(value.field, value.value);
                        } else {
                            altered = true;
                        }
                    }
                }
                Opened::Erased => erased = true,
                Opened::Taken => taken = true,
                Opened::Altered => altered = true,
            }
        }
        let mut fields = entry.personal.keys();
        let is_whole = fields.all(|field| found.values.contains_key(field));
        found.gone = match (is_whole, erased) {
            _ if altered => Some(Gone::Altered),
            _ if taken => Some(Gone::Taken),
            (true, _) => None,
            (false, true) => Some(Gone::Erased),
            (false, false) => Some(Gone::Removed),
        };
        found
    }

    fn open(&self, entry: &Entry, sealed: Sealed) -> Vec<Opened> {
        if sealed.keys.len() != sealed.values.len() {
            return vec![Opened::Altered];
        }
        let place = place(self.tenant, sealed.event);
        std::iter::zip(sealed.keys, sealed.values)
            .map(|(id, value)| match self.known.get(&KeyId::from(*id)) {
                // A key that was erased leaves its row; one without a row never was.
                None | Some(Kept::Garbled) => Opened::Altered,
                // Somebody else who is gone excuses nothing.
                Some(Kept::Erased { subject }) if !may_seal(entry, *subject) => Opened::Altered,
                Some(Kept::Erased { .. }) => Opened::Erased,
                Some(Kept::Taken) => Opened::Taken,
                Some(Kept::Key(key)) => seal::open_with(key, place, value)
                    .ok()
                    .and_then(|plain| serde_json::from_slice(&plain).ok())
                    .map_or(Opened::Altered, Opened::Values),
            })
            .collect()
    }
}
