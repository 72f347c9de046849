//! What is done to somebody who is there: another name, role or branches; letting them in and out; deleting them.

use anyhow::Result;
use clap::Args;
use intrex_core::{
    people::{self, RawDeletion, RawPersonUpdate},
    permission::Role,
    raw::Raw,
    sessions,
};

use super::{Change, branch_ids, named, role, shown};
use crate::cli::{
    Act, Ended,
    operate::with_app,
    output::{json, line, told},
};

/// What somebody is to become; what is left out stays as it is.
#[derive(Debug, Args)]
pub(in crate::cli) struct Set {
    /// Their e-mail address or id
    #[arg(value_name = "EMAIL")]
    who: String,
    /// Their name
    #[arg(long)]
    name: Option<String>,
    /// head_office_admin, branch_manager or operator
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// The codes or ids of all of their branches, with commas between; an empty text for none
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    branches: Option<Vec<String>>,
    #[command(flatten)]
    act: Act,
}

/// Somebody to delete.
#[derive(Debug, Args)]
pub(in crate::cli) struct Delete {
    /// Their e-mail address or id
    #[arg(value_name = "EMAIL")]
    who: String,
    /// Their e-mail address, once more: there is no way back
    #[arg(long, value_name = "EMAIL")]
    confirm: String,
    /// The e-mail address or id of who takes their open obligations over; nobody if left out
    #[arg(long, value_name = "EMAIL")]
    hand_over_to: Option<String>,
    #[command(flatten)]
    act: Act,
}

pub(super) fn set(command: Set) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.who).await?;
        let branches = match &command.branches {
            Some(codes) => Raw::from(branch_ids(app, &operator, codes).await?.join(",")),
            None => Raw::default(),
        };
        let raw = RawPersonUpdate {
            name: command.name.map(Raw::from).unwrap_or_default(),
            role: command
                .role
                .map(|role| Raw::from(role.as_str()))
                .unwrap_or_default(),
            branch_ids: branches,
            ..RawPersonUpdate::default()
        };
        let person = people::update(app, &operator, person.id, &raw, None)
            .await
            .map_err(told)?;
        shown(&person, command.act.format, "is changed")
    })
}

/// Lets somebody in or out.
pub(super) fn become_(command: Change, status: &str, what: &str) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.who).await?;
        let raw = RawPersonUpdate {
            status: status.into(),
            ..RawPersonUpdate::default()
        };
        let person = people::update(app, &operator, person.id, &raw, None)
            .await
            .map_err(told)?;
        shown(&person, command.act.format, what)
    })
}

pub(super) fn sign_out(command: Change) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.who).await?;
        sessions::revoke_all_of(app, &operator, person.id)
            .await
            .map_err(told)?;
        shown(&person, command.act.format, "is signed out everywhere")
    })
}

pub(super) fn delete(command: Delete) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.who).await?;
        let heir = match &command.hand_over_to {
            Some(who) => Raw::from(named(app, &operator, who).await?.id.to_string()),
            None => Raw::default(),
        };
        let raw = RawDeletion {
            confirm: command.confirm.into(),
            hand_over_to_id: heir,
        };
        let deleted = people::delete(app, &operator, person.id, &raw)
            .await
            .map_err(told)?;
        if command.act.format.json {
            json(&deleted)?;
        } else {
            line(&format!(
                "{} is deleted; {} open obligations have {}",
                deleted.id,
                deleted.obligations,
                match deleted.handed_over_to_id {
                    Some(_) => "another person",
                    None => "nobody now",
                }
            ))?;
        }
        Ok(Ended::Well)
    })
}
