//! A passkey as the second factor, at sign-in and at stepping up: in the place of a code, with the same counter of failures
//! and the same end. Where an organisation insists on passkeys, a code of its admins counts no more.

use serde_json::Value;

use super::{
    model::{Provisional, Stage, Verification, seconds_until},
    queries::{self, Factor},
    second_factor::{Checked, begin_full_session, count_wrong_telling, locked, waits_until},
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
    let (tx, checked) = check(app, tx, &factor, given).await?;
    match (tx, checked) {
        (Some(tx), Checked::Right) => {
            let cookie = begin_full_session(app, tx, provisional, &factor).await?;
            Ok(Verification::Full(cookie))
        }
        (_, Checked::Waits(until)) => Ok(Verification::Wait {
            retry_after_sec: seconds_until(until, now),
        }),
        _ => Ok(Verification::Wrong),
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
) -> Result<(Option<WriteTx>, Checked)> {
    let Given {
        person,
        session,
        purpose,
        credential,
    } = given;
    let now = tx.now();
    if let Some(until) = waits_until(factor, now) {
        tx.commit_unaudited("nothing is counted while the factor waits")
            .await?;
        return Ok((None, Checked::Waits(until)));
    }
    match challenges::check(app, &mut tx, person, session, purpose, credential).await? {
        Answer::Right => {
            let tenant = tx.actor().tenant();
            queries::note_given(tx.conn(), tenant, person, now).await?;
            Ok((Some(tx), Checked::Right))
        }
        Answer::Wrong(told) => {
            count_wrong_telling(tx, person, factor, told).await?;
            Ok((None, Checked::Wrong))
        }
        Answer::Unasked => {
            tx.commit_unaudited("nothing was asked, so that nothing was guessed")
                .await?;
            Ok((None, Checked::Wrong))
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
) -> Result<(Option<WriteTx>, Checked)> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    if passkeys::ways(app, tx.conn(), tenant, person).await?.code {
        return Ok((Some(tx), Checked::Right));
    }
    if let Some(until) = waits_until(factor, now) {
        tx.commit_unaudited("nothing is counted while the factor waits")
            .await?;
        return Ok((None, Checked::Waits(until)));
    }
    let not_enough = Event::new("security", "mfa.code_not_enough")
        .on("person", person)
        .about(person)
        .denied();
    count_wrong_telling(tx, person, factor, Some(not_enough)).await?;
    Ok((None, Checked::Wrong))
}
