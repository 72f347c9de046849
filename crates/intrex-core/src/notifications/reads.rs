//! What a person sees of the own inbox.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    model::{Inbox, Notification, Owner},
    queries,
};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::NotificationId,
    paging::{Page, PageRequest},
    permission::Permission,
};

/// Unread messages are counted up to here; beyond, a number tells nothing.
pub const MAX_COUNTED: i64 = 1_000;

/// One page of the inbox, the latest first.
pub async fn list(tx: &mut ReadTx, inbox: Inbox, page: &PageRequest) -> Result<Page<Notification>> {
    tx.may(Permission::NotificationsRead)?;
    let owner = owner(tx)?;
    let tenant = tx.actor().tenant();
    let after = page.after::<(DateTime<Utc>, Uuid)>(&inbox)?;
    let rows = queries::list(tx.conn(), tenant, owner, inbox, after, page.limit_and_one()).await?;
    page.cut(rows, &inbox, |last| (last.created_at, last.id.uuid()))
}

/// One message.
pub async fn get(tx: &mut ReadTx, id: NotificationId) -> Result<Notification> {
    tx.may(Permission::NotificationsRead)?;
    let owner = owner(tx)?;
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, owner, id)
        .await?
        .ok_or(Error::NotFound)
}

/// How many messages were not read, up to [`MAX_COUNTED`].
pub async fn unread_count(tx: &mut ReadTx) -> Result<i64> {
    tx.may(Permission::NotificationsRead)?;
    let owner = owner(tx)?;
    let tenant = tx.actor().tenant();
    queries::unread_count(tx.conn(), tenant, owner, MAX_COUNTED).await
}

fn owner(tx: &ReadTx) -> Result<Owner> {
    Owner::of(tx.actor()).ok_or(Error::Forbidden)
}
