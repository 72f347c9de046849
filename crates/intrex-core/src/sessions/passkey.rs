//! A passkey as the second factor, at sign-in and at stepping up: in the place of a code, with the same counter of failures
//! and the same end. Where an organisation insists on passkeys, a code of its admins counts no more.

use serde_json::Value;

use super::{
    attempts::{self, Checked, Passed, waits_until},
    methods::Second,
    model::{Provisional, Stage, Verification},
    queries::{self, Factor},
    second_factor::{begin_full_session, locked},
};
use crate::{
    App,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Error, Result},
    ids::{PersonId, SessionId},
    passkeys::{self, Ways, challenges, challenges::Checked as Answer, model::Purpose},
};

/// By what somebody can end their sign-in.
pub async fn ways(app: &App, provisional: &Provisional) -> Result<Ways> {
    let (tenant, person) = (provisional.tenant, provisional.person);
    let request = provisional.request.clone();
    let mut tx = app.db.authenticate(tenant, request).await?;
    let ways = passkeys::ways(app, tx.conn(), tenant, person).await?;
    tx.finish().await?;
    Ok(ways)
}

/// Asks the browser for a signature by one of the person's passkeys: what it is given.
pub async fn ask_passkey(app: &App, provisional: &Provisional) -> Result<Value> {
    if provisional.stage != Stage::MfaVerify {
        return Err(Error::Forbidden);
    }
    let mut tx = app.db.write(&provisional.actor()).await?;
    locked(&mut tx, provisional).await?;
    let (person, session) = (provisional.person, provisional.session);
    let options = challenges::ask(app, &mut tx, person, session, Purpose::SignIn).await?;
    tx.commit_unaudited("a challenge is no deed: its answer is told")
        .await?;
    Ok(options)
}

/// Signs in with what the authenticator has signed.
pub async fn verify_passkey(
    app: &App,
    provisional: &Provisional,
    credential: &str,
) -> Result<Verification> {
    if provisional.stage != Stage::MfaVerify {
        return Err(Error::Forbidden);
    }
    if let Some(waits) = attempts::admit(app, provisional).await? {
        return Ok(waits);
    }
    let person = provisional.person;
    let mut tx = app.db.write(&provisional.actor()).await?;
    let now = tx.now();
    let factor = locked(&mut tx, provisional).await?;
    if !factor.confirmed {
        return Err(Error::conflict(keys::MFA_ALREADY_ENROLLED));
    }
    let given = Given {
        person,
        session: provisional.session,
        purpose: Purpose::SignIn,
        credential,
    };
    match check(app, tx, &factor, given).await? {
        Ok(tx) => {
            let cookie = begin_full_session(app, tx, provisional, &factor, Second::Passkey).await?;
            Ok(Verification::Full(cookie))
        }
        Err(checked) => Ok(checked.refused(now)),
    }
}

/// An answer to a challenge, and whose it has to be.
pub(super) struct Given<'a> {
    pub person: PersonId,
    pub session: SessionId,
    pub purpose: Purpose,
    pub credential: &'a str,
}

/// Checks an answer of the person whose factor is locked by this transaction. Unless it is right the transaction is over,
/// and the failure counted where somebody tried: an answer that nothing was asked for cannot be a guess.
pub(super) async fn check(
    app: &App,
    mut tx: WriteTx,
    factor: &Factor,
    given: Given<'_>,
) -> Result<Passed> {
    let Given {
        person,
        session,
        purpose,
        credential,
    } = given;
    let now = tx.now();
    if let Some(until) = waits_until(factor, now) {
        return attempts::pass(tx, person, factor, Checked::Waits(until)).await;
    }
    match challenges::check(app, &mut tx, person, session, purpose, credential).await? {
        Answer::Right => {
            let tenant = tx.actor().tenant();
            queries::note_given(tx.conn(), tenant, person, now).await?;
            attempts::pass(tx, person, factor, Checked::Right).await
        }
        Answer::Wrong(told) => {
            attempts::pass_telling(tx, person, factor, Checked::Wrong, told).await
        }
        Answer::Unasked => {
            tx.commit_unaudited("nothing was asked, so that nothing was guessed")
                .await?;
            Ok(Err(Checked::Wrong))
        }
    }
}

/// Gives the transaction back where a code is enough for this person. Where it is not, it is over: the code was not looked at,
/// and counts as a wrong one, because whoever tries has the password and, perhaps, the app.
pub(super) async fn unless_needed(
    app: &App,
    mut tx: WriteTx,
    person: PersonId,
    factor: &Factor,
) -> Result<Passed> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    if passkeys::ways(app, tx.conn(), tenant, person).await?.code {
        return Ok(Ok(tx));
    }
    let checked = waits_until(factor, now).map_or(Checked::Wrong, Checked::Waits);
    let not_enough = Event::new("security", "mfa.code_not_enough")
        .on("person", person)
        .about(person)
        .denied();
    attempts::pass_telling(tx, person, factor, checked, Some(not_enough)).await
}
