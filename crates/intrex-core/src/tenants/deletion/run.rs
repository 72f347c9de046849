//! The worker's part: once it is time, nobody gets in any more; then rows are removed, a batch a transaction, so that a kill at any
//! point loses nothing; and when none has come back for an hour, the keys and the name go.

use super::{model::Step, queries, rows};
use crate::{
    Actor, App, audit::Event, error::Result, jobs::JobOutcome, permission::Permission,
    vault::data_keys,
};

/// One step. It comes back at once until there is nothing left to remove.
pub(crate) async fn run(app: &App, actor: &Actor) -> Result<JobOutcome> {
    actor.may(Permission::TenantDelete)?;
    let id = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let Some(standing) = queries::lock(tx.conn(), id).await? else {
        return Ok(JobOutcome::Done);
    };
    let settled_at = match standing.step(now) {
        Step::Nothing => return Ok(JobOutcome::Done),
        Step::Wait(due_at) => return Ok(JobOutcome::Later(due_at)),
        Step::Begin => {
            queries::begin(tx.conn(), id, now).await?;
            let event = Event::new("tenant", "tenant.deletion_begun")
                .on("tenant", id)
                .with("by_operator", standing.requested_by.is_none())
                .summary(standing.name);
            tx.commit(event).await?;
            return Ok(JobOutcome::Later(now));
        }
        Step::Empty { settled_at } => settled_at,
    };
    if rows::remove_some(tx.conn(), id).await? > 0 {
        tx.commit_unaudited("the log tells when an organisation began to go, and when it was gone")
            .await?;
        return Ok(JobOutcome::Later(now));
    }
    if now < settled_at {
        return Ok(JobOutcome::Later(settled_at));
    }
    let (conn, _, inner) = tx.parts();
    let erased = data_keys::erase_all(conn, &inner.wrapping(), id).await?;
    queries::bury(tx.conn(), id, now).await?;
    // Nothing personal: there is no key any more under which it could be sealed.
    let event = Event::new("tenant", "tenant.deleted")
        .on("tenant", id)
        .with("keys_erased", erased);
    tx.commit(event).await?;
    Ok(JobOutcome::Done)
}
