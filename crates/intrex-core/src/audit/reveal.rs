//! Addresses and devices of an event, which no list shows: for head office admins, with a reason, after both factors, and
//! told by an event of its own.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Event,
    disclosures::{Gone, Keys},
    reads::{KEPT_BACK, one},
};
use crate::{
    actor::Actor,
    app::App,
    error::{Error, Result},
    ids::EventId,
    obligations::input::RawReason,
    permission::Permission,
};

/// What was kept back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Revealed {
    /// The event.
    pub id: EventId,
    /// The values by field; null where there is none to show.
    pub fields: BTreeMap<String, Option<String>>,
    /// What became of each field: `revealed`, `erased` or `altered`.
    pub states: BTreeMap<String, FieldState>,
}

/// What became of a field that an event keeps back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldState {
    /// It is what it was, and shown.
    Revealed,
    /// Its key was erased with the person whom it tells of: nobody can read it.
    Erased,
    /// Somebody has changed or removed it, or its key, in the database.
    Altered,
}

impl FieldState {
    /// As shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            FieldState::Revealed => "revealed",
            FieldState::Erased => "erased",
            FieldState::Altered => "altered",
        }
    }
}

/// Shows what an event keeps back.
pub async fn reveal(app: &App, actor: &Actor, id: EventId, raw: &RawReason) -> Result<Revealed> {
    actor.may(Permission::AuditReveal)?;
    actor.must_be_fresh(app.now())?;
    let reason = raw.parse()?;
    let mut tx = app.db.write(actor).await?;
    let (row, entry) = one(tx.conn(), id).await?;
    let entry = entry.ok_or_else(|| Error::internal("an entry of the audit log cannot be read"))?;
    let vault = app.vault.clone();
    let mut keys = Keys::new(&vault.keys.connector, actor.tenant());
    keys.load(tx.conn(), std::iter::once(row.sealed())).await?;
    let mut found = keys.disclose(&entry, row.sealed());
    let why_not = match found.gone {
        Some(Gone::Erased) => FieldState::Erased,
        _ => FieldState::Altered,
    };
    let (mut fields, mut states) = (BTreeMap::new(), BTreeMap::new());
    for field in entry.personal.keys() {
        if KEPT_BACK.contains(&field.as_str()) {
            let value = found.values.remove(field);
            let state = value.as_ref().map_or(why_not, |_| FieldState::Revealed);
            states.insert(field.clone(), state);
            fields.insert(field.clone(), value);
        }
    }
    if states.values().any(|state| *state == FieldState::Altered) {
        tracing::error!(event = %id, "personal values of the audit log are not as they were");
    }
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let event = Event::new("audit", "audit.revealed")
        .on("audit_event", id)
        .with("fields", names.join(" "))
        .personal("reason", reason);
    tx.commit(event).await?;
    Ok(Revealed { id, fields, states })
}
