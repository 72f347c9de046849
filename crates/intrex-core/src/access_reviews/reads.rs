//! What is shown of reviews.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    model::{AccessReview, WholeReview},
    queries,
};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::AccessReviewId,
    paging::{Page, PageRequest},
    permission::Permission,
};

/// Reviews, the latest first.
pub async fn list(tx: &mut ReadTx, page: &PageRequest) -> Result<Page<AccessReview>> {
    tx.may(Permission::AccessReviews)?;
    let after = page.after::<(DateTime<Utc>, Uuid)>(&())?;
    let tenant = tx.actor().tenant();
    let rows = queries::list(tx.conn(), tenant, after, page.limit_and_one()).await?;
    page.cut(rows, &(), |last| (last.started_at, last.id.uuid()))
}

/// One review with everybody whom it is about.
pub async fn get(tx: &mut ReadTx, id: AccessReviewId) -> Result<WholeReview> {
    tx.may(Permission::AccessReviews)?;
    let tenant = tx.actor().tenant();
    let review = queries::find(tx.conn(), tenant, Some(id))
        .await?
        .ok_or(Error::NotFound)?;
    let rows = queries::rows(tx.conn(), tenant, id, None).await?;
    Ok(WholeReview { review, rows })
}

/// The open review, if there is one and the reader has to do with it.
pub async fn open(tx: &mut ReadTx) -> Result<Option<AccessReview>> {
    if !tx.actor().can(Permission::AccessReviews) {
        return Ok(None);
    }
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, None).await
}
