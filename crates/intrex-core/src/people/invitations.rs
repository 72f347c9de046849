//! How somebody joins: by a link that counts once and for three days, they set a password that nobody else ever saw. The
//! second factor follows at the first sign-in.

use secrecy::SecretString;

use super::{password_policy, queries};
use crate::{
    Actor, App, accounts,
    actor::Request,
    audit::Event,
    error::Result,
    ids::{PersonId, TenantId},
    vault::opaque::{self, Kind, Presented},
};

/// What the page of an invitation shows.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// For whom it is.
    pub email: String,
    /// Their name, as whoever invited them typed it.
    pub name: String,
    /// The organisation.
    pub tenant_name: String,
    /// The shortest password, in characters.
    pub min_password: usize,
}

/// What became of an attempt to join.
#[derive(Debug)]
pub enum AcceptOutcome {
    /// The password is set; signing in comes next.
    Accepted(Accepted),
    /// The link does not count: used, replaced, expired, or never made.
    Gone,
}

/// Who joined.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The organisation.
    pub tenant: TenantId,
    /// Who.
    pub person: PersonId,
    /// The address to sign in with.
    pub email: String,
}

/// Looks at an invitation without using it. `None` if it does not count.
pub async fn find(app: &App, request: Request, token: &str) -> Result<Option<Invitation>> {
    let Some(presented) = opaque::parse(Kind::Invitation, token) else {
        return Ok(None);
    };
    let invitee = look_up(app, request, &presented).await?;
    Ok(invitee.map(|invitee| Invitation {
        min_password: password_policy::min_length(invitee.role),
        email: invitee.email,
        name: invitee.name,
        tenant_name: invitee.tenant_name,
    }))
}

/// Sets the password of whoever holds the link, once. A password that the policy refuses is `Invalid` on `password`, and
/// the link still counts.
pub async fn accept_invitation(
    app: &App,
    request: Request,
    token: &str,
    password: SecretString,
) -> Result<AcceptOutcome> {
    let Some(presented) = opaque::parse(Kind::Invitation, token) else {
        return Ok(AcceptOutcome::Gone);
    };
    let Some(invitee) = look_up(app, request.clone(), &presented).await? else {
        return Ok(AcceptOutcome::Gone);
    };
    let known = [
        invitee.tenant_name.as_str(),
        invitee.email.as_str(),
        invitee.name.as_str(),
    ];
    password_policy::accept(&password, invitee.role, &known).await?;
    // Hashing takes a while on purpose, and is done before any row is locked.
    let hash = app.vault.passwords.hash(&password).await?;
    let tenant = presented.tenant;
    let nobody = Actor::anonymous(tenant, request);
    let mut tx = app.db.write(&nobody).await?;
    let now = tx.now();
    // The person first and then what hangs on them, as everybody else locks them: who is being invited anew or disabled at
    // this moment is waited for, and not waited for in a circle.
    queries::lock(tx.conn(), tenant, invitee.person).await?;
    let first = queries::use_invitation(tx.conn(), tenant, &presented.hash, now).await?
        && queries::join(tx.conn(), tenant, invitee.person, &hash, now).await?;
    if !first {
        return Ok(AcceptOutcome::Gone);
    }
    accounts::end_links(tx.conn(), tenant, invitee.person, now).await?;
    let event = Event::new("person", "person.joined")
        .on("person", invitee.person)
        .about(invitee.person)
        .summary(invitee.name);
    tx.commit(event).await?;
    Ok(AcceptOutcome::Accepted(Accepted {
        tenant,
        person: invitee.person,
        email: invitee.email,
    }))
}

async fn look_up(
    app: &App,
    request: Request,
    presented: &Presented,
) -> Result<Option<queries::Invitee>> {
    let mut tx = app.db.authenticate(presented.tenant, request).await?;
    let now = tx.now();
    let found = queries::find_invitee(tx.conn(), presented.tenant, &presented.hash, now).await?;
    tx.finish().await?;
    Ok(found)
}
