//! What a person does with the own inbox. That a message was read is told by an event: it is part of what was known when.

use super::{
    model::{Notification, Owner},
    queries,
};
use crate::{
    Actor, App,
    audit::Event,
    db::WriteTx,
    error::{Error, Result},
    ids::NotificationId,
    permission::Permission,
};

/// Marks a message as read. Marking it again changes nothing.
pub async fn mark_read(app: &App, actor: &Actor, id: NotificationId) -> Result<Notification> {
    actor.may(Permission::NotificationsRead)?;
    let owner = Owner::of(actor).ok_or(Error::Forbidden)?;
    let mut tx = app.db.write(actor).await?;
    let (tenant, now) = (actor.tenant(), tx.now());
    let found = queries::find(tx.conn(), tenant, owner, id).await?;
    let mut message = found.ok_or(Error::NotFound)?;
    if queries::mark_read(tx.conn(), tenant, owner, id, now).await? {
        message.read_at = Some(now);
        let mut event = Event::new("notification", "notification.read").on("notification", id);
        if let Some(branch) = message.branch_id {
            event = event.at(branch);
        }
        let ids = [
            (
                "obligation_id",
                message.obligation_id.map(|id| id.to_string()),
            ),
            ("threshold", message.threshold.clone()),
            (
                "security_event_id",
                message.security_event_id.map(|id| id.to_string()),
            ),
            ("code", message.code.clone()),
            ("review_id", message.review_id.map(|id| id.to_string())),
        ];
        for (name, value) in ids {
            if let Some(value) = value {
                event = event.with(name, value);
            }
        }
        // The title of a security event is somebody's name, which the log holds under their own key alone.
        if let (Some(_), Some(title)) = (message.obligation_id, &message.title) {
            event = event.summary(title.clone());
        }
        tx.commit_answering(vec![event], &message).await?;
    }
    Ok(message)
}

/// Marks everything as read; how many messages that were.
pub async fn mark_all_read(app: &App, actor: &Actor) -> Result<i64> {
    actor.may(Permission::NotificationsRead)?;
    let owner = Owner::of(actor).ok_or(Error::Forbidden)?;
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let marked = queries::mark_all_read(tx.conn(), actor.tenant(), owner, now).await?;
    if marked > 0 {
        let event = Event::new("notification", "notification.all_read").with("count", marked);
        tx.commit_answering(vec![event], &marked).await?;
    }
    Ok(marked)
}

/// A message of who acts, as it is in this transaction.
pub(crate) async fn find_own(tx: &mut WriteTx, id: NotificationId) -> Result<Option<Notification>> {
    let owner = Owner::of(tx.actor()).ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, owner, id).await
}
