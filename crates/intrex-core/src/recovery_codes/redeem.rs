//! Giving a recovery code. One hash is computed for each try, whether or not there is such a code, and before any row is
//! locked; that a code counts once is decided by the removal of its row, in the transaction of what it opens.

use uuid::Uuid;

use super::{
    model::{Code, nothing},
    queries, reads,
};
use crate::{
    Actor, App,
    account_mail::{self, Notice},
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::PersonId,
    vault::passwords::Verified,
};

/// What a typed code came to. It counts only once it is used up.
#[derive(Debug)]
pub(crate) struct Tried(Option<Uuid>);

/// Looks for the code that was typed.
pub(crate) async fn look_up(
    app: &App,
    actor: &Actor,
    person: PersonId,
    typed: &str,
) -> Result<Tried> {
    let tenant = actor.tenant();
    let code = Code::parse(typed);
    let mut tx = app.db.read(actor).await?;
    // What can be no code is looked for too, by a selector that none has.
    let selector = code.as_ref().map_or("", Code::selector);
    let found = queries::find(tx.conn(), tenant, person, selector).await?;
    tx.finish().await?;
    // One whose pepper is gone opens nothing any more.
    let found = found.filter(|found| app.vault.codes.can_verify(&found.code_hash));
    let bound = match &code {
        Some(code) => code.bound_to(tenant, person),
        None => nothing(tenant, person),
    };
    let stored = found.as_ref().map(|found| found.code_hash.as_str());
    let verified = app.vault.codes.verify(&bound, stored).await?;
    Ok(Tried(
        found
            .filter(|_| verified != Verified::No)
            .map(|found| found.id),
    ))
}

/// Uses the code up, if it was one and still is, and stages what tells of it. Under the lock of the person's row.
pub(crate) async fn use_up(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    tried: &Tried,
) -> Result<bool> {
    let tenant = tx.actor().tenant();
    let Some(id) = tried.0 else {
        return Ok(false);
    };
    if !queries::use_up(tx.conn(), tenant, person, id).await? {
        return Ok(false);
    }
    let standing = reads::of(app, tx.conn(), tenant, person).await?;
    account_mail::notify(app, tx, person, Notice::RecoveryCodeUsed).await?;
    let event = Event::new("security", "mfa.recovery_code_used")
        .on("person", person)
        .about(person)
        .with("left", standing.left);
    tx.stage(vec![event]).await?;
    Ok(true)
}
