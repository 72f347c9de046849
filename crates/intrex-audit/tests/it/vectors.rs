//! Recomputes the golden vectors. A difference here means that the format changed, which it never may: stored logs could
//! no longer be verified. Correct the code, not the vectors.

use intrex_audit::{
    Actor, Entity, Entry, EntryDraft, EntryError, Head, Header, Outcome, StoredColumns, Timestamp,
    commitment, leaf_hash, verify_disclosure,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::story::{Row, StoredChain};

const ENTRIES: &str = include_str!("../vectors/entries.json");
const COMMITMENTS: &str = include_str!("../vectors/commitments.json");
const CHAINS: &str = include_str!("../vectors/chains.json");
const REFUSED: &str = include_str!("../vectors/refused.json");
const DOCUMENT: &str = include_str!("../../../../docs/audit-format.md");

#[derive(Deserialize)]
struct EntryVector {
    name: String,
    draft: DraftVector,
    entry: String,
    sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftVector {
    epoch: u32,
    tenant: Uuid,
    id: Uuid,
    recorded_at: Timestamp,
    actor: Actor,
    category: String,
    action: String,
    outcome: Outcome,
    entity: Option<Entity>,
    branch: Option<Uuid>,
    request_id: Option<String>,
    metadata: Map<String, Value>,
    personal: Vec<FieldVector>,
}

#[derive(Deserialize)]
struct FieldVector {
    field: String,
    salt: String,
    value: String,
}

#[derive(Deserialize)]
struct CommitmentVector {
    name: String,
    #[serde(flatten)]
    field: FieldVector,
    commitment: String,
}

#[derive(Deserialize)]
struct ChainVector {
    name: String,
    chain_key: Uuid,
    events: Vec<EventVector>,
    head: HeadVector,
    first_broken: Option<u64>,
}

#[derive(Deserialize)]
struct EventVector {
    seq: u64,
    prev_hash: String,
    entry: String,
    hash: String,
}

#[derive(Deserialize)]
struct HeadVector {
    seq: u64,
    hash: String,
}

#[derive(Deserialize)]
struct RefusedVector {
    name: String,
    entry: Option<String>,
    entry_hex: Option<String>,
    error: String,
}

fn read<T: for<'de> Deserialize<'de>>(json: &str, at_least: usize) -> Vec<T> {
    let vectors: Vec<T> = serde_json::from_str(json).expect("readable vectors");
    assert!(vectors.len() >= at_least, "vectors were removed");
    vectors
}

fn bytes32(text: &str) -> [u8; 32] {
    hex::decode(text)
        .expect("hex")
        .try_into()
        .expect("32 bytes")
}

impl DraftVector {
    fn build(&self) -> EntryDraft {
        let mut draft = EntryDraft::new(Header {
            epoch: self.epoch,
            tenant: self.tenant,
            id: self.id,
            recorded_at: self.recorded_at,
            actor: self.actor.clone(),
            category: self.category.clone(),
            action: self.action.clone(),
            outcome: self.outcome,
            entity: self.entity.clone(),
            branch: self.branch,
            request_id: self.request_id.clone(),
        });
        for (key, value) in &self.metadata {
            draft = draft.with_metadata(key, value.clone());
        }
        for field in &self.personal {
            draft = draft.with_personal(&field.field, &field.value, bytes32(&field.salt));
        }
        draft
    }
}

#[test]
fn entries_have_the_golden_bytes() {
    for vector in read::<EntryVector>(ENTRIES, 8) {
        let sealed = vector.draft.build().seal().expect(&vector.name);
        assert_eq!(
            String::from_utf8_lossy(&sealed.bytes),
            vector.entry,
            "{}",
            vector.name
        );
        assert_eq!(
            hex::encode(Sha256::digest(&sealed.bytes)),
            vector.sha256,
            "{}",
            vector.name
        );

        let entry = Entry::parse(&sealed.bytes).expect(&vector.name);
        assert_eq!(sealed.columns, StoredColumns::of(&entry), "{}", vector.name);
        assert_eq!(
            sealed.disclosures.len(),
            vector.draft.personal.len(),
            "{}",
            vector.name
        );
        for shown in &sealed.disclosures {
            assert!(
                verify_disclosure(&entry, &shown.field, &shown.salt, &shown.value),
                "{}",
                vector.name
            );
        }
    }
}

#[test]
fn commitments_have_the_golden_hashes() {
    for CommitmentVector {
        name,
        field,
        commitment: expected,
    } in read::<CommitmentVector>(COMMITMENTS, 8)
    {
        assert_eq!(
            commitment(&field.field, &field.value, &bytes32(&field.salt)).to_string(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn chains_have_the_golden_hashes_or_break_where_they_should() {
    for vector in read::<ChainVector>(CHAINS, 14) {
        let chain = StoredChain {
            key: vector.chain_key,
            head: Head {
                seq: vector.head.seq,
                hash: bytes32(&vector.head.hash),
            },
            rows: vector
                .events
                .iter()
                .map(|event| Row {
                    seq: event.seq,
                    prev_hash: bytes32(&event.prev_hash).to_vec(),
                    hash: bytes32(&event.hash).to_vec(),
                    entry: event.entry.clone().into_bytes(),
                    columns: None,
                })
                .collect(),
        };
        match (chain.verify(), vector.first_broken) {
            (Ok(intact), None) => assert_eq!(
                (intact.count, intact.head),
                (chain.head.seq, chain.head),
                "{}",
                vector.name
            ),
            (Err(broken), Some(seq)) => assert_eq!(broken.seq, seq, "{}: {broken}", vector.name),
            (found, expected) => panic!("{}: expected {expected:?}, found {found:?}", vector.name),
        }
        if vector.first_broken.is_none() {
            for (event, row) in vector.events.iter().zip(&chain.rows) {
                let hash = leaf_hash(chain.key, event.seq, &bytes32(&event.prev_hash), &row.entry);
                assert_eq!(
                    hex::encode(hash),
                    event.hash,
                    "{} at {}",
                    vector.name,
                    event.seq
                );
            }
        }
    }
}

#[test]
fn whatever_is_not_an_entry_is_refused_for_the_right_reason() {
    for vector in read::<RefusedVector>(REFUSED, 65) {
        let bytes = match (&vector.entry, &vector.entry_hex) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(digits)) => hex::decode(digits).expect("hex"),
            _ => panic!("{}: either text or hex", vector.name),
        };
        let error = Entry::parse(&bytes).expect_err(&vector.name);
        assert_eq!(variant(&error), vector.error, "{}: {error}", vector.name);
    }
}

/// The variant's name, which is how `Debug` begins.
fn variant(error: &EntryError) -> String {
    format!("{error:?}")
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

#[test]
fn the_document_shows_hashes_that_are_in_the_vectors() {
    let chains = read::<ChainVector>(CHAINS, 14);
    let first = &chains[0].events[0];
    let commitments = read::<CommitmentVector>(COMMITMENTS, 8);
    for shown in [
        &first.entry,
        &first.hash,
        &commitments[1].field.salt,
        &commitments[1].commitment,
    ] {
        assert!(
            DOCUMENT.contains(shown.as_str()),
            "docs/audit-format.md no longer shows {shown}"
        );
    }
}
