//! What a browser is asked to sign. A challenge belongs to one session and one purpose, counts for five minutes, and is
//! removed by the first answer, whatever that is: there is nothing to replay.

use serde_json::Value;

use super::{
    ceremony::{Assertion, Begun, Refusal, Site},
    model::{CHALLENGE_LIFETIME, Purpose},
    queries,
};
use crate::{
    App,
    account_mail::{self, Notice},
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::{PersonId, SessionId},
};

/// What an answer turned out to be.
#[derive(Debug)]
pub(crate) enum Checked {
    /// By a passkey of this person, for this challenge.
    Right,
    /// Not that; with what is to be told of it besides.
    Wrong(Option<Event>),
    /// Nothing was asked, or too long ago, or it was answered before.
    Unasked,
}

/// Asks for a signature by one of the person's passkeys, in the place of whatever this session was asked before.
pub(crate) async fn ask(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    session: SessionId,
    purpose: Purpose,
) -> Result<Value> {
    let site = Site::of(&app.settings)?;
    let tenant = tx.actor().tenant();
    let known = queries::usable(tx.conn(), tenant, person, site.rp_id()).await?;
    let begun = site.begin_assertion(&known)?;
    keep(tx, session, purpose, begun).await
}

/// Notes what a session is asked, and answers what its browser is given.
pub(super) async fn keep(
    tx: &mut WriteTx,
    session: SessionId,
    purpose: Purpose,
    begun: Begun,
) -> Result<Value> {
    let (tenant, until) = (tx.actor().tenant(), tx.now() + CHALLENGE_LIFETIME);
    queries::put_challenge(tx.conn(), tenant, session, purpose, &begun.state, until).await?;
    Ok(begun.options)
}

/// Takes what this session was asked for this purpose, if an answer still counts.
pub(super) async fn take(
    tx: &mut WriteTx,
    session: SessionId,
    purpose: Purpose,
) -> Result<Option<Vec<u8>>> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let taken = queries::take_challenge(tx.conn(), tenant, session).await?;
    Ok(taken
        .filter(|taken| taken.purpose == purpose && taken.expires_at > now)
        .map(|taken| taken.state))
}

/// Checks an answer. Commit either way: the challenge is used up.
pub(crate) async fn check(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    session: SessionId,
    purpose: Purpose,
    credential: &str,
) -> Result<Checked> {
    let Some(state) = take(tx, session, purpose).await? else {
        return Ok(Checked::Unasked);
    };
    let site = Site::of(&app.settings)?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let Some(assertion) = Assertion::read(credential) else {
        return Ok(Checked::Wrong(None));
    };
    let known = queries::usable(tx.conn(), tenant, person, site.rp_id()).await?;
    let id = assertion.credential_id();
    let Some(stored) = known.iter().find(|stored| stored.credential_id == id) else {
        return Ok(Checked::Wrong(None));
    };
    match site.finish_assertion(&state, &assertion, person, stored) {
        Ok(after) => {
            queries::note_use(tx.conn(), tenant, stored.id, &after, now).await?;
            Ok(Checked::Right)
        }
        Err(Refusal::Wrong) => Ok(Checked::Wrong(None)),
        Err(Refusal::CounterWentBack) => {
            account_mail::notify(app, tx, person, Notice::PasskeyCounterWentBack).await?;
            let event = Event::new("security", "passkey.counter_went_back")
                .on("passkey", stored.id)
                .about(person)
                .denied()
                .summary(stored.name.clone());
            Ok(Checked::Wrong(Some(event)))
        }
    }
}
