//! `intrex user sessions` and `end-session`: where somebody is signed in, as their page shows it to an admin, and the end of one.

use anyhow::Result;
use clap::Args;
use intrex_core::{ids::SessionId, sessions};
use serde_json::json as value;
use uuid::Uuid;

use super::named;
use crate::cli::{
    Act, Ended, Look,
    operate::with_app,
    output::{json, line, table, told},
};

/// Whose sessions to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Their e-mail address or id
    #[arg(value_name = "EMAIL")]
    who: String,
    #[command(flatten)]
    look: Look,
}

/// A session to end.
#[derive(Debug, Args)]
pub(in crate::cli) struct EndSession {
    /// Their e-mail address or id
    #[arg(value_name = "EMAIL")]
    who: String,
    /// The session's id, as `intrex user sessions` shows it
    #[arg(value_name = "ID")]
    id: Uuid,
    #[command(flatten)]
    act: Act,
}

pub(super) fn list(command: List) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.look.onlooker(app).await?;
        let person = named(app, &onlooker, &command.who).await?;
        let mut tx = app.db.read(&onlooker).await.map_err(told)?;
        let sessions = sessions::reads::list_of(app, &mut tx, person.id)
            .await
            .map_err(told)?;
        tx.finish().await.map_err(told)?;
        if command.look.format.json {
            json(&sessions)?;
        } else {
            let rows: Vec<[String; 6]> = sessions
                .iter()
                .map(|session| {
                    [
                        session.id.to_string(),
                        session.created_at.format("%Y-%m-%d %H:%M").to_string(),
                        session.last_seen_at.format("%Y-%m-%d %H:%M").to_string(),
                        session.ip.clone(),
                        session.browser.unwrap_or("-").to_owned(),
                        session.system.unwrap_or("-").to_owned(),
                    ]
                })
                .collect();
            table(
                ["id", "began", "last used", "address", "browser", "system"],
                &rows,
            )?;
        }
        Ok(Ended::Well)
    })
}

pub(super) fn end(command: EndSession) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.who).await?;
        let id = SessionId::from(command.id);
        sessions::revoke_of(app, &operator, person.id, id)
            .await
            .map_err(told)?;
        if command.act.format.json {
            json(&value!({ "id": id, "person_id": person.id, "ended": true }))?;
        } else {
            line(&format!("the session {id} of {} is ended", person.email))?;
        }
        Ok(Ended::Well)
    })
}
