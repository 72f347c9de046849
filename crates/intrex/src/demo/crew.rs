//! The demonstration's people as they join: invited, with a password, a second factor and a token of their own, each by the
//! commands that a page would call for them.

use anyhow::{Result, bail};
use chrono::TimeDelta;
use intrex_core::{
    Actor, App,
    actor::Request,
    clock::Chance,
    people::{self, AcceptOutcome, Invited, RawPerson},
    sessions::{self, Session, SignIn, Verification},
    tokens::{self, RawToken},
};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::{cast::Member, file::DemoUser};
use crate::cli::told;

/// Letters of passwords: none that look alike.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Groups of four letters in a password: 99 bits.
const PASSWORD_GROUPS: usize = 5;
/// Seconds of a step of the second factor (RFC 6238).
const STEP_SEC: i64 = 30;
/// How long the demonstration's API tokens count.
const TOKEN_DAYS: &str = "365";

/// Somebody of the demonstration, signed in.
pub(super) struct Worker {
    pub(super) actor: Actor,
    pub(super) user: DemoUser,
}

/// Invites somebody and does what they would do: set a password, enrol a second factor, sign in.
pub(super) async fn join(
    app: &App,
    inviter: &Actor,
    member: &Member,
    branches: &[Uuid],
) -> Result<Worker> {
    let ids: Vec<String> = branches.iter().map(Uuid::to_string).collect();
    let raw = RawPerson {
        email: member.email.into(),
        name: member.name.into(),
        role: member.role.as_str().into(),
        branch_ids: ids.join(",").into(),
    };
    let Invited { person, token, .. } = people::invite(app, inviter, &raw).await.map_err(told)?;
    let password = password(app.chance);
    let request = Request::default;
    let accepted = people::accept_invitation(
        app,
        request(),
        token.expose_secret(),
        password.clone().into(),
    );
    if !matches!(accepted.await.map_err(told)?, AcceptOutcome::Accepted(_)) {
        bail!("the invitation of {} does not count", member.email);
    }
    let (actor, totp_secret) = sign_in(app, member.email, password.clone().into()).await?;
    Ok(Worker {
        actor,
        user: DemoUser {
            id: person.id.uuid(),
            email: member.email.to_owned(),
            password,
            totp_secret,
            role: member.role.as_str().to_owned(),
            branch_ids: branches.to_vec(),
            // Made at the end: it counts from the present.
            api_token: String::new(),
        },
    })
}

/// Makes the token with which a script acts for somebody. The operator makes it: their own second factor was given when the
/// demonstration began, and a token needs a fresh one.
pub(super) async fn give_token(app: &App, operator: &Actor, worker: &mut Worker) -> Result<()> {
    let raw = RawToken {
        person_id: worker.user.id.to_string().into(),
        name: "Demonstration".into(),
        expires_in_days: TOKEN_DAYS.into(),
        ..RawToken::default()
    };
    let api = tokens::create(app, operator, &raw).await.map_err(told)?;
    worker.user.api_token = api.text.expose_secret().to_owned();
    Ok(())
}

/// Signs in for the first time; answers who acts, and the secret of the second factor.
async fn sign_in(app: &App, email: &str, password: SecretString) -> Result<(Actor, String)> {
    let begun = sessions::sign_in(app, Request::default(), email, password).await;
    let SignIn::Started(started) = begun.map_err(told)? else {
        bail!("{email} cannot sign in");
    };
    let cookie = started.cookie.value.expose_secret();
    let session = sessions::authenticate(app, cookie, Request::default()).await;
    let Session::Provisional(provisional) = session.map_err(told)? else {
        bail!("{email} has no provisional session");
    };
    let enrolment = sessions::begin_enrolment(app, &provisional)
        .await
        .map_err(told)?;
    let secret = enrolment.secret_base32.expose_secret().to_owned();
    // The code of the step before: it counts too, and leaves this step's to whoever signs in first.
    let code = code(&secret, app.now() - TimeDelta::seconds(STEP_SEC))?;
    let confirmed = sessions::confirm_enrolment(app, &provisional, &code).await;
    let Verification::Full(cookie) = confirmed.map_err(told)? else {
        bail!("the second factor of {email} does not count");
    };
    let session = sessions::authenticate(app, cookie.value.expose_secret(), Request::default());
    let Session::Full(tx, _) = session.await.map_err(told)? else {
        bail!("{email} is not signed in");
    };
    let actor = tx.actor().clone();
    tx.finish().await.map_err(told)?;
    Ok((actor, secret))
}

fn code(secret: &str, at: chrono::DateTime<chrono::Utc>) -> Result<String> {
    let secret = totp_rs::Secret::try_from_base32(secret)
        .map_err(|error| anyhow::anyhow!("the second factor's secret: {error}"))?;
    let totp = totp_rs::Builder::new()
        .with_secret(secret)
        .with_step_duration(STEP_SEC.unsigned_abs())
        .build()
        .map_err(|error| anyhow::anyhow!("the second factor: {error}"))?;
    Ok(totp.generate(u64::try_from(at.timestamp())?).to_string())
}

fn password(chance: Chance) -> String {
    let letters: Vec<char> = std::iter::repeat_with(|| chance.bytes::<64>())
        .flatten()
        // Bytes beyond the last whole alphabet would make its first letters likelier.
        .filter(|byte| usize::from(*byte) < 256 / ALPHABET.len() * ALPHABET.len())
        .map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]))
        .take(PASSWORD_GROUPS * 4)
        .collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_random_and_typeable() {
        let one = password(Chance);
        assert_eq!(one.len(), 24);
        assert!(
            one.chars()
                .all(|c| c == '-' || ALPHABET.contains(&(c as u8)))
        );
        assert_ne!(one, password(Chance));
    }

    #[test]
    fn a_code_is_what_an_authenticator_shows() {
        // RFC 6238, appendix B, cut to six digits.
        let at = chrono::DateTime::from_timestamp(59, 0).expect("an instant");
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(code(secret, at).expect("a code"), "287082");
    }
}
