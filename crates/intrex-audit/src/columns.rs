//! The columns that storage repeats outside the hashed entry, for searching and for row level security. They are copies,
//! so an edited copy would mislead every reader while the chain stays intact; the verifier therefore compares them all.

use uuid::Uuid;

use crate::entry::Entry;

/// What storage says about an event beside its bytes. The strings are what the columns hold, valid or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredColumns {
    /// The event's id.
    pub event_id: Uuid,
    /// The tenant, nil for the platform.
    pub tenant_id: Uuid,
    /// The epoch.
    pub epoch: u32,
    /// The month as `yyyymm`.
    pub partition_key: u32,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub recorded_at: i64,
    /// The branch.
    pub branch_id: Option<Uuid>,
    /// The actor's id.
    pub actor_id: Option<Uuid>,
    /// The category.
    pub category: String,
    /// The action.
    pub action: String,
    /// The outcome's word.
    pub outcome: String,
    /// The entity's type.
    pub entity_type: Option<String>,
    /// The entity's id.
    pub entity_id: Option<String>,
}

impl StoredColumns {
    /// What the columns of `entry` must be.
    pub fn of(entry: &Entry) -> Self {
        Self {
            event_id: entry.id,
            tenant_id: entry.tenant,
            epoch: entry.epoch,
            partition_key: entry.partition,
            recorded_at: entry.recorded_at.unix_micros(),
            branch_id: entry.branch,
            actor_id: entry.actor.id,
            category: entry.category.clone(),
            action: entry.action.clone(),
            outcome: entry.outcome.as_str().to_owned(),
            entity_type: entry.entity.as_ref().map(|entity| entity.kind.clone()),
            entity_id: entry.entity.as_ref().map(|entity| entity.id.clone()),
        }
    }

    /// The name of the first column that is not what `entry` says.
    pub fn difference(&self, entry: &Entry) -> Option<&'static str> {
        // Taken apart without `..`, so that a column added later cannot be forgotten here.
        let Self {
            event_id,
            tenant_id,
            epoch,
            partition_key,
            recorded_at,
            branch_id,
            actor_id,
            category,
            action,
            outcome,
            entity_type,
            entity_id,
        } = self;
        let entity = entry.entity.as_ref();
        [
            ("event_id", *event_id == entry.id),
            ("tenant_id", *tenant_id == entry.tenant),
            ("epoch", *epoch == entry.epoch),
            ("partition_key", *partition_key == entry.partition),
            (
                "recorded_at",
                *recorded_at == entry.recorded_at.unix_micros(),
            ),
            ("branch_id", *branch_id == entry.branch),
            ("actor_id", *actor_id == entry.actor.id),
            ("category", *category == entry.category),
            ("action", *action == entry.action),
            ("outcome", outcome == entry.outcome.as_str()),
            (
                "entity_type",
                entity_type.as_deref() == entity.map(|entity| entity.kind.as_str()),
            ),
            (
                "entity_id",
                entity_id.as_deref() == entity.map(|entity| entity.id.as_str()),
            ),
        ]
        .into_iter()
        .find_map(|(column, same)| (!same).then_some(column))
    }
}
