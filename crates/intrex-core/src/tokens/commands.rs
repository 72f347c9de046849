//! What somebody does to their own tokens, and the operator of the installation to anybody's.

use super::{
    model::{MAX_TOKENS, NewToken, RawToken, scopes_for},
    queries::{self, TokenRow},
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::{Text, keys},
    error::{Error, Result},
    ids::{PersonId, TokenId},
    permission::{Permission, Reach},
    vault::opaque::{self, Kind},
};

/// Makes a token. A token cannot make another: one that was stolen must not outlive its own revocation.
pub async fn create(app: &App, actor: &Actor, raw: &RawToken) -> Result<NewToken> {
    let reach = actor.may(Permission::TokensWrite)?;
    if actor.is_token() {
        return Err(Error::Forbidden);
    }
    actor.must_be_fresh(app.now())?;
    let new = raw.parse()?;
    let person = owner(actor, reach, new.person)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    // The lock makes parallel requests count one after the other.
    let role = queries::lock_active_owner(tx.conn(), tenant, person)
        .await?
        .ok_or_else(|| Error::invalid("person_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE))?;
    let scopes = scopes_for(role, new.scopes)?;
    if queries::count_live(tx.conn(), tenant, person, now).await? >= MAX_TOKENS {
        return Err(Error::conflict(
            Text::new(keys::TOKEN_TOO_MANY).with("max", MAX_TOKENS),
        ));
    }
    let (text, hash) = opaque::mint(Kind::Api, tenant, app.chance);
    let id: TokenId = app.new_id();
    let row = TokenRow {
        id,
        person,
        name: new.name,
        scopes: scopes
            .iter()
            .map(|scope| scope.as_str().to_owned())
            .collect(),
        networks: new.networks,
        expires_at: now + new.lifetime,
    };
    queries::insert(tx.conn(), tenant, &row, &hash, now).await?;
    let token = queries::find(tx.conn(), tenant, id, None)
        .await?
        .ok_or(Error::NotFound)?;
    let event = Event::new("token", "token.created")
        .on("token", id)
        .about(person)
        .with("person_id", person.to_string())
        .with("scope_count", scopes.len())
        .with("network_count", token.networks.len())
        .with("expires_at", token.expires_at.to_rfc3339())
        .summary(token.name.clone());
    tx.commit_answering(vec![event], &token).await?;
    Ok(NewToken { token, text })
}

/// Ends a token at once.
pub async fn revoke(app: &App, actor: &Actor, id: TokenId) -> Result<()> {
    let reach = actor.may(Permission::TokensWrite)?;
    let owner = actor.narrowed_to(reach);
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let token = queries::find(tx.conn(), tenant, id, owner)
        .await?
        .ok_or(Error::NotFound)?;
    let now = tx.now();
    if !queries::revoke(tx.conn(), tenant, id, now).await? {
        // It was revoked before: what was asked for is so.
        return tx.commit_unaudited("nothing was written").await;
    }
    let event = Event::new("token", "token.revoked")
        .on("token", id)
        .about(token.person_id)
        .with("person_id", token.person_id.to_string())
        .summary(token.name);
    tx.commit(event).await
}

/// For whom a token acts: whoever makes it, unless the operator of the installation says for whom.
fn owner(actor: &Actor, reach: Reach, asked: Option<PersonId>) -> Result<PersonId> {
    match (actor.person_id(), asked) {
        (Some(own), None) => Ok(own),
        (Some(own), Some(asked)) if own == asked => Ok(own),
        (None, Some(asked)) if reach == Reach::Tenant => Ok(asked),
        (None, None) => Err(Error::invalid("person_id", keys::ERROR_FIELD_REQUIRED)),
        // Somebody else's: the same answer as for somebody who is not there.
        _ => Err(Error::invalid(
            "person_id",
            keys::ERROR_FIELD_UNKNOWN_REFERENCE,
        )),
    }
}
