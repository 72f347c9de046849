//! What is shown of deliveries. A branch manager sees those of the own branches, which the database holds, without what
//! servers have answered.

use uuid::Uuid;

use super::{
    model::{Delivery, DeliveryFilter, DeliverySummary},
    queries::{self, Answers},
};
use crate::{
    App,
    db::ReadTx,
    error::{Error, Result},
    ids::DeliveryId,
    paging::{Page, PageRequest},
    permission::{Permission, Reach},
};

/// Up to here dead letters are counted; more is no other news.
pub const MAX_COUNTED: i64 = 10_000;

/// One page of the deliveries that pass a filter, the latest first.
pub async fn list(
    tx: &mut ReadTx,
    filter: &DeliveryFilter,
    page: &PageRequest,
) -> Result<Page<DeliverySummary>> {
    tx.may(Permission::DeliveriesRead)?;
    let tenant = tx.actor().tenant();
    let after = page.after::<(chrono::DateTime<chrono::Utc>, Uuid)>(filter)?;
    let rows = queries::list(tx.conn(), tenant, filter, after, page.limit_and_one()).await?;
    page.cut(rows, filter, |last| (last.created_at, last.id.uuid()))
}

/// One delivery with its attempts.
pub async fn get(tx: &mut ReadTx, id: DeliveryId) -> Result<Delivery> {
    let reach = tx.may(Permission::DeliveriesRead)?;
    let tenant = tx.actor().tenant();
    let answers = match reach {
        Reach::Tenant => Answers::Shown,
        _ => Answers::Hidden,
    };
    queries::find(tx.conn(), tenant, id, answers)
        .await?
        .ok_or(Error::NotFound)
}

/// How many dead letters the reader's organisation has in the branches that the reader sees; counted up to [`MAX_COUNTED`].
pub async fn dead(tx: &mut ReadTx) -> Result<i64> {
    tx.may(Permission::DeliveriesRead)?;
    let tenant = tx.actor().tenant();
    queries::dead(tx.conn(), Some(tenant), MAX_COUNTED).await
}

/// The same of all organisations together: a number for whoever runs the installation.
pub async fn dead_of_installation(app: &App) -> Result<i64> {
    let mut tx = app.db.system().await?;
    let dead = queries::dead(tx.conn(), None, MAX_COUNTED).await?;
    tx.commit().await?;
    Ok(dead)
}
