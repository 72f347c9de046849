//! The second step: a one-time code. The first time it is set up, and a code confirms that the app has the secret; after
//! that no page shows the secret again. Each code counts once, and a right one ends the provisional session and begins a
//! new one under a new name.

use chrono::TimeDelta;

use super::{
    attempts::{self, Checked, waits_until},
    cookie::{self, Holder, Sid},
    counters::{self, Counted},
    devices,
    methods::Second,
    model::{Enrolment, Provisional, SessionCookie, Stage, Verification, kept_user_agent},
    passkey,
    queries::{self, NewSession},
};
use crate::{
    Actor, App,
    account_mail::{self, Notice},
    actor::Request,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Error, Result},
    ids::{PersonId, SessionId, TenantId},
    security_events::{network_key, signed_in_from},
    vault::{
        one_time::{self, OneTime},
        seal::{self, Place},
    },
};

pub(crate) use super::queries::Factor;

/// Begins setting up the second factor, or shows again what this sign-in has begun. Another sign-in gets a secret of its
/// own: who has merely seen one must not find it confirmed by somebody else.
pub async fn begin_enrolment(app: &App, provisional: &Provisional) -> Result<Enrolment> {
    let (tenant, person) = (provisional.tenant, provisional.person);
    let mut tx = app.db.write(&provisional.actor()).await?;
    let factor = locked(&mut tx, provisional).await?;
    if provisional.stage != Stage::MfaSetup || factor.confirmed {
        return Err(Error::conflict(keys::MFA_ALREADY_ENROLLED));
    }
    let place = pending(provisional);
    let begun = factor
        .secret
        .and_then(|sealed| seal::open(&app.vault.keys.mfa, place, &sealed).ok())
        .map(OneTime::from_bytes);
    let secret = match begun {
        Some(secret) => {
            tx.commit_unaudited("what was begun is shown again; nothing was written")
                .await?;
            secret
        }
        None => {
            let secret = OneTime::new(app.chance);
            let sealed = seal::seal(&app.vault.keys.mfa, place, secret.bytes(), app.chance);
            queries::set_secret(tx.conn(), tenant, person, &sealed).await?;
            tx.commit(about("mfa.enrolment_begun", person)).await?;
            secret
        }
    };
    Ok(Enrolment {
        secret_base32: secret.base32(),
        otpauth_url: secret.otpauth_url(&factor.email)?,
    })
}

/// Confirms that the app has the secret, and signs in.
pub async fn confirm_enrolment(
    app: &App,
    provisional: &Provisional,
    code: &str,
) -> Result<Verification> {
    finish(app, provisional, Stage::MfaSetup, code).await
}

/// Signs in with a code of the app.
pub async fn verify_code(app: &App, provisional: &Provisional, code: &str) -> Result<Verification> {
    finish(app, provisional, Stage::MfaVerify, code).await
}

/// The code of the next unused step: for the sign-in page of a demonstration, and refused anywhere else.
pub async fn demo_code(app: &App, tenant: TenantId, person: PersonId) -> Result<String> {
    if !app.settings.demo {
        return Err(Error::Forbidden);
    }
    let mut tx = app.db.authenticate(tenant, Request::default()).await?;
    let factor = queries::factor(tx.conn(), tenant, person, None)
        .await?
        .ok_or(Error::NotFound)?;
    let now = tx.now();
    tx.finish().await?;
    let sealed = factor.secret.filter(|_| factor.confirmed);
    let sealed = sealed.ok_or(Error::NotFound)?;
    let opened = seal::open(&app.vault.keys.mfa, confirmed(tenant, person), &sealed);
    let present = one_time::step_at(now);
    let step = factor
        .last_step
        .map_or(present, |last| present.max(last + 1));
    OneTime::from_bytes(opened.map_err(Error::internal)?).code(step)
}

async fn finish(
    app: &App,
    provisional: &Provisional,
    stage: Stage,
    code: &str,
) -> Result<Verification> {
    if provisional.stage != stage {
        return Err(Error::Forbidden);
    }
    if let Some(waits) = attempts::admit(app, provisional).await? {
        return Ok(waits);
    }
    let person = provisional.person;
    let mut tx = app.db.write(&provisional.actor()).await?;
    let now = tx.now();
    let factor = locked(&mut tx, provisional).await?;
    if factor.confirmed != (stage == Stage::MfaVerify) {
        return Err(Error::conflict(keys::MFA_ALREADY_ENROLLED));
    }
    if stage == Stage::MfaVerify {
        tx = match passkey::unless_needed(app, tx, person, &factor).await? {
            Ok(tx) => tx,
            Err(checked) => return Ok(checked.refused(now)),
        };
    }
    let checked = match stage {
        Stage::MfaSetup => check_in(app, &mut tx, pending(provisional), person, &factor, code),
        _ => {
            let place = confirmed(provisional.tenant, person);
            check_in(app, &mut tx, place, person, &factor, code)
        }
    };
    let checked = checked.await?;
    let tx = match attempts::pass(tx, person, &factor, checked).await? {
        Ok(tx) => tx,
        Err(checked) => return Ok(checked.refused(now)),
    };
    let by = Second::OneTimeCode;
    let cookie = begin_full_session(app, tx, provisional, &factor, by).await?;
    Ok(Verification::Full(cookie))
}

/// Checks a code of the confirmed factor, whose row is locked by this transaction. A right one is used up.
pub(super) async fn check(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    factor: &Factor,
    code: &str,
) -> Result<Checked> {
    let place = confirmed(tx.actor().tenant(), person);
    check_in(app, tx, place, person, factor, code).await
}

async fn check_in(
    app: &App,
    tx: &mut WriteTx,
    place: Place,
    person: PersonId,
    factor: &Factor,
    code: &str,
) -> Result<Checked> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    if let Some(until) = waits_until(factor, now) {
        return Ok(Checked::Waits(until));
    }
    let ring = &app.vault.keys.mfa;
    let sealed = factor.secret.as_deref().unwrap_or_default();
    let secret = seal::open(ring, place, sealed)
        .ok()
        .map(OneTime::from_bytes);
    if secret.is_none() && factor.confirmed {
        // Fails closed: the blob was moved or changed, or its key is no longer configured.
        tracing::error!(%tenant, %person, "a second factor cannot be opened");
    }
    let Some(secret) = secret else {
        return Ok(Checked::Wrong);
    };
    let Some(step) = secret.step_of(code, now, factor.last_step)? else {
        return Ok(Checked::Wrong);
    };
    if !queries::use_step(tx.conn(), tenant, person, step, now).await? {
        return Ok(Checked::Wrong);
    }
    let stale = seal::sealed_by(sealed).is_none_or(|id| id != ring.current().id());
    if !factor.confirmed || stale {
        // Sealed anew: in its lasting place, or under the key that is current now.
        let sealed = seal::seal(ring, confirmed(tenant, person), secret.bytes(), app.chance);
        queries::confirm_secret(tx.conn(), tenant, person, &sealed, now).await?;
    }
    Ok(Checked::Right)
}

/// Ends the provisional session and begins the full one, under a new name: whoever knew the old one knows nothing. Every way
/// of giving a second factor ends here: the device is remembered, and the failures of its lane are forgotten.
pub(super) async fn begin_full_session(
    app: &App,
    mut tx: WriteTx,
    provisional: &Provisional,
    factor: &Factor,
    by: Second,
) -> Result<SessionCookie> {
    let (tenant, person) = (provisional.tenant, provisional.person);
    let request = &provisional.request;
    let now = tx.now();
    let ended = queries::end_provisional(tx.conn(), tenant, provisional.session, now).await?;
    if !ended {
        return Err(Error::Forbidden);
    }
    let device = devices::remember(app, &mut tx, request, tenant, person).await?;
    let sid = Sid::new(app.chance);
    let id: SessionId = app.new_id();
    let absolute_at = now + TimeDelta::hours(factor.absolute_hours.into());
    let amr = by.after(&provisional.amr);
    let new = NewSession {
        id,
        person,
        sid_hash: sid.hash(),
        stage: Stage::Full,
        amr: amr.clone(),
        absolute_at,
        device: Some(device.id),
        ip: app.kept_address(request.ip),
        user_agent: kept_user_agent(request),
        network: network_key(&app.vault, request.ip),
    };
    let from = signed_in_from(&mut tx, person, request).await?;
    queries::insert(tx.conn(), tenant, &new, now).await?;
    let mut events = Vec::new();
    if provisional.stage == Stage::MfaSetup {
        events.push(about("mfa.enrolled", person));
    }
    let about_session = |action| {
        Event::new("session", action)
            .on("session", id)
            .about(person)
            .with("person_id", person.to_string())
    };
    events.push(about_session("session.started"));
    if !device.known && factor.signed_in_before {
        events.push(about_session("session.new_device"));
        account_mail::notify(app, &mut tx, person, Notice::NewDevice).await?;
    }
    if from.is_new && factor.signed_in_before {
        events.push(about_session("session.new_network"));
        if device.known {
            account_mail::notify(app, &mut tx, person, Notice::NewNetwork).await?;
        }
    }
    if from.alternates {
        events.push(about("IMPOSSIBLE_SEQUENCE", person).with("of", "sign_in"));
    }
    tx.commit_all(events).await?;
    let lane = device.known.then_some(device.id);
    let counted = Counted::of(app, &factor.canonical_email, request, lane);
    // The session stands already; failures that stay counted a while longer are no reason to refuse it.
    let forgotten = async {
        if counters::forget_lane(app, request, &counted).await? {
            counters::tell_cleared(app, &provisional.actor(), person, "sign_in").await?;
        }
        Ok::<_, Error>(())
    };
    if let Err(error) = forgotten.await {
        tracing::warn!(%error, "the failures of an account could not be forgotten");
    }
    let cookie = cookie::make(
        app,
        &Holder {
            sid: &sid,
            tenant,
            person,
            amr: &amr,
            auth_time: now,
            absolute_at,
        },
    )?;
    Ok(SessionCookie {
        device: Some(device.cookie),
        ..cookie
    })
}

/// The confirmed factor of whoever is signed in, locked until the transaction ends.
pub(crate) async fn lock(tx: &mut WriteTx, person: PersonId) -> Result<Factor> {
    let tenant = tx.actor().tenant();
    let lane = attempts::lane(tx, person).await?;
    queries::factor_for_update(tx.conn(), tenant, person, lane)
        .await?
        .filter(|factor| factor.active && factor.confirmed)
        .ok_or(Error::Forbidden)
}

/// The same for who acts in a session, which is looked at again now that nobody can end it or give it another name: that
/// may have happened while something was computed, or in another window. Who acts, with the factor as it is now.
pub(crate) async fn lock_acting(
    tx: &mut WriteTx,
    person: PersonId,
    session: SessionId,
) -> Result<Actor> {
    lock(tx, person).await?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let factor_at = queries::factor_given_at(tx.conn(), tenant, person, session, now)
        .await?
        .ok_or(Error::Forbidden)?;
    Ok(tx.actor().clone().with_factor_at(Some(factor_at)))
}

/// The person's factor, locked, so that codes are tried one after the other.
pub(super) async fn locked(tx: &mut WriteTx, provisional: &Provisional) -> Result<Factor> {
    let (tenant, person) = (provisional.tenant, provisional.person);
    let lane = attempts::lane(tx, person).await?;
    let factor = queries::factor_for_update(tx.conn(), tenant, person, lane)
        .await?
        .ok_or(Error::Forbidden)?;
    if factor.active {
        Ok(factor)
    } else {
        Err(Error::Forbidden)
    }
}

fn about(action: &'static str, person: PersonId) -> Event {
    Event::new("security", action)
        .on("person", person)
        .about(person)
}

/// Where a secret is sealed that its app has not confirmed: it opens for the sign-in that began it, and no other.
fn pending(provisional: &Provisional) -> Place {
    Place {
        row: provisional.session.uuid(),
        ..confirmed(provisional.tenant, provisional.person)
    }
}

/// Where the secret that counts is sealed.
pub(crate) fn confirmed(tenant: TenantId, person: PersonId) -> Place {
    Place {
        table: "people",
        column: "totp_secret",
        tenant,
        row: person.uuid(),
    }
}
