//! What head office admins and the operator of the installation are shown.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    model::{SecurityEvent, SecurityFilter, Thresholds},
    queries,
};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::SecurityEventId,
    paging::{Page, PageRequest},
    permission::Permission,
};

/// Open events are counted up to here; beyond, a number tells nothing.
pub const MAX_COUNTED: i64 = 100;

/// One page, what was seen first latest on top.
pub async fn list(
    tx: &mut ReadTx,
    filter: &SecurityFilter,
    page: &PageRequest,
) -> Result<Page<SecurityEvent>> {
    tx.may(Permission::SecurityRead)?;
    let tenant = tx.actor().tenant();
    let after = page.after::<(DateTime<Utc>, Uuid)>(filter)?;
    let rows = queries::list(tx.conn(), tenant, filter, after, page.limit_and_one()).await?;
    let mut page = page.cut(rows, filter, |last| (last.first_seen_at, last.id.uuid()))?;
    for event in &mut page.items {
        show_address(tx, event);
    }
    Ok(page)
}

/// One of them.
pub async fn get(tx: &mut ReadTx, id: SecurityEventId) -> Result<SecurityEvent> {
    tx.may(Permission::SecurityRead)?;
    let tenant = tx.actor().tenant();
    let mut event = queries::find(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)?;
    show_address(tx, &mut event);
    Ok(event)
}

/// How many nobody has acknowledged, of those that somebody was told of, up to [`MAX_COUNTED`].
pub async fn open_count(tx: &mut ReadTx) -> Result<i64> {
    tx.may(Permission::SecurityRead)?;
    let tenant = tx.actor().tenant();
    queries::open_count(tx.conn(), tenant, MAX_COUNTED).await
}

/// From when on the rules speak.
pub async fn thresholds(tx: &mut ReadTx) -> Result<Thresholds> {
    tx.may(Permission::SecurityRead)?;
    let tenant = tx.actor().tenant();
    Ok(queries::thresholds(tx.conn(), tenant)
        .await?
        .unwrap_or_default())
}

/// A stricter mode covers what was kept before.
fn show_address(tx: &ReadTx, event: &mut SecurityEvent) {
    event.address = tx.inner().shown_address(&event.address);
}
