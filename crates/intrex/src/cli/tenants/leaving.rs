//! `intrex tenant delete`: what cannot be undone asks for the name besides the id, so that a wrong line in a shell's history deletes
//! nothing.

use anyhow::Result;
use clap::Args;
use intrex_core::{
    Actor, App,
    tenants::deletion::{self, RawTenantDeletion, When},
};
use uuid::Uuid;

use super::super::{
    Ended, Format, Where, Why,
    operate::with_app,
    output::{json, line, told},
};

/// An organisation to delete, or to keep.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The organisation's id, as `intrex tenant list` shows it
    #[arg(value_name = "ID")]
    id: Uuid,
    /// The organisation's name, exactly as it is
    #[arg(long, value_name = "NAME", required_unless_present = "cancel")]
    confirm: Option<String>,
    /// Do not wait for a week: the server begins with its next round, and from then on nobody can cancel it
    #[arg(long, conflicts_with = "cancel")]
    now: bool,
    /// Cancel what was asked for and has not begun
    #[arg(long, conflicts_with = "confirm")]
    cancel: bool,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

pub(super) fn delete(command: Delete) -> Result<Ended> {
    with_app(async |app| {
        let at = Where {
            tenant: Some(command.id),
        };
        let operator = at.operator(app, &command.why.reason).await?;
        match command.cancel {
            true => cancel(app, &operator, &command).await,
            false => request(app, &operator, &command).await,
        }
    })
}

async fn request(app: &App, operator: &Actor, command: &Delete) -> Result<Ended> {
    let raw = RawTenantDeletion {
        confirm_name: command.confirm.clone().unwrap_or_default().into(),
        reason: command.why.reason.clone().into(),
    };
    let when = match command.now {
        true => When::Now,
        false => When::AfterGrace,
    };
    let pending = deletion::request(app, operator, &raw, when)
        .await
        .map_err(told)?;
    if command.format.json {
        json(&pending)?;
    } else if command.now {
        line(
            "the server's background work deletes it now; `intrex tenant list` shows when it is gone",
        )?;
    } else {
        line(&format!(
            "it will be deleted on {}; until then: intrex tenant delete {} --cancel --reason …",
            pending.due_at.format("%Y-%m-%d %H:%M UTC"),
            command.id
        ))?;
    }
    Ok(Ended::Well)
}

async fn cancel(app: &App, operator: &Actor, command: &Delete) -> Result<Ended> {
    let tenant = deletion::cancel(app, operator).await.map_err(told)?;
    if command.format.json {
        json(&tenant)?;
    } else {
        line(&format!("{} stays", tenant.name))?;
    }
    Ok(Ended::Well)
}
