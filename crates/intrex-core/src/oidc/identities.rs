//! What somebody links and takes back: that a provider may speak for them. Issuer and subject say whom it means; an e-mail
//! address in its answer is not even read, because whoever runs the provider can write any address there.

use super::{queries, reason::Reason};
use crate::{
    Actor, App,
    account_mail::{self, Notice},
    audit::Event,
    error::{Error, Result},
    ids::{IdentityId, ProviderId},
    permission::Permission,
    sessions,
};

/// Links an identity to the person who acts, in the session in which it was begun with a fresh second factor.
pub(super) async fn link(
    app: &App,
    actor: &Actor,
    provider: ProviderId,
    subject: &str,
) -> Result<std::result::Result<(), Reason>> {
    actor.may(Permission::SessionsOwn)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let (tenant, id) = (actor.tenant(), app.new_id::<IdentityId>());
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    // Whoever is deleted at this moment leaves nothing behind.
    if !sessions::queries::lock_person(tx.conn(), tenant, person).await? {
        return Ok(Err(Reason::NotActive));
    }
    match queries::link(tx.conn(), tenant, id, provider, subject, person, now).await {
        Ok(()) => {}
        Err(error) => {
            return match Error::constraint(&error) {
                Some("oidc_identities_subject" | "oidc_identities_person_once") => {
                    Ok(Err(Reason::AlreadyLinked))
                }
                Some("oidc_identities_provider") => Ok(Err(Reason::Disabled)),
                _ => Err(error.into()),
            };
        }
    }
    account_mail::notify(app, &mut tx, person, Notice::IdentityLinked).await?;
    let event = Event::new("security", "oidc.linked")
        .on("identity", id)
        .about(person)
        .with("person_id", person.to_string())
        .with("provider_id", provider.to_string());
    tx.commit(event).await?;
    Ok(Ok(()))
}

/// Takes it back: the provider speaks for this person no more. Other sessions end.
pub async fn unlink(app: &App, actor: &Actor, id: IdentityId) -> Result<()> {
    actor.may(Permission::SessionsOwn)?;
    actor.must_be_fresh(app.now())?;
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let mut tx = app.db.write(actor).await?;
    if !sessions::queries::lock_person(tx.conn(), actor.tenant(), person).await? {
        return Err(Error::Forbidden);
    }
    let provider = queries::unlink(tx.conn(), actor.tenant(), person, id)
        .await?
        .ok_or(Error::NotFound)?;
    // Whoever has the account there may have signed in with it.
    sessions::end_others(tx.conn(), actor.tenant(), person, Some(session)).await?;
    account_mail::notify(app, &mut tx, person, Notice::IdentityUnlinked).await?;
    let event = Event::new("security", "oidc.unlinked")
        .on("identity", id)
        .about(person)
        .with("person_id", person.to_string())
        .with("provider_id", provider.to_string());
    tx.commit(event).await
}
