//! Making recovery codes: under a fresh second factor, in the place of all that there were.

use std::collections::HashSet;

use secrecy::SecretString;

use super::{
    model::Code,
    queries::{self, NewCodes},
    reads,
};
use crate::{
    Actor, App,
    account_mail::{self, Notice},
    audit::Event,
    catalogue::keys,
    error::{Error, Result},
    ids::PersonId,
    permission::Permission,
    sessions::second_factor,
};

/// Codes that were just made: to be shown once.
#[derive(Debug)]
pub struct Issued {
    /// Each as it is shown.
    pub codes: Vec<SecretString>,
}

/// Makes codes for oneself; the older ones count no more. Only a session can, and only one whose second factor is fresh:
/// whoever has them needs no app any more.
pub async fn issue(app: &App, actor: &Actor) -> Result<Issued> {
    actor.may(Permission::SessionsOwn)?;
    actor.must_be_fresh(app.now())?;
    let (Some(person), Some(session)) = (actor.person_id(), actor.session_id()) else {
        return Err(Error::Forbidden);
    };
    let mut tx = app.db.read(actor).await?;
    let before = reads::of(app, tx.conn(), actor.tenant(), person).await?;
    tx.finish().await?;
    if !before.allowed {
        return Err(Error::conflict(keys::RECOVERY_CODES_NOT_ALLOWED));
    }
    // Hashing takes a while on purpose, and is done before any row is locked.
    let (codes, new) = make(app, actor, person).await?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    // The session may have ended while the codes were hashed, and its factor may have grown old.
    let acting = second_factor::lock_acting(&mut tx, person, session).await?;
    let now = tx.now();
    acting.must_be_fresh(now)?;
    let replaced = queries::remove(tx.conn(), tenant, person).await?;
    queries::insert(tx.conn(), tenant, person, &new, now).await?;
    let after = reads::of(app, tx.conn(), tenant, person).await?;
    if !after.allowed {
        // The organisation, or the person's role, has changed in the meantime.
        return Err(Error::conflict(keys::RECOVERY_CODES_NOT_ALLOWED));
    }
    account_mail::notify(app, &mut tx, person, Notice::RecoveryCodesMade).await?;
    let event = Event::new("security", "mfa.recovery_codes_made")
        .on("person", person)
        .about(person)
        .with("count", new.ids.len())
        .with("replaced", replaced);
    tx.commit_answering(vec![event], &after).await?;
    Ok(Issued { codes })
}

async fn make(app: &App, actor: &Actor, person: PersonId) -> Result<(Vec<SecretString>, NewCodes)> {
    let mut selectors = HashSet::new();
    let mut codes = Vec::new();
    let mut new = NewCodes::default();
    while codes.len() < app.settings.recovery_codes_count.into() {
        let code = Code::new(app.chance);
        if !selectors.insert(code.selector().to_owned()) {
            continue;
        }
        let bound = code.bound_to(actor.tenant(), person);
        new.ids.push(app.chance.uuid(app.now()));
        new.selectors.push(code.selector().to_owned());
        new.hashes.push(app.vault.codes.hash(&bound).await?);
        codes.push(code.shown());
    }
    Ok((codes, new))
}
