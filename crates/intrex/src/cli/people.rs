//! `intrex user`: who signs in. Nobody's password or second factor passes through here: an invitation is a link that counts
//! once.

mod change;
mod import;
mod sessions;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use intrex_core::{
    Actor, App,
    branches::{self, BranchName},
    people::{self, Invited, Person, PersonFilter, PersonStatus, RawPerson, canonical_email},
    permission::Role,
    raw::Raw,
};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::{
    Act, Ended, Format, Look,
    operate::{pages, with_app},
    output::{json, line, table, told},
};

/// What is done with people.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Invite somebody: prints the link by which they set a password (again, if they have not yet)
    Invite(Invite),
    /// Change somebody's name, role or branches
    Set(change::Set),
    /// Lock somebody out at once: their sessions end, their API tokens are revoked
    Disable(Change),
    /// Let somebody in again
    Enable(Change),
    /// End every session of somebody, and forget their devices
    SignOut(Change),
    /// List where somebody is signed in
    Sessions(sessions::List),
    /// End one session of somebody, and forget its device
    EndSession(sessions::EndSession),
    /// Delete somebody for good: history keeps their id, and nothing else of them stays
    Delete(change::Delete),
    /// Remove somebody's second factor and end their sessions: they set it up anew at the next sign-in
    ResetMfa(Change),
    /// Let nothing open to somebody until they have set another password
    RequirePasswordChange(Change),
    /// Import people with the bcrypt hashes of another system, without invitations
    #[command(
        after_help = "Columns: email, name, role, branch_codes, password_hash. All but branch_codes are required.\n\
                            Their passwords go on counting; each sets up a second factor at the first sign-in."
    )]
    Import(import::Import),
    /// Forget somebody's failed sign-ins
    Unlock(Change),
    /// List the people of an organisation
    List(List),
}

/// Somebody to invite.
#[derive(Debug, Args)]
pub(super) struct Invite {
    /// Their e-mail address
    #[arg(long)]
    email: String,
    /// Their name
    #[arg(long)]
    name: String,
    /// head_office_admin, branch_manager or operator
    #[arg(long, value_parser = role)]
    role: Role,
    /// The codes or ids of their branches, with commas between
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    branches: Vec<String>,
    #[command(flatten)]
    act: Act,
}

/// Somebody to change.
#[derive(Debug, Args)]
pub(super) struct Change {
    /// Their e-mail address or id
    #[arg(value_name = "EMAIL")]
    who: String,
    #[command(flatten)]
    act: Act,
}

/// People to list.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    look: Look,
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let roles = Role::ALL.map(Role::as_str).join(", ");
        format!("is none of {roles}")
    })
}

impl User {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            User::Invite(command) => invite(command),
            User::Set(command) => change::set(command),
            User::Disable(command) => change::become_(command, "disabled", "is locked out"),
            User::Enable(command) => change::become_(command, "active", "can sign in again"),
            User::SignOut(command) => change::sign_out(command),
            User::Sessions(command) => sessions::list(command),
            User::EndSession(command) => sessions::end(command),
            User::Delete(command) => change::delete(command),
            User::ResetMfa(command) => reset_mfa(command),
            User::RequirePasswordChange(command) => require_password_change(command),
            User::Import(command) => import::import(command),
            User::Unlock(command) => unlock(command),
            User::List(command) => list(command),
        }
    }
}

fn invite(command: Invite) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let existing = find(app, &operator, &command.email).await?;
        let waiting = existing.filter(|person| person.status == PersonStatus::Invited);
        let invited = match waiting {
            Some(person) => people::reinvite(app, &operator, person.id).await,
            None => {
                let ids = branch_ids(app, &operator, &command.branches).await?;
                let raw = RawPerson {
                    email: command.email.into(),
                    name: command.name.into(),
                    role: command.role.as_str().into(),
                    branch_ids: Raw::from(ids.join(",")),
                };
                people::invite(app, &operator, &raw).await
            }
        };
        let Invited {
            person,
            token,
            is_mailed,
        } = invited.map_err(told)?;
        let link = app
            .settings
            .base_url
            .join(&format!("invitation/{}", token.expose_secret()))?;
        if command.act.format.json {
            let mut answer = serde_json::to_value(&person)?;
            answer["invitation_url"] = link.as_str().into();
            answer["invitation_mailed"] = is_mailed.into();
            json(&answer)?;
        } else {
            line(&format!("invited {}: {}", person.email, person.id))?;
            let how = match is_mailed {
                true => "this link, which counts once and for 72 hours, goes to them by mail",
                false => "give them this link, which counts once and for 72 hours",
            };
            line(&format!("{how}: {link}"))?;
        }
        Ok(Ended::Well)
    })
}

/// Branches by code or id.
async fn branch_ids(app: &App, operator: &Actor, named: &[String]) -> Result<Vec<String>> {
    let mut tx = app.db.read(operator).await.map_err(told)?;
    let all: Vec<BranchName> = branches::reads::all(&mut tx).await.map_err(told)?;
    tx.finish().await.map_err(told)?;
    named
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
        .map(|name| {
            all.iter()
                .find(|branch| branch.code == name || branch.id.to_string() == name)
                .map(|branch| branch.id.to_string())
                .with_context(|| {
                    format!("there is no branch {name}: `intrex branch list` shows them")
                })
        })
        .collect()
}

fn reset_mfa(command: Change) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.who).await?;
        let reason = Raw::from(command.act.why.reason);
        let person = people::reset_mfa(app, &operator, person.id, &reason)
            .await
            .map_err(told)?;
        shown(
            &person,
            command.act.format,
            "sets up a second factor at the next sign-in",
        )
    })
}

fn require_password_change(command: Change) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.who).await?;
        let person = people::require_password_change(app, &operator, person.id)
            .await
            .map_err(told)?;
        shown(
            &person,
            command.act.format,
            "sets another password before anything else opens",
        )
    })
}

fn unlock(command: Change) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.who).await?;
        let person = people::unlock(app, &operator, person.id)
            .await
            .map_err(told)?;
        shown(&person, command.act.format, "can try to sign in again")
    })
}

fn shown(person: &Person, format: Format, what: &str) -> Result<Ended> {
    if format.json {
        json(person)?;
    } else {
        line(&format!("{} {what}", person.email))?;
    }
    Ok(Ended::Well)
}

fn list(command: List) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.look.onlooker(app).await?;
        let everybody = everybody(app, &onlooker).await?;
        if command.look.format.json {
            json(&everybody)?;
        } else {
            let rows: Vec<[String; 6]> = everybody
                .iter()
                .map(|person| {
                    [
                        person.id.to_string(),
                        person.role.as_str().to_owned(),
                        person.status.as_str().to_owned(),
                        person.branch_ids.len().to_string(),
                        person.email.clone(),
                        person.name.clone(),
                    ]
                })
                .collect();
            table(["id", "role", "status", "branches", "email", "name"], &rows)?;
        }
        Ok(Ended::Well)
    })
}

/// Everybody of the actor's organisation.
pub(crate) async fn everybody(app: &App, actor: &Actor) -> Result<Vec<Person>> {
    pages(async |page| {
        let mut tx = app.db.read(actor).await?;
        let part = people::reads::list(&mut tx, &PersonFilter::default(), page).await?;
        tx.finish().await?;
        Ok(part)
    })
    .await
}

/// Somebody by address or id.
pub(super) async fn named(app: &App, actor: &Actor, who: &str) -> Result<Person> {
    find(app, actor, who).await?.with_context(|| {
        format!("there is no {who} in this organisation: `intrex user list` shows who is")
    })
}

async fn find(app: &App, actor: &Actor, who: &str) -> Result<Option<Person>> {
    let address = canonical_email(who);
    let id = Uuid::try_parse(who).ok();
    let everybody = everybody(app, actor).await?;
    Ok(everybody
        .into_iter()
        .find(|person| Some(person.id.uuid()) == id || canonical_email(&person.email) == address))
}
