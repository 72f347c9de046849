//! Telling the head office admins: a message in the inbox of each, and a mail if it is bad enough; and whom the organisation's
//! routes name for such events. It is work of its own,
//! because who signs in has no right to write into anybody's inbox, and must not wait for it. One message and one mail for a
//! code and an hour, with how many there are: a flood of one kind neither fills an inbox nor hides another kind.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    model::{Code, Severity},
    queries::{self, Message, Recorded, Untold},
};
use crate::{
    App, account_mail,
    actor::Actor,
    catalogue::{Key, Language, Text, keys},
    db::Inner,
    error::Result,
    ids::{JobId, PersonId, TenantId},
    jobs::{JobOutcome, Kind},
    obligations,
    permission::Permission,
    routes,
};

/// The admins of an organisation get a message, and a mail, about one code so often at most, however much is seen.
const TOLD_EVERY: TimeDelta = TimeDelta::hours(1);
/// Events that one round tells of.
const EVENTS_A_ROUND: i64 = 200;
/// How long what could not be told in a round waits for the next.
const AGAIN_AFTER: TimeDelta = TimeDelta::seconds(5);

/// Plans that an event is told of, if it is bad enough. The platform has no inbox: its operator asks by command line.
pub(super) async fn plan(
    conn: &mut PgConnection,
    inner: &Inner,
    tenant: TenantId,
    event: &Recorded,
    code: Code,
) -> Result<()> {
    if code.severity() == Severity::Low || tenant == TenantId::PLATFORM {
        return Ok(());
    }
    let now = inner.clock.now();
    let id = JobId::from(inner.chance.uuid(now));
    let kind = Kind::TellOfSecurity.as_str();
    // A job for each time that it is opened: the one of an earlier telling may be ending at this moment.
    let key = format!("{}:{}", event.id, event.opened_with);
    queries::plan_telling(conn, tenant, id, kind, &key, now).await
}

/// Tells of what was not told yet.
pub(crate) async fn run(app: &App, actor: &Actor) -> Result<JobOutcome> {
    actor.may(Permission::SecurityRead)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let since = now - TOLD_EVERY;
    let admins = queries::lock_admins(tx.conn(), tenant).await?;
    let untold = queries::lock_untold(tx.conn(), tenant, EVENTS_A_ROUND).await?;
    let mut by_code: BTreeMap<&str, Vec<&Untold>> = BTreeMap::new();
    for event in &untold {
        by_code.entry(&event.code).or_default().push(event);
    }
    for (code, events) in by_code {
        let severity = events[0].severity;
        if severity == Severity::High
            && !queries::was_mailed(tx.conn(), tenant, code, since).await?
        {
            for admin in &admins {
                account_mail::alert(app, &mut tx, *admin, code, count(&events)).await?;
            }
            queries::note_mailed(tx.conn(), tenant, events[0].id, now).await?;
        }
        let messages: Vec<Message> = admins
            .iter()
            .filter_map(|admin| message(app, *admin, code, &events, now))
            .collect();
        queries::tell(tx.conn(), tenant, code, severity, &messages, since, now).await?;
    }
    let noted: Vec<routes::Noted> = untold.iter().map(noted).collect();
    routes::follow_security(&mut tx, &noted).await?;
    let told: Vec<Uuid> = untold.iter().map(|event| event.id.uuid()).collect();
    queries::note_told(tx.conn(), tenant, &told, now).await?;
    let more = queries::any_untold(tx.conn(), tenant).await?;
    tx.commit_unaudited("the log has what the inboxes tell of")
        .await?;
    Ok(match more {
        true => JobOutcome::Later(now + AGAIN_AFTER),
        false => JobOutcome::Done,
    })
}

/// What an admin is told of events of one code, if any of them is news to them.
fn message(
    app: &App,
    to: PersonId,
    code: &str,
    events: &[&Untold],
    now: DateTime<Utc>,
) -> Option<Message> {
    // Who is welcomed as an admin knows it.
    let knows = |event: &Untold| code == Code::PrivilegeRaised.as_str() && event.person == Some(to);
    let all = events.iter().copied();
    let news: Vec<&Untold> = all.filter(|event| !knows(event)).collect();
    Some(Message {
        id: app.chance.uuid(now),
        to,
        event: news.first()?.id,
        count: count(&news),
    })
}

/// What the organisation's routes are for: the same as what its admins are told.
fn noted(event: &Untold) -> routes::Noted {
    let key = Key::find(&format!("security-event-{}", event.code));
    routes::Noted {
        id: event.id,
        title: Text::new(key.unwrap_or(keys::NOTICE_OTHER)).to(Language::ENGLISH),
        severity: match event.severity {
            Severity::Low => obligations::model::Severity::Low,
            Severity::Medium => obligations::model::Severity::Medium,
            Severity::High => obligations::model::Severity::High,
        },
        code: event.code.clone(),
        known_to: event
            .person
            .filter(|_| event.code == Code::PrivilegeRaised.as_str()),
    }
}

fn count(events: &[&Untold]) -> i32 {
    i32::try_from(events.len()).unwrap_or(i32::MAX)
}
