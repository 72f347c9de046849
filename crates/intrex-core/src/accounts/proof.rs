//! The present password, asked for again before something dangerous. Wrong ones count like those of a sign-in, so that a
//! session that was left open is no place to guess at leisure.

use secrecy::SecretString;

use super::queries::Account;
use crate::{
    Actor, App,
    error::Result,
    ids::PersonId,
    sessions::{
        counters::{self, Counted, Failure},
        devices, seconds_until,
    },
    vault::passwords::Verified,
};

/// What a password turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// The person's.
    Right,
    /// Not theirs.
    Wrong,
    /// Too many were wrong.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// Looks at a password that somebody signed in has typed.
pub(super) async fn prove(
    app: &App,
    actor: &Actor,
    person: PersonId,
    account: &Account,
    password: &SecretString,
) -> Result<Proof> {
    let request = actor.request();
    let mut tx = app.db.read(actor).await?;
    let now = tx.now();
    let device = devices::presented(tx.conn(), request, actor.tenant(), person, now).await?;
    tx.finish().await?;
    let counted = Counted::of(app, &account.canonical_email, request, device);
    let wait = |until| Proof::Wait {
        retry_after_sec: seconds_until(until, app.now()),
    };
    if let Some(until) = counters::locked_until(app, request, &counted).await? {
        return Ok(wait(until));
    }
    let stored = account.password_hash.as_deref();
    let verified = app.vault.passwords.verify(password, stored).await?;
    if verified == Verified::No {
        let known = Some((actor.tenant(), person));
        return Ok(
            match counters::failed(app, request, &counted, known).await? {
                Failure::Counted => Proof::Wrong,
                Failure::Locked(until) => wait(until),
            },
        );
    }
    // Other tries may have locked the account while this one was computed: their number is what counts.
    Ok(
        match counters::locked_until(app, request, &counted).await? {
            Some(until) => wait(until),
            None => Proof::Right,
        },
    )
}
