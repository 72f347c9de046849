//! Stepping up: what is dangerous asks for a second factor that was given a short time ago. Both factors are given again,
//! failures are counted as at sign-in, and the session goes on under a new name, so that whoever knew the old one does not
//! step up with it.

use secrecy::SecretString;

use super::{
    attempts::{self, Checked, waits_until},
    cookie::{self, Holder, Sid},
    counters::{self, Admission, Counted, Failure},
    devices,
    methods::{First, Second},
    model::{SessionCookie, kept_user_agent, seconds_until},
    passkey::{self, Given},
    queries::{self, NewName},
    recovery, second_factor,
};
use crate::{
    Actor, App, accounts,
    audit::Event,
    db::WriteTx,
    error::{Error, Result},
    ids::SessionId,
    passkeys::{challenges, model::Purpose},
    permission::Permission,
    recovery_codes::{self, Tried},
    security_events::session_moved,
    vault::passwords::Verified,
};

/// The second factor as it was given. Another kind of factor is another variant, and another arm in [`step_up`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Proof<'a> {
    /// A code of the app.
    Code(&'a str),
    /// A recovery code.
    RecoveryCode(&'a str),
    /// What an authenticator has signed.
    Passkey(&'a str),
}

/// A code, ready to be looked at under the lock of the person's row.
enum Ready<'a> {
    Code(&'a str),
    RecoveryCode(Tried),
}

/// What stepping up came to.
#[derive(Debug)]
pub enum StepUp {
    /// The session is fresh, under a new name: its cookie.
    Done(SessionCookie),
    /// The password or the second factor is not right; which of them is not told.
    Refused,
    /// Too many tries.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// Gives both factors again in a session.
pub async fn step_up(
    app: &App,
    actor: &Actor,
    password: SecretString,
    proof: Proof<'_>,
) -> Result<StepUp> {
    actor.may(Permission::SessionsOwn)?;
    // A program is in no session; nothing of it is counted.
    actor.session_id().ok_or(Error::Forbidden)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let (tenant, request) = (actor.tenant(), actor.request());
    let mut tx = app.db.read(actor).await?;
    let now = tx.now();
    let account = queries::find_account(tx.conn(), tenant, person).await?;
    let device = devices::presented(tx.conn(), request, tenant, person, now).await?;
    let factor = queries::factor(tx.conn(), tenant, person, device).await?;
    tx.finish().await?;
    let (Some(account), Some(factor)) = (account, factor) else {
        return Err(Error::Forbidden);
    };
    let counted = Counted::of(app, &factor.canonical_email, request, device);
    if let Admission::Locked(until) | Admission::TooFast(until) =
        counters::admit(app, request, &counted).await?
    {
        return Ok(wait(app, until));
    }
    let stored = account.password_hash.as_deref();
    let verified = app.vault.passwords.verify(&password, stored).await?;
    if !matches!(verified, Verified::Yes | Verified::Outdated) {
        let known = Some((tenant, person));
        return Ok(
            match counters::failed(app, request, &counted, known).await? {
                Failure::Counted => StepUp::Refused,
                Failure::Locked(until) => wait(app, until),
            },
        );
    }
    // Other tries may have locked the account while this one was computed.
    if let Some(until) = counters::locked_until(app, request, &counted).await? {
        return Ok(wait(app, until));
    }
    // What takes a while is done before any row is locked.
    let ready = match proof {
        Proof::Passkey(credential) => {
            return by_passkey(app, actor, credential, &counted).await;
        }
        Proof::Code(code) => Ready::Code(code),
        Proof::RecoveryCode(typed) => {
            if let Some(until) = waits_until(&factor, now) {
                return Ok(wait(app, until));
            }
            Ready::RecoveryCode(recovery_codes::look_up(app, actor, person, typed).await?)
        }
    };
    let mut tx = app.db.write(actor).await?;
    let factor = second_factor::lock(&mut tx, person).await?;
    let mut tx = match passkey::unless_needed(app, tx, person, &factor).await? {
        Ok(tx) => tx,
        Err(checked) => return Ok(refused(app, checked)),
    };
    let checked = match ready {
        Ready::Code(code) => second_factor::check(app, &mut tx, person, &factor, code).await?,
        Ready::RecoveryCode(tried) => {
            recovery::use_up(app, &mut tx, person, &factor, &tried).await?
        }
    };
    match attempts::pass(tx, person, &factor, checked).await? {
        Ok(tx) => finish(app, tx, person, &counted, Second::OneTimeCode).await,
        Err(checked) => Ok(refused(app, checked)),
    }
}

/// Asks the browser for a signature by one of the person's passkeys: what it is given.
pub async fn ask_passkey_again(app: &App, actor: &Actor) -> Result<serde_json::Value> {
    actor.may(Permission::SessionsOwn)?;
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let mut tx = app.db.write(actor).await?;
    // In another window the session may have got another name just now.
    second_factor::lock_acting(&mut tx, person, session).await?;
    let options = challenges::ask(app, &mut tx, person, session, Purpose::StepUp).await?;
    tx.commit_unaudited("a challenge is no deed: its answer is told")
        .await?;
    Ok(options)
}

/// With a passkey in the place of a code; the password was right.
async fn by_passkey(
    app: &App,
    actor: &Actor,
    credential: &str,
    counted: &Counted,
) -> Result<StepUp> {
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let mut tx = app.db.write(actor).await?;
    let factor = second_factor::lock(&mut tx, person).await?;
    let given = Given {
        person,
        session,
        purpose: Purpose::StepUp,
        credential,
    };
    match passkey::check(app, tx, &factor, given).await? {
        Ok(tx) => finish(app, tx, person, counted, Second::Passkey).await,
        Err(checked) => Ok(refused(app, checked)),
    }
}

/// Both factors were right: the session goes on under a new name.
async fn finish(
    app: &App,
    mut tx: WriteTx,
    person: crate::ids::PersonId,
    counted: &Counted,
    by: Second,
) -> Result<StepUp> {
    let actor = tx.actor().clone();
    let (id, cookie) = renew(app, &mut tx, Factor::GivenNow(by)).await?;
    let event = Event::new("session", "session.stepped_up")
        .on("session", id)
        .about(person)
        .with("person_id", person.to_string());
    tx.commit(event).await?;
    // The session has its new name already; failures that stay counted a while longer are no reason to lose it.
    let forgotten = async {
        if counters::forget_lane(app, actor.request(), counted).await? {
            counters::tell_cleared(app, &actor, person, "step_up").await?;
        }
        Ok::<_, Error>(())
    };
    if let Err(error) = forgotten.await {
        tracing::warn!(%error, "the failures of an account could not be forgotten");
    }
    Ok(StepUp::Done(cookie))
}

/// Whether the second factor was part of what renews a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Factor {
    /// It was given just now, after the password.
    GivenNow(Second),
    /// It was not: it is as fresh as before.
    AsBefore,
}

/// Puts a new name in the place of the acting session's, in the caller's transaction: after whatever makes a session worth
/// more or makes its old name suspect. Commit, then set the cookie.
pub(crate) async fn renew(
    app: &App,
    tx: &mut WriteTx,
    factor: Factor,
) -> Result<(SessionId, SessionCookie)> {
    let actor = tx.actor();
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let (tenant, request, now) = (actor.tenant(), actor.request().clone(), tx.now());
    // Where it is renewed is a use like any other, and noted for the next one to be compared with.
    let moved = session_moved(tx, session, person).await?;
    if !moved.is_empty() {
        tx.stage(moved).await?;
    }
    let sid = Sid::new(app.chance);
    let id: SessionId = app.new_id();
    let new = NewName {
        id,
        sid_hash: sid.hash(),
        ip: app.kept_address(request.ip),
        user_agent: kept_user_agent(&request),
        factor_at: (factor != Factor::AsBefore).then_some(now),
        amr: match factor {
            Factor::GivenNow(by) => Some(by.after(First::Password.as_str())),
            Factor::AsBefore => None,
        },
    };
    // Ended in the meantime, from elsewhere or renewed in another window: this name is worth nothing any more.
    let renamed = queries::rename(tx.conn(), tenant, person, session, &new, now)
        .await?
        .ok_or(Error::Forbidden)?;
    accounts::follow_session(tx.conn(), tenant, session, id).await?;
    let cookie = cookie::make(
        app,
        &Holder {
            sid: &sid,
            tenant,
            person,
            amr: &renamed.amr,
            auth_time: renamed.auth_time,
            absolute_at: renamed.absolute_at,
        },
    )?;
    Ok((id, cookie))
}

fn refused(app: &App, checked: Checked) -> StepUp {
    match checked {
        Checked::Waits(until) => wait(app, until),
        Checked::Right | Checked::Wrong => StepUp::Refused,
    }
}

fn wait(app: &App, until: chrono::DateTime<chrono::Utc>) -> StepUp {
    StepUp::Wait {
        retry_after_sec: seconds_until(until, app.now()),
    }
}
