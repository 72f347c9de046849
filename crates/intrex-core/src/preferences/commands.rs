//! What somebody does with their own preferences.

use super::{
    input::{Before, RawPreferences},
    model::{Digest, Preferences},
    queries, reads,
};
use crate::{
    Actor, App,
    audit::Event,
    channels::EventType,
    digests::{self, Wish},
    error::{Error, Result},
    permission::Permission,
};

/// Opts out of these events outside of Intrex and of no others, and wishes a digest or none; what was not sent stays as it is.
pub async fn set(app: &App, actor: &Actor, raw: &RawPreferences) -> Result<Preferences> {
    actor.may(Permission::PreferencesOwn)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let let_by = queries::let_by(tx.conn(), tenant).await?;
    let chosen = queries::chosen(tx.conn(), tenant, &[person.uuid()]).await?;
    let chosen: Vec<EventType> = chosen.into_iter().map(|(_, event)| event).collect();
    let wish = digests::reads::wish_of(tx.conn(), tenant, person).await?;
    let before = Before {
        opted_out: &chosen,
        digest: Digest::from(wish),
        digest_instead: wish.is_some_and(|wish| wish.instead),
    };
    let wanted = raw.parse(&let_by, before)?;
    let now = tx.now();
    let mut event = Event::new("preference", "preference.updated")
        .on("person", person)
        .about(person);
    if let Some(opted_out) = wanted.opted_out {
        let names: Vec<String> = opted_out
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect();
        queries::replace(tx.conn(), tenant, person, &names, now).await?;
        event = event.with("opted_out", names);
    }
    if (wanted.digest, wanted.digest_instead) != (before.digest, before.digest_instead) {
        let wish = wanted.digest.kind().map(|kind| Wish {
            kind,
            instead: wanted.digest_instead,
            since: now,
        });
        digests::set_wish(tx.conn(), tenant, person, wish).await?;
        event = event
            .with("digest", wanted.digest.as_str())
            .with("digest_instead", wanted.digest_instead);
    }
    let preferences = reads::of(tx.conn(), tenant, person).await?;
    tx.commit_answering(vec![event], &preferences).await?;
    Ok(preferences)
}
