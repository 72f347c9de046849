//! The rules that look at more than one event. They count in the database, so that all processes count together: sums by
//! the minute, and how many different accounts one network has failed at, each of them under a row that is locked first.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::{
    follow::{Noted, Subject, record},
    model::Code,
    places,
    queries::{self, Member, Rule},
};
use crate::{Actor, App, audit::Event, db::Inner, error::Result, ids::TenantId};

/// The key under which the platform counts failures at every organisation.
const EVERYWHERE: &str = "everywhere";
/// Rows of one answer that are no bulk reading, if it is the first page of a list.
const ROWS_OF_A_GLANCE: usize = 50;

/// After a failed sign-in or a wrong code, in its organisation: is it one of a burst, or of a spray?
pub(super) async fn failed(
    conn: &mut PgConnection,
    inner: &Inner,
    actor: &Actor,
    noted: &Noted,
) -> Result<Vec<Event>> {
    let tenant = actor.tenant();
    let account = match &noted.subject {
        Subject::Person(id) => id.to_string(),
        Subject::Account(tag) => tag.clone(),
        _ => String::new(),
    };
    let found = count_failure(conn, inner, actor, tenant, "", &account, Subject::Everybody).await?;
    // What is found of accounts that nobody has is told by the count over everything, which follows.
    tell(
        conn,
        inner,
        actor,
        found.filter(|_| tenant != TenantId::PLATFORM),
    )
    .await
}

/// The same for the whole installation, told to its operator: a spray over organisations may be none in any of them. Every
/// failure is counted here by the same statements, whether or not somebody has the account.
pub(crate) async fn note_on_platform(app: &App, actor: &Actor, account: &str) -> Result<()> {
    let mut tx = app.db.write(actor).await?;
    let (conn, actor, inner) = tx.parts();
    let of_all = Subject::AllAccounts;
    let platform = TenantId::PLATFORM;
    let found = count_failure(conn, inner, actor, platform, EVERYWHERE, account, of_all).await?;
    let events = tell(conn, inner, actor, found).await?;
    if events.is_empty() {
        return tx
            .commit_unaudited("a failure was counted; its event is in the account's chain")
            .await;
    }
    tx.commit_all(events).await
}

/// What a failure made full.
struct Found {
    /// Failures, within so many minutes, if they are a burst.
    burst: Option<(i64, i32)>,
    /// Accounts, within so many minutes, if they are a spray.
    spray: Option<(i64, i32)>,
    /// Whose failures were counted.
    everybody: Subject,
}

async fn count_failure(
    conn: &mut PgConnection,
    inner: &Inner,
    actor: &Actor,
    tenant: TenantId,
    key: &str,
    account: &str,
    everybody: Subject,
) -> Result<Option<Found>> {
    let now = inner.clock.now();
    let limits = queries::thresholds(conn, tenant).await?.unwrap_or_default();
    let since = now - TimeDelta::minutes(limits.burst_minutes.into());
    let failures = queries::add_to_sum(conn, tenant, Rule::Burst, key, 1, now, since).await?;
    let network = format!("{key}{}", places::network_tag(inner, actor.request().ip));
    let since = now - TimeDelta::minutes(limits.spray_minutes.into());
    let one_account = Member {
        rule: Rule::Spray,
        key: &network,
        member: account,
        enough: limits.spray_accounts,
    };
    let accounts = queries::add_member(conn, tenant, &one_account, now, since).await?;
    let burst = failures >= limits.burst_failures.into();
    let spray = accounts >= limits.spray_accounts.into();
    Ok((burst || spray).then_some(Found {
        burst: burst.then_some((failures, limits.burst_minutes)),
        spray: spray.then_some((accounts, limits.spray_minutes)),
        everybody,
    }))
}

async fn tell(
    conn: &mut PgConnection,
    inner: &Inner,
    actor: &Actor,
    found: Option<Found>,
) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    let Some(found) = found else {
        return Ok(events);
    };
    for (code, action, subject, full) in [
        (
            Code::LoginBurst,
            "LOGIN_BURST",
            found.everybody,
            found.burst,
        ),
        (
            Code::LoginSpray,
            "LOGIN_SPRAY",
            Subject::Network,
            found.spray,
        ),
    ] {
        let Some((count, minutes)) = full else {
            continue;
        };
        let noted = Noted {
            code,
            subject,
            person: None,
        };
        if record(conn, inner, actor, &noted).await? {
            events.push(told(action, count, minutes));
        }
    }
    Ok(events)
}

/// Counts what somebody reads in bulk: an answer of more rows than a page has, or a page behind the first. Call it after the
/// answer was put together. Looking at a list costs nothing.
pub async fn note_bulk_read(app: &App, actor: &Actor, rows: usize, is_later: bool) -> Result<()> {
    match rows <= ROWS_OF_A_GLANCE && !is_later {
        true => Ok(()),
        false => count_read(app, actor, rows).await,
    }
}

/// Counts what somebody takes along as a file, however little it is: nobody looks at a list by exporting it.
pub async fn note_export(app: &App, actor: &Actor, rows: usize) -> Result<()> {
    count_read(app, actor, rows).await
}

async fn count_read(app: &App, actor: &Actor, rows: usize) -> Result<()> {
    let Some(person) = actor.person_id() else {
        return Ok(());
    };
    if rows == 0 {
        return Ok(());
    }
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let (conn, actor, inner) = tx.parts();
    let limits = queries::thresholds(conn, tenant).await?.unwrap_or_default();
    let since = now - TimeDelta::minutes(limits.export_minutes.into());
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let key = format!("person:{person}");
    let read = queries::add_to_sum(conn, tenant, Rule::Export, &key, rows, now, since).await?;
    if read >= limits.export_rows.into() {
        let spike = Noted {
            code: Code::ExportSpike,
            subject: Subject::Person(person),
            person: Some(person),
        };
        if record(conn, inner, actor, &spike).await? {
            let event = told("EXPORT_SPIKE", read, limits.export_minutes);
            return tx.commit(event.on("person", person).about(person)).await;
        }
    }
    tx.commit_unaudited("how much was read is counted, not recorded")
        .await
}

fn told(action: &'static str, count: i64, minutes: i32) -> Event {
    Event::new("security", action)
        .with("count", count)
        .with("minutes", minutes)
}
