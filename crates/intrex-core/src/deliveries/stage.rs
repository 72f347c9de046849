//! Into the outbox: a delivery is written in the transaction of what it tells, so that neither is there without the other.

use chrono::{DateTime, Utc};

use super::queries::{self, NewDeliveries};
use crate::{
    channels::{EventType, Notice},
    db::WriteTx,
    error::{Error, Result},
    ids::{BranchId, ConnectorId, DeliveryId, PersonId, RouteId, SlotId},
    obligations::model::Severity,
};

/// Things that one delivery tells of at most.
pub const MAX_NOTICES: usize = 50;

/// A delivery to be.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The route that chose its way; none for the built-in one.
    pub route: Option<RouteId>,
    /// The connector; none for the installation's own mail.
    pub connector: Option<ConnectorId>,
    /// Who is told; none where the connector names that.
    pub recipient: Option<PersonId>,
    /// The branch, if all of it is of one.
    pub branch: Option<BranchId>,
    /// What has happened.
    pub event_type: EventType,
    /// How much it matters, if anybody can say.
    pub severity: Option<Severity>,
    /// What it tells: one thing, or up to [`MAX_NOTICES`] where its way can carry them.
    pub notices: Vec<Notice>,
    /// When it is sent at the earliest.
    pub not_before: DateTime<Utc>,
    /// The same for the same message: what is there already is not staged again.
    pub fingerprint: [u8; 32],
    /// The slots of the reminder ledger that it carries. The caller has claimed them and holds their locks.
    pub slots: Vec<SlotId>,
}

/// Stages one delivery; none if its fingerprint is there already.
pub async fn stage(tx: &mut WriteTx, staged: Staged) -> Result<Option<DeliveryId>> {
    Ok(stage_all(tx, &[staged]).await?.pop().flatten())
}

/// Stages many at once; for each its id, or none if its fingerprint is there already.
pub(crate) async fn stage_all(
    tx: &mut WriteTx,
    staged: &[Staged],
) -> Result<Vec<Option<DeliveryId>>> {
    if staged.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let mut rows = NewDeliveries::default();
    let mut ids = Vec::with_capacity(staged.len());
    for one in staged {
        if one.notices.is_empty() || one.notices.len() > MAX_NOTICES {
            return Err(Error::internal(
                "a delivery tells of too little or too much",
            ));
        }
        let id = DeliveryId::from(tx.parts().2.chance.uuid(now));
        rows.push(id, one)?;
        ids.push(id);
    }
    let kept = queries::insert(tx.conn(), tenant, &rows, now).await?;
    let carried = staged.iter().zip(&ids).filter(|(_, id)| kept.contains(id));
    let (slots, deliveries): (Vec<_>, Vec<_>) = carried
        .flat_map(|(one, id)| one.slots.iter().map(|slot| (slot.uuid(), id.uuid())))
        .unzip();
    if !slots.is_empty() {
        queries::carry(tx.conn(), tenant, &slots, &deliveries).await?;
    }
    Ok(ids
        .into_iter()
        .map(|id| kept.contains(&id).then_some(id))
        .collect())
}
