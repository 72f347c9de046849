//! Another password for who forgot theirs. Whoever asks learns nothing about whether there is such an account: the same
//! questions are put to the database, the same is counted and the same is answered, for every address. The link goes by
//! mail alone; it counts once, for half an hour, and does not stand in for the second factor.

use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    end_links, password,
    queries::{self, Account, Reset},
};
use crate::{
    Actor, App,
    account_mail::{self, Letter, Notice},
    actor::Request,
    audit::Event,
    error::Result,
    ids::{PersonId, TenantId},
    people::password_policy,
    sessions::{
        self,
        counters::{self, Admission, Counted},
        devices, seconds_until,
    },
    tokens,
    vault::opaque::{self, Kind, Presented},
};

/// How long a link counts.
pub const RESET_LIFETIME: TimeDelta = TimeDelta::minutes(30);

/// How long a request for a link takes, whatever was done: writing two rows takes some milliseconds that writing none does
/// not, and the difference must not tell who has an account.
pub const ANSWERED_AFTER: Duration = Duration::from_millis(100);

/// What asking for a link came to. It does not tell whether one was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// If there is such an account, a mail is on its way.
    Noted,
    /// This installation sends no mail: a head office admin, or whoever runs it, has to help.
    NoMail,
    /// Too many requests: for this address, or from this network.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// Asks for a link.
pub async fn request(app: &App, request: Request, email: &str) -> Result<Requested> {
    if app.mailer.is_none() {
        return Ok(Requested::NoMail);
    }
    let canonical = sessions::canonical_typed(email);
    let device = devices::presented_for(app, &request, &canonical).await?;
    let counted = Counted::of(app, &canonical, &request, device);
    if let Admission::TooFast(until) | Admission::Locked(until) =
        counters::admit_reset(app, &request, &counted).await?
    {
        return Ok(Requested::Wait {
            retry_after_sec: seconds_until(until, app.now()),
        });
    }
    let answered_at = Instant::now() + ANSWERED_AFTER;
    make_link(app, &request, &canonical, &counted).await?;
    tokio::time::sleep_until(answered_at).await;
    Ok(Requested::Noted)
}

/// Writes a link and its mail, if there is somebody to get it; the same is asked of the database if there is not.
async fn make_link(app: &App, request: &Request, canonical: &str, counted: &Counted) -> Result<()> {
    let found = sessions::find_by_email(app, canonical).await?;
    // For an address that nobody has, everything is asked of a tenant that has no rows.
    let nobody = (TenantId::PLATFORM, PersonId::from(Uuid::nil()));
    let (tenant, person) = found.unwrap_or(nobody);
    let (token, hash) = opaque::mint(Kind::PasswordReset, tenant, app.chance);
    let mut tx = app
        .db
        .write(&Actor::anonymous(tenant, request.clone()))
        .await?;
    let now = tx.now();
    let expires_at = now + RESET_LIFETIME;
    // The person first, as everywhere: nobody waits in a circle.
    queries::lock_password(tx.conn(), tenant, person).await?;
    queries::use_up_resets(tx.conn(), tenant, person, now).await?;
    let id = app.chance.uuid(now);
    let reset = Reset {
        id,
        token_hash: hash,
        expires_at,
    };
    // Only somebody who can sign in with a password gets a link; an invitation is its own.
    let made = queries::insert_reset(tx.conn(), tenant, person, &reset, now).await?;
    let recipient = if made { person } else { nobody.1 };
    let letter = Letter::password_reset(&token, expires_at);
    account_mail::queue(app, &mut tx, recipient, &letter).await?;
    let event = Event::new("security", "password.reset_requested");
    let event = match found {
        Some(_) if made => event.on("person", person).about(person),
        Some(_) => event.denied().on("person", person).about(person),
        None => event.denied().with("account", counted.account_tag()),
    };
    tx.commit(event).await
}

/// What the page of a link shows.
#[derive(Debug, Clone)]
pub struct Open {
    /// Whose password it is.
    pub email: String,
    /// The shortest one, in characters.
    pub min_password: usize,
}

/// What setting another password came to. One that the policy refuses is `Invalid` on `password`, and the link still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is set; signing in with both factors comes next.
    Done,
    /// The link does not count: used, replaced, expired, or never made.
    Gone,
}

/// Looks at a link without using it. `None` if it does not count.
pub async fn find(app: &App, request: Request, token: &str) -> Result<Option<Open>> {
    let Some(presented) = opaque::parse(Kind::PasswordReset, token) else {
        return Ok(None);
    };
    let found = look_up(app, request, &presented).await?;
    Ok(found.map(|(_, account, _)| Open {
        min_password: password_policy::min_length(account.role),
        email: account.email,
    }))
}

/// Sets another password for whoever holds the link, once. Every session of the person ends, and every API token: who
/// needs a link does not know who else was in. The second factor stays as it is.
pub async fn finish(
    app: &App,
    request: Request,
    token: &str,
    new: SecretString,
) -> Result<Outcome> {
    let Some(presented) = opaque::parse(Kind::PasswordReset, token) else {
        return Ok(Outcome::Gone);
    };
    let Some((person, account, earlier)) = look_up(app, request.clone(), &presented).await? else {
        return Ok(Outcome::Gone);
    };
    password::acceptable(&app.vault, &account, &earlier, &new).await?;
    // Hashing takes a while on purpose, and is done before any row is locked.
    let hash = app.vault.passwords.hash(&new).await?;
    let tenant = presented.tenant;
    let mut tx = app.db.write(&Actor::anonymous(tenant, request)).await?;
    let now = tx.now();
    queries::lock_password(tx.conn(), tenant, person).await?;
    let first = queries::use_reset(tx.conn(), tenant, &presented.hash, now).await?
        && password::replace(app, &mut tx, person, None, &hash).await?;
    if !first {
        return Ok(Outcome::Gone);
    }
    sessions::end_others(tx.conn(), tenant, person, None).await?;
    tokens::revoke_all_of(tx.conn(), tenant, person, now).await?;
    end_links(tx.conn(), tenant, person, now).await?;
    account_mail::notify(app, &mut tx, person, Notice::PasswordChanged).await?;
    let event = Event::new("security", "password.reset")
        .on("person", person)
        .about(person);
    tx.commit(event).await?;
    Ok(Outcome::Done)
}

async fn look_up(
    app: &App,
    request: Request,
    presented: &Presented,
) -> Result<Option<(PersonId, Account, Vec<String>)>> {
    let tenant = presented.tenant;
    let mut tx = app.db.authenticate(tenant, request).await?;
    let now = tx.now();
    let conn = tx.conn();
    let found = match queries::find_reset(conn, tenant, &presented.hash, now).await? {
        None => None,
        Some(person) => {
            let account = queries::find(conn, tenant, person).await?;
            let earlier =
                queries::earlier_passwords(conn, tenant, person, password::REMEMBERED).await?;
            account.map(|account| (person, account, earlier))
        }
    };
    tx.finish().await?;
    Ok(found)
}
