//! What is done to people: by a head office admin or the operator of the installation to everybody, by a branch manager to
//! those of the own branches. What gives rights asks for a fresh factor; what only takes them away does not, because it has to
//! be quick.

use secrecy::SecretString;

use super::{
    input::{PersonFacts, RawPerson, RawPersonUpdate},
    model::{Invited, Person, PersonStatus},
    queries::{self, Locked, Sight},
    reads,
    rules::{
        disabled_by, is_admin, lets_an_admin_in, lets_in, manages, may_change, may_give,
        note_changes, one_admin_stays, widens,
    },
};
use crate::{
    Actor, App, access_reviews,
    account_mail::{self, Letter, Notice},
    accounts,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Conflict, Error, Result},
    ids::{InvitationId, PersonId},
    passkeys,
    permission::{Permission, Role},
    raw::Raw,
    recovery_codes,
    sessions::{self, counters},
    vault::opaque::{self, Kind},
};

/// How long an invitation counts.
pub const INVITATION_LIFETIME: chrono::TimeDelta = chrono::TimeDelta::hours(72);
/// The longest reason, in characters.
const MAX_REASON: usize = 500;

/// Invites somebody. They set their own password by the link that the token makes; it goes to them by mail, if this
/// installation sends any.
pub async fn invite(app: &App, actor: &Actor, raw: &RawPerson) -> Result<Invited> {
    actor.may(Permission::PeopleWrite)?;
    let new = raw.parse()?;
    may_give(actor, new.role, &new.branch_ids)?;
    gives_access(app, actor, new.role)?;
    counters::admit_invitation(app, actor, &new.email.canonical).await?;
    let id: PersonId = app.new_id();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    queries::insert(tx.conn(), actor.tenant(), id, &new, now)
        .await
        .map_err(named)?;
    queries::set_branches(tx.conn(), actor.tenant(), id, &new.branch_ids)
        .await
        .map_err(named)?;
    let token = new_invitation(app, &mut tx, id).await?;
    let person = shown(&mut tx, id).await?;
    let event = told("person.invited", &person)
        .with("role", person.role.as_str())
        .with("branch_count", person.branch_ids.len())
        .personal("email", person.email.clone());
    tx.commit_answering(vec![event], &person).await?;
    Ok(invited(app, person, token))
}

/// Makes a new invitation for somebody who has not joined yet; the older ones no longer count.
pub async fn reinvite(app: &App, actor: &Actor, id: PersonId) -> Result<Invited> {
    actor.may(Permission::PeopleWrite)?;
    // Counted only where it may be done at all; and looked at again, because nothing is locked in between.
    let (tx, locked, _) = waiting(app, actor, id).await?;
    tx.commit_unaudited("nothing was written").await?;
    counters::admit_invitation(app, actor, &locked.canonical_email).await?;
    let (mut tx, _, person) = waiting(app, actor, id).await?;
    let now = tx.now();
    queries::use_up_invitations(tx.conn(), actor.tenant(), id, now).await?;
    let token = new_invitation(app, &mut tx, id).await?;
    tx.commit_answering(vec![told("person.reinvited", &person)], &person)
        .await?;
    Ok(invited(app, person, token))
}

/// Somebody who has not joined yet and whom the actor may invite again, locked.
async fn waiting(app: &App, actor: &Actor, id: PersonId) -> Result<(WriteTx, Locked, Person)> {
    let mut tx = app.db.write(actor).await?;
    let (locked, person) = managed(&mut tx, id).await?;
    if locked.status != PersonStatus::Invited {
        return Err(Error::conflict(keys::PERSON_ALREADY_JOINED));
    }
    gives_access(app, actor, person.role)?;
    Ok((tx, locked, person))
}

fn invited(app: &App, person: Person, token: SecretString) -> Invited {
    Invited {
        person,
        token,
        is_mailed: app.mailer.is_some(),
    }
}

/// Changes a person's name, role, branches, or whether they can sign in. `seen` is the version that the caller has looked
/// at, if they say. Disabling ends every session and token at once.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: PersonId,
    raw: &RawPersonUpdate,
    seen: Option<i32>,
) -> Result<Person> {
    actor.may(Permission::PeopleWrite)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let admins = queries::lock_admins(tx.conn(), tenant).await?;
    let (locked, before) = managed(&mut tx, id).await?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let after = raw.parse(&before, locked.joined)?;
    let other_admins = admins.iter().filter(|admin| **admin != id).count();
    may_change(actor, &before, &after, other_admins)?;
    let now = tx.now();
    if after.role != before.role || lets_an_admin_in(&before, &after) || widens(&before, &after) {
        actor.must_be_fresh(now)?;
    }
    let by = disabled_by(actor, &before, &after, raw.status.is_given());
    queries::update(tx.conn(), tenant, id, &after, by, now).await?;
    if lets_in(&before, &after) {
        // What a review has taken away stays in it as taken away, and that it was given back stands beside it.
        access_reviews::note_enabled(tx.conn(), tenant, id, now).await?;
    }
    if after.role != before.role {
        recovery_codes::remove_where_not_allowed(tx.conn(), tenant).await?;
    }
    if after.role == Role::HeadOfficeAdmin && after.role != before.role {
        // Whoever invited a manager may have the link; that of an admin is for an admin to send.
        queries::use_up_invitations(tx.conn(), tenant, id, now).await?;
    }
    queries::set_branches(tx.conn(), tenant, id, &after.branch_ids)
        .await
        .map_err(named)?;
    let left = after.status == PersonStatus::Disabled && before.status != PersonStatus::Disabled;
    if left {
        queries::revoke_credentials(tx.conn(), tenant, id, now).await?;
        accounts::end_links(tx.conn(), tenant, id, now).await?;
    }
    let person = shown(&mut tx, id).await?;
    let action = if left {
        "person.disabled"
    } else if lets_in(&before, &after) {
        "person.enabled"
    } else {
        "person.updated"
    };
    let event = note_changes(told(action, &person), &before, &after);
    tx.commit_answering(vec![event], &person).await?;
    Ok(person)
}

/// Takes a lost second factor away, passkeys too, so that the person sets up a new one at their next sign-in. Needs a reason; not for
/// one's own account.
pub async fn reset_mfa(app: &App, actor: &Actor, id: PersonId, reason: &Raw) -> Result<Person> {
    actor.may(Permission::PeopleCredentials)?;
    actor.must_be_fresh(app.now())?;
    let mut errors = crate::error::FieldErrors::new();
    let reason = reason.line(&mut errors, "reason", MAX_REASON);
    errors.finish()?;
    if actor.person_id() == Some(id) {
        return Err(Error::conflict(keys::PERSON_OWN_MFA));
    }
    let mut tx = app.db.write(actor).await?;
    queries::lock(tx.conn(), actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let now = tx.now();
    queries::reset_second_factor(tx.conn(), actor.tenant(), id, now).await?;
    accounts::authenticator::forget(tx.conn(), actor.tenant(), id).await?;
    let passkeys = passkeys::remove_all(tx.conn(), actor.tenant(), id).await?;
    // Whoever took the factor may have signed in with it, and made tokens.
    queries::end_access(tx.conn(), actor.tenant(), id, now).await?;
    accounts::end_links(tx.conn(), actor.tenant(), id, now).await?;
    let factor_waited = sessions::forget_wrong(tx.conn(), actor.tenant(), id, now).await?;
    account_mail::notify(app, &mut tx, id, Notice::MfaReset).await?;
    let person = shown(&mut tx, id).await?;
    let mut events = vec![
        told("person.mfa_reset", &person)
            .with("passkeys_removed", passkeys)
            .personal("reason", reason.unwrap_or_default()),
    ];
    events.extend(factor_waited.then(|| counters::cleared(id, "reset_mfa")));
    tx.commit_answering(events, &person).await?;
    Ok(person)
}

/// Requires somebody to set another password: nothing else opens to them until they have, in sessions that are open too. It
/// needs no fresh factor: it gives nothing away, and whoever suspects that a password is known has to be quick.
pub async fn require_password_change(app: &App, actor: &Actor, id: PersonId) -> Result<Person> {
    actor.may(Permission::PeopleCredentials)?;
    let mut tx = app.db.write(actor).await?;
    let locked = queries::lock(tx.conn(), actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)?;
    if !locked.joined {
        return Err(Error::conflict(keys::PERSON_NOT_JOINED_YET));
    }
    let now = tx.now();
    queries::require_password_change(tx.conn(), actor.tenant(), id, now).await?;
    let person = shown(&mut tx, id).await?;
    let event = told("person.password_change_required", &person);
    tx.commit_answering(vec![event], &person).await?;
    Ok(person)
}

/// Ends a lock after too many failed sign-ins, or too many wrong codes.
pub async fn unlock(app: &App, actor: &Actor, id: PersonId) -> Result<Person> {
    actor.may(Permission::PeopleCredentials)?;
    // Whoever unlocks lets guessing begin anew; nobody does that for themselves, and no program.
    actor.must_be_fresh(app.now())?;
    if actor.person_id() == Some(id) {
        return Err(Error::conflict(keys::PERSON_OWN_UNLOCK));
    }
    let mut tx = app.db.write(actor).await?;
    let locked = queries::lock(tx.conn(), actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let now = tx.now();
    let factor_waited = sessions::forget_wrong(tx.conn(), actor.tenant(), id, now).await?;
    let person = shown(&mut tx, id).await?;
    tx.commit_answering(vec![told("person.unlocked", &person)], &person)
        .await?;
    // The counters are the platform's: they also count addresses that belong to nobody.
    let was_locked =
        counters::forget_account(app, actor.request(), &locked.canonical_email).await?;
    if was_locked || factor_waited {
        counters::tell_cleared(app, actor, id, "unlock").await?;
    }
    Ok(person)
}

/// Giving access asks for a fresh factor of whoever is in a session. A program may invite anybody but a head office admin, who
/// gets everything: that is what it was made for, and where mail is set up the link goes to the new person alone.
fn gives_access(app: &App, actor: &Actor, role: Role) -> Result<()> {
    match (actor.is_token(), role) {
        (true, Role::BranchManager | Role::Operator) => Ok(()),
        _ => actor.must_be_fresh(app.now()),
    }
}

async fn new_invitation(app: &App, tx: &mut WriteTx, person: PersonId) -> Result<SecretString> {
    let tenant = tx.actor().tenant();
    let (text, hash) = opaque::mint(Kind::Invitation, tenant, app.chance);
    let id: InvitationId = app.new_id();
    let now = tx.now();
    let end = now + INVITATION_LIFETIME;
    queries::insert_invitation(tx.conn(), tenant, id, person, &hash, now, end).await?;
    account_mail::queue(app, tx, person, &Letter::invitation(&text, end)).await?;
    Ok(text)
}

/// Locks the active head office admins until the transaction ends; who takes access away begins with them.
pub(crate) async fn lock_admins(tx: &mut WriteTx) -> Result<Vec<PersonId>> {
    let tenant = tx.actor().tenant();
    queries::lock_admins(tx.conn(), tenant).await
}

/// Disables somebody in the caller's transaction, at once and as [`update`] does, with the event that tells of it; none if they
/// cannot sign in anyway. `admins` is what [`lock_admins`] has found.
pub(crate) async fn take_access(
    tx: &mut WriteTx,
    id: PersonId,
    admins: &[PersonId],
) -> Result<Option<Event>> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let Some(locked) = queries::lock(tx.conn(), tenant, id).await? else {
        return Ok(None);
    };
    let before = shown(tx, id).await?;
    let after = PersonFacts {
        name: before.name.clone(),
        role: before.role,
        branch_ids: before.branch_ids.clone(),
        status: PersonStatus::Disabled,
    };
    let by = disabled_by(tx.actor(), &before, &after, true);
    if locked.status == PersonStatus::Disabled {
        // Nothing is left to take, but whether they come back is no longer a branch manager's to say.
        if by != before.disabled_by {
            queries::update(tx.conn(), tenant, id, &after, by, now).await?;
        }
        return Ok(None);
    }
    if is_admin(before.role, before.status) {
        one_admin_stays(admins.iter().filter(|admin| **admin != id).count())?;
    }
    queries::update(tx.conn(), tenant, id, &after, by, now).await?;
    queries::revoke_credentials(tx.conn(), tenant, id, now).await?;
    accounts::end_links(tx.conn(), tenant, id, now).await?;
    let event = told("person.disabled", &before);
    Ok(Some(note_changes(event, &before, &after)))
}

/// Somebody whom the actor manages, locked. Who is not seen is not there; who is seen and not managed is `Forbidden`.
async fn managed(tx: &mut WriteTx, id: PersonId) -> Result<(Locked, Person)> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let locked = queries::lock(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)?;
    let sight = reads::sight_of(tx.actor());
    queries::find(tx.conn(), tenant, id, &sight, now)
        .await?
        .ok_or(Error::NotFound)?;
    let person = shown(tx, id).await?;
    match manages(tx.actor(), &person) {
        true => Ok((locked, person)),
        false => Err(Error::Forbidden),
    }
}

/// Somebody with all of their branches, whoever asks.
pub(super) async fn shown(tx: &mut WriteTx, id: PersonId) -> Result<Person> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    queries::find(tx.conn(), tenant, id, &Sight::default(), now)
        .await?
        .ok_or(Error::NotFound)
}

pub(super) fn told(action: &'static str, person: &Person) -> Event {
    Event::new("person", action)
        .on("person", person.id)
        .about(person.id)
        .summary(person.name.clone())
}

/// The constraint is the check. That an address is taken may concern another organisation: nothing is said about whose.
fn named(error: sqlx::Error) -> Error {
    match Error::constraint(&error) {
        Some("people_canonical_email") => Error::invalid("email", keys::ERROR_FIELD_TAKEN),
        Some("person_branches_branch") => {
            Error::invalid("branch_ids", keys::ERROR_FIELD_UNKNOWN_REFERENCE)
        }
        _ => error.into(),
    }
}
