//! What a head office admin does to branches.

use chrono::{DateTime, Utc};

use super::{
    model::{Branch, BranchFacts, BranchStatus, RawBranch, note_changes, settle},
    queries,
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Conflict, Error, Result},
    ids::BranchId,
    jurisdictions,
    permission::Permission,
};

/// Enters a branch.
pub async fn create(app: &App, actor: &Actor, raw: &RawBranch) -> Result<Branch> {
    actor.may(Permission::BranchesWrite)?;
    let mut facts = raw.parse(None)?;
    let id: BranchId = app.new_id();
    let mut tx = app.db.write(actor).await?;
    put_in_place(&mut tx, &mut facts).await?;
    let now = tx.now();
    queries::insert(tx.conn(), actor.tenant(), id, &facts, now)
        .await
        .map_err(named)?;
    let branch = queries::find(tx.conn(), actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let event = Event::new("branch", "branch.created")
        .on("branch", id)
        .at(id)
        .with("time_zone", branch.time_zone.clone())
        .summary(summary(&branch));
    tx.commit_answering(vec![event], &branch).await?;
    Ok(branch)
}

/// Changes a branch; fields that are left out stay. `seen` is the version that the caller has looked at, if they say.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: BranchId,
    raw: &RawBranch,
    seen: Option<i32>,
) -> Result<Branch> {
    actor.may(Permission::BranchesWrite)?;
    let mut tx = app.db.write(actor).await?;
    let before = queries::find_for_update(tx.conn(), actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let mut facts = raw.parse(Some(&before))?;
    put_in_place(&mut tx, &mut facts).await?;
    let now = tx.now();
    queries::update(tx.conn(), actor.tenant(), id, &facts, now)
        .await
        .map_err(named)?;
    let branch = queries::find(tx.conn(), actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let event = Event::new("branch", "branch.updated")
        .on("branch", id)
        .at(id)
        .summary(summary(&branch));
    tx.commit_answering(vec![note_changes(event, &before, &facts)], &branch)
        .await?;
    Ok(branch)
}

/// Puts the branches that are in no known place into the one that their own words name, now that there may be one.
pub(crate) async fn settle_all(tx: &mut WriteTx, now: DateTime<Utc>) -> Result<Vec<Event>> {
    let tenant = tx.actor().tenant();
    let known = jurisdictions::queries::known(tx.conn(), tenant).await?;
    let (mut ids, mut codes, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for branch in queries::lock_without_place(tx.conn(), tenant).await? {
        let mut after = RawBranch::default().parse(Some(&branch))?;
        after.jurisdiction = known.of(&after);
        let Some(code) = &after.jurisdiction else {
            continue;
        };
        ids.push(branch.id.uuid());
        codes.push(code.clone());
        let event = Event::new("branch", "branch.updated")
            .on("branch", branch.id)
            .at(branch.id)
            .summary(summary(&branch));
        events.push(note_changes(event, &branch, &after));
    }
    queries::set_places(tx.conn(), tenant, &ids, &codes, now).await?;
    Ok(events)
}

/// Notes that a branch is no longer run.
pub async fn close(app: &App, actor: &Actor, id: BranchId) -> Result<Branch> {
    change_status(app, actor, id, BranchStatus::Closed).await
}

/// Notes that a branch is run again.
pub async fn reopen(app: &App, actor: &Actor, id: BranchId) -> Result<Branch> {
    change_status(app, actor, id, BranchStatus::Active).await
}

async fn change_status(app: &App, actor: &Actor, id: BranchId, to: BranchStatus) -> Result<Branch> {
    actor.may(Permission::BranchesWrite)?;
    let (action, refusal) = match to {
        BranchStatus::Closed => ("branch.closed", keys::BRANCH_ALREADY_CLOSED),
        BranchStatus::Active => ("branch.reopened", keys::BRANCH_NOT_CLOSED),
    };
    let mut tx = app.db.write(actor).await?;
    let before = queries::find_for_update(tx.conn(), actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)?;
    if before.status == to {
        return Err(Error::conflict(refusal));
    }
    let now = tx.now();
    queries::set_status(tx.conn(), actor.tenant(), id, to, now).await?;
    let branch = queries::find(tx.conn(), actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let event = Event::new("branch", action)
        .on("branch", id)
        .at(id)
        .summary(summary(&branch));
    tx.commit_answering(vec![event], &branch).await?;
    Ok(branch)
}

/// The place that was named must be known; where none was, it is the one that the branch's own words name.
async fn put_in_place(tx: &mut WriteTx, facts: &mut BranchFacts) -> Result<()> {
    let tenant = tx.actor().tenant();
    let known = jurisdictions::queries::known(tx.conn(), tenant).await?;
    settle(facts, &known).map_err(|text| Error::invalid("jurisdiction", text))
}

fn summary(branch: &Branch) -> String {
    format!("{} {}", branch.code, branch.name)
}

/// The constraint is the check: two branches of one tenant cannot have the same code.
fn named(error: sqlx::Error) -> Error {
    match Error::constraint(&error) {
        Some("branches_code") => Error::invalid("code", keys::ERROR_FIELD_TAKEN),
        _ => error.into(),
    }
}
