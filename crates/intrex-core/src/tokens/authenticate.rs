//! Each request of a program: the hottest path of the product. One statement checks the token, the person and the
//! organisation, and sets the branches that the rest of the transaction shows.

use super::{
    model::{REFUSAL_TOLD_EVERY, TOUCH_EVERY},
    networks, queries,
};
use crate::{
    Actor, App,
    actor::{BranchScope, Request},
    audit::Event,
    db::ReadTx,
    error::{Error, Result},
    ids::TenantId,
    permission::Permission,
    vault::opaque::{self, Kind},
};

/// The transaction of whom a token acts for, or `None` if it does not count. If the transaction's actor says that the use
/// is to be recorded ([`Actor::touch_due`]), call [`touch`] after the request.
pub async fn authenticate(app: &App, text: &str, request: Request) -> Result<Option<ReadTx>> {
    let Some(presented) = opaque::parse(Kind::Api, text) else {
        return Ok(None);
    };
    let tenant = presented.tenant;
    let mut tx = app.db.authenticate(tenant, request.clone()).await?;
    let now = tx.now();
    let found = queries::authenticate(tx.conn(), tenant, &presented.hash, now).await?;
    let Some(row) = found else {
        tx.finish().await?;
        return Ok(None);
    };
    if !networks::allow(&row.networks, request.ip) {
        tx.finish().await?;
        refused(app, tenant, &row, request).await?;
        return Ok(None);
    }
    // A permission that no longer exists is none.
    let scopes = row
        .scopes
        .iter()
        .filter_map(|scope| Permission::parse(scope));
    let scope = BranchScope::parse(&row.branches)?;
    let due = row
        .last_used_at
        .is_none_or(|used| now - used >= TOUCH_EVERY);
    let actor = Actor::token(
        tenant,
        row.id,
        row.person,
        row.role,
        scopes.collect(),
        scope,
        request,
    )
    .noting_use(due);
    Ok(Some(tx.authenticated(actor)))
}

/// Tells that a token was shown where it does not count: it may be in the wrong hands. Whoever showed it hears what the
/// holder of an unknown token hears.
async fn refused(
    app: &App,
    tenant: TenantId,
    row: &queries::Authenticated,
    request: Request,
) -> Result<()> {
    let nobody = Actor::anonymous(tenant, request);
    let mut tx = app.db.write(&nobody).await?;
    let now = tx.now();
    let before = now - REFUSAL_TOLD_EVERY;
    if !queries::note_refusal(tx.conn(), tenant, row.id, now, before).await? {
        return tx
            .commit_unaudited("it was told a short time ago; a flood of refusals is one event")
            .await;
    }
    let event = Event::new("security", "token.refused_network")
        .denied()
        .on("token", row.id)
        .about(row.person)
        .with("person_id", row.person.to_string());
    tx.commit(event).await
}

/// Records that a token was used just now. Of many requests at the same moment one writes.
pub async fn touch(app: &App, actor: &Actor) -> Result<()> {
    let token = actor.token_id().ok_or(Error::Forbidden)?;
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    queries::touch(tx.conn(), actor.tenant(), token, now, now - TOUCH_EVERY).await?;
    tx.commit_unaudited(
        "when a token was last used is kept to find unused ones, not for the record",
    )
    .await
}
