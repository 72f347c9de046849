//! Addresses and devices of an event, which no list shows: for head office admins, with a reason, after both factors, and
//! told by an event of its own.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Event,
    disclosures::{Keys, Opened},
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
    /// The values by field; null where it was erased.
    pub fields: BTreeMap<String, Option<String>>,
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
    let mut fields: BTreeMap<String, Option<String>> = entry
        .personal
        .keys()
        .filter(|field| KEPT_BACK.contains(&field.as_str()))
        .map(|field| (field.clone(), None))
        .collect();
    for opened in keys.open(row.sealed()) {
        let Opened::Values(values) = opened else {
            continue;
        };
        for value in values.into_iter().filter(|value| value.is_genuine(&entry)) {
            if let Some(shown) = fields.get_mut(&value.field) {
                *shown = Some(value.value);
            }
        }
    }
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let event = Event::new("audit", "audit.revealed")
        .on("audit_event", id)
        .with("fields", names.join(" "))
        .personal("reason", reason);
    tx.commit(event).await?;
    Ok(Revealed { id, fields })
}
