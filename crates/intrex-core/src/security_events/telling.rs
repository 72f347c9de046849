//! Telling the head office admins: a message in the inbox of each, and a mail if it is bad enough. It is work of its own,
//! because who signs in has no right to write into anybody's inbox, and must not wait for it. One message an event: a flood
//! has one row, and so it has one message.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::{
    model::{Code, Severity},
    queries,
};
use crate::{
    App,
    account_mail::{self, Notice},
    actor::Actor,
    db::Inner,
    error::Result,
    ids::{JobId, SecurityEventId, TenantId},
    jobs::{JobOutcome, Kind},
    permission::Permission,
};

/// The admins of an organisation get a mail so often at most, however much is seen.
const MAILED_EVERY: TimeDelta = TimeDelta::hours(1);
/// Events that one round tells of.
const EVENTS_A_ROUND: i64 = 200;
/// How long what could not be told in a round waits for the next.
const AGAIN_AFTER: TimeDelta = TimeDelta::seconds(5);

/// Plans that an event is told of, if it is bad enough. The platform has no inbox: its operator asks by command line.
pub(super) async fn plan(
    conn: &mut PgConnection,
    inner: &Inner,
    tenant: TenantId,
    event: SecurityEventId,
    code: Code,
) -> Result<()> {
    if code.severity() == Severity::Low || tenant == TenantId::PLATFORM {
        return Ok(());
    }
    let now = inner.clock.now();
    let id = JobId::from(inner.chance.uuid(now));
    let kind = Kind::TellOfSecurity.as_str();
    queries::plan_telling(conn, tenant, id, kind, event, now).await
}

/// Tells of what was not told yet.
pub(crate) async fn run(app: &App, actor: &Actor) -> Result<JobOutcome> {
    actor.may(Permission::SecurityRead)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let untold = queries::lock_untold(tx.conn(), tenant, EVENTS_A_ROUND).await?;
    let admins = queries::admins(tx.conn(), tenant).await?;
    let is_high = untold.iter().any(|event| event.severity == Severity::High);
    if is_high && !queries::was_mailed(tx.conn(), tenant, now - MAILED_EVERY).await? {
        for admin in &admins {
            account_mail::notify(app, &mut tx, *admin, Notice::SecurityAlert).await?;
        }
    }
    for event in &untold {
        let mut to = admins.clone();
        if event.code == Code::PrivilegeRaised.as_str() {
            // Who is welcomed as an admin knows it.
            to.retain(|admin| Some(*admin) != event.person);
        }
        let ids: Vec<uuid::Uuid> = to.iter().map(|_| app.chance.uuid(now)).collect();
        queries::tell(tx.conn(), tenant, event, &ids, &to, now).await?;
    }
    let more = queries::any_untold(tx.conn(), tenant).await?;
    tx.commit_unaudited("the log has what the inboxes tell of")
        .await?;
    Ok(match more {
        true => JobOutcome::Later(now + AGAIN_AFTER),
        false => JobOutcome::Done,
    })
}
