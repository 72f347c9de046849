//! What somebody does with their own preferences.

use super::{input::RawPreferences, model::Preferences, queries, reads};
use crate::{
    Actor, App,
    audit::Event,
    error::{Error, Result},
    permission::Permission,
};

/// Opts out of these events outside of Intrex, and of no others.
pub async fn set(app: &App, actor: &Actor, raw: &RawPreferences) -> Result<Preferences> {
    actor.may(Permission::PreferencesOwn)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let let_by = queries::let_by(tx.conn(), tenant).await?;
    let chosen = raw.parse(&let_by)?;
    let names: Vec<String> = chosen.iter().map(|one| one.as_str().to_owned()).collect();
    let now = tx.now();
    queries::replace(tx.conn(), tenant, person, &names, now).await?;
    let preferences = reads::of(tx.conn(), tenant, person).await?;
    let event = Event::new("preference", "preference.updated")
        .on("person", person)
        .about(person)
        .with("opted_out", names);
    tx.commit_answering(vec![event], &preferences).await?;
    Ok(preferences)
}
