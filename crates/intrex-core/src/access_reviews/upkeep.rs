//! What happens to access by itself: a review begins when it is due, head office is reminded of one that is open, and accounts
//! that nobody uses are told of.

use chrono::TimeDelta;

use super::{commands, dormancy, model, queries};
use crate::{
    Actor, App,
    audit::Event,
    db::WriteTx,
    error::Result,
    jobs::JobOutcome,
    permission::Permission,
    tenants::{self, Tenant},
};

/// How often it is looked.
const INTERVAL: TimeDelta = TimeDelta::hours(6);

/// One round.
pub async fn run(app: &App, actor: &Actor) -> Result<JobOutcome> {
    actor.may(Permission::AccessUpkeep)?;
    let mut tx = app.db.write(actor).await?;
    let tenant = tenants::in_force(tx.conn(), actor.tenant()).await?;
    let mut events = Vec::from_iter(dormancy::look(app, &mut tx, &tenant).await?);
    events.extend(review(app, &mut tx, &tenant).await?);
    if events.is_empty() {
        tx.commit_unaudited("there was nothing to tell of").await?;
    } else {
        tx.commit_all(events).await?;
    }
    Ok(JobOutcome::Later(app.now() + INTERVAL))
}

/// Begins a review if it is time, or reminds of the open one.
async fn review(app: &App, tx: &mut WriteTx, tenant: &Tenant) -> Result<Option<Event>> {
    let now = tx.now();
    if let Some(open) = queries::find(tx.conn(), tenant.id, None).await? {
        let today = commands::today(tx).await?;
        let reminded = queries::lock_reminded(tx.conn(), tenant.id, open.id).await?;
        let Some(reminded) = reminded.filter(|on| model::is_to_remind(open.due_on, *on, today))
        else {
            return Ok(None);
        };
        queries::set_reminded(tx.conn(), tenant.id, open.id, today).await?;
        commands::tell_of(app, tx, open.id, open.due_on, today).await?;
        if let Some(letter) = model::letter(open.due_on, reminded, today) {
            commands::write_to_admins(app, tx, letter).await?;
        }
        let event = Event::new("access_review", "access_review.reminded")
            .on("access_review", open.id)
            .with("due_on", open.due_on.to_string())
            .with("undecided", open.undecided_count);
        return Ok(Some(event));
    }
    let last = queries::last_started(tx.conn(), tenant.id).await?;
    let since = last.unwrap_or(tenant.created_at);
    match model::begins_at(since, tenant.access_review_months) {
        Some(then) if then <= now => Ok(commands::begin(app, tx).await?.map(|(_, event)| event)),
        _ => Ok(None),
    }
}
