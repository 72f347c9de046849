//! What an item's page shows of answers. Who sees the item sees who has it in hand.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    model::{Acknowledgement, Snooze},
    queries::{self, items},
};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::ObligationId,
    permission::Permission,
};

/// Answers of one item that are shown, of each kind.
pub(super) const MAX_SHOWN: i64 = 100;

/// What was answered about an item.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ItemAnswers {
    /// Who had it in hand and when, the latest first.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Who has put it off beyond now.
    pub snoozes: Vec<Snooze>,
}

/// What was answered about an item.
pub async fn of_item(tx: &mut ReadTx, id: ObligationId) -> Result<ItemAnswers> {
    let reach = tx.may(Permission::ObligationsRead)?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let narrowed_to = tx.actor().narrowed_to(reach);
    items::find(tx.conn(), tenant, id, narrowed_to)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(ItemAnswers {
        acknowledgements: queries::acknowledgements(tx.conn(), tenant, id, MAX_SHOWN).await?,
        snoozes: queries::snoozes(tx.conn(), tenant, id, now, MAX_SHOWN).await?,
    })
}
