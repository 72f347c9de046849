//! What somebody does to their own passkeys. All of it but a new name asks for a fresh second factor: whoever has stolen a
//! session must not be able to stay, or to take the owner's way in.

use serde_json::Value;

use super::{
    Passkey, RawName, RawRegistration,
    ceremony::{Holder, Site},
    challenges,
    model::{Purpose, room_for_one_more},
    queries::{self, NewPasskey, Person},
};
use crate::{
    Actor, App,
    account_mail::{self, Notice},
    audit::Event,
    catalogue::{Language, Text, keys},
    db::WriteTx,
    error::{Error, Result},
    ids::{PasskeyId, PersonId, SessionId},
    permission::Permission,
    sessions,
};

/// Begins to add a passkey: what the browser is given.
pub async fn begin(app: &App, actor: &Actor) -> Result<Value> {
    let (person, session) = acting(app, actor)?;
    let site = Site::of(&app.settings)?;
    let mut tx = app.db.write(actor).await?;
    let holder = with_room(&mut tx, person).await?;
    let tenant = actor.tenant();
    let known = queries::usable(tx.conn(), tenant, person, site.rp_id()).await?;
    let holder = Holder {
        person,
        email: &holder.email,
        name: &holder.name,
    };
    let begun = site.begin_registration(&holder, &known)?;
    let options = challenges::keep(&mut tx, session, Purpose::Register, begun).await?;
    tx.commit_unaudited("nothing is added yet: what becomes of it is told")
        .await?;
    Ok(options)
}

/// Adds the passkey that an authenticator has made.
pub async fn register(app: &App, actor: &Actor, raw: &RawRegistration) -> Result<Passkey> {
    let (person, session) = acting(app, actor)?;
    let name = raw.name(Text::new(keys::PASSKEY_UNNAMED).to(Language::ENGLISH))?;
    let site = Site::of(&app.settings)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    with_room(&mut tx, person).await?;
    let state = challenges::take(&mut tx, session, Purpose::Register).await?;
    let made = state.and_then(|state| site.finish_registration(&state, &raw.credential));
    let Some(made) = made else {
        // The challenge stays used up.
        tx.commit_unaudited("nothing was added").await?;
        return Err(Error::invalid("credential", keys::PASSKEY_NOT_ADDED));
    };
    let id: PasskeyId = app.new_id();
    let new = NewPasskey {
        id,
        person,
        rp_id: site.rp_id(),
        name: &name,
        made: &made,
    };
    queries::insert(tx.conn(), tenant, &new, now)
        .await
        .map_err(|error| match Error::constraint(&error) {
            Some("passkeys_credential") => {
                Error::invalid("credential", keys::PASSKEY_ALREADY_THERE)
            }
            _ => error.into(),
        })?;
    account_mail::notify(app, &mut tx, person, Notice::PasskeyAdded).await?;
    let passkey = own(&mut tx, person, id).await?;
    tx.commit(told("passkey.added", person, &passkey)).await?;
    Ok(passkey)
}

/// Gives a passkey another name.
pub async fn rename(app: &App, actor: &Actor, id: PasskeyId, raw: &RawName) -> Result<Passkey> {
    actor.may(Permission::SessionsOwn)?;
    actor.session_id().ok_or(Error::Forbidden)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let name = raw.parse()?;
    let mut tx = app.db.write(actor).await?;
    let before = own(&mut tx, person, id).await?;
    queries::rename(tx.conn(), actor.tenant(), id, &name).await?;
    let passkey = own(&mut tx, person, id).await?;
    let event = told("passkey.renamed", person, &passkey).changed("name", before.name, name);
    tx.commit_answering(vec![event], &passkey).await?;
    Ok(passkey)
}

/// Removes a passkey, unless it is the last one of somebody who needs one to sign in. Other sessions end.
pub async fn remove(app: &App, actor: &Actor, id: PasskeyId) -> Result<()> {
    let (person, session) = acting(app, actor)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    queries::lock_person(tx.conn(), tenant, person)
        .await?
        .ok_or(Error::Forbidden)?;
    let passkey = own(&mut tx, person, id).await?;
    if super::domain(&app.settings) == Some(passkey.rp_id.as_str()) {
        let standing = queries::standing(tx.conn(), tenant, person, &passkey.rp_id).await?;
        if standing.required && standing.count <= 1 {
            return Err(Error::conflict(keys::PASSKEY_LAST));
        }
    }
    queries::delete(tx.conn(), tenant, id).await?;
    // Whoever had it may have signed in with it.
    sessions::end_others(tx.conn(), tenant, person, Some(session)).await?;
    account_mail::notify(app, &mut tx, person, Notice::PasskeyRemoved).await?;
    tx.commit(told("passkey.removed", person, &passkey)).await
}

/// The person in their session, whose second factor is fresh.
fn acting(app: &App, actor: &Actor) -> Result<(PersonId, SessionId)> {
    actor.may(Permission::SessionsOwn)?;
    actor.must_be_fresh(app.now())?;
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    Ok((person, session))
}

/// The person, locked, if they may have one more.
async fn with_room(tx: &mut WriteTx, person: PersonId) -> Result<Person> {
    let tenant = tx.actor().tenant();
    let locked = queries::lock_person(tx.conn(), tenant, person)
        .await?
        .ok_or(Error::Forbidden)?;
    room_for_one_more(queries::count(tx.conn(), tenant, person).await?)?;
    Ok(locked)
}

async fn own(tx: &mut WriteTx, person: PersonId, id: PasskeyId) -> Result<Passkey> {
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, person, id)
        .await?
        .ok_or(Error::NotFound)
}

fn told(action: &'static str, person: PersonId, passkey: &Passkey) -> Event {
    Event::new("security", action)
        .on("passkey", passkey.id)
        .about(person)
        .summary(passkey.name.clone())
}
