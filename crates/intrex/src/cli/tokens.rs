//! `intrex token`: programs that act for a person, never with more rights than that person has.

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::{
    raw::Raw,
    tokens::{self, RawToken},
};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::{
    Act, Ended, Look,
    operate::{pages, with_app},
    output::{json, line, table, told},
    people::named,
};

/// What is done with API tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Create a token for somebody and print its text, once
    Create(Create),
    /// List tokens, never their text
    List(List),
    /// End a token at once
    Revoke(Revoke),
}

/// A token to create.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// E-mail address or id of the person for whom it acts
    #[arg(long, value_name = "EMAIL")]
    user: String,
    /// What it is for
    #[arg(long)]
    name: String,
    /// Permissions with commas between, such as obligations:read; all of the person's role if left out
    #[arg(long, value_name = "PERMISSIONS", value_delimiter = ',')]
    scopes: Vec<String>,
    /// Networks that it counts in, with commas between, such as 203.0.113.0/24; anywhere if left out
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',')]
    networks: Vec<String>,
    /// How long it counts, 1 to 365 days; 90 if left out
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u16>,
    #[command(flatten)]
    act: Act,
}

/// Tokens to list.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    look: Look,
}

/// A token to end.
#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// Its id, as `intrex token list` shows it
    #[arg(value_name = "ID")]
    id: Uuid,
    #[command(flatten)]
    act: Act,
}

impl Token {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Token::Create(command) => create(command),
            Token::List(command) => list(command),
            Token::Revoke(command) => revoke(command),
        }
    }
}

fn create(command: Create) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let person = named(app, &operator, &command.user).await?;
        let days = command.expires_in_days.map(|days| days.to_string());
        let raw = RawToken {
            name: command.name.into(),
            scopes: listed(command.scopes),
            networks: listed(command.networks),
            expires_in_days: days.map(Raw::from).unwrap_or_default(),
            person_id: Raw::from(person.id.to_string()),
        };
        let made = tokens::create(app, &operator, &raw).await.map_err(told)?;
        if command.act.format.json {
            let mut answer = serde_json::to_value(&made.token)?;
            answer["token"] = made.text.expose_secret().into();
            json(&answer)?;
        } else {
            line(made.text.expose_secret())?;
        }
        Ok(Ended::Well)
    })
}

/// What was typed with commas, or nothing: an empty text that was typed is an empty list, and refused.
fn listed(words: Vec<String>) -> Raw {
    match words.is_empty() {
        true => Raw::default(),
        false => Raw::from(words),
    }
}

fn list(command: List) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.look.onlooker(app).await?;
        let all = pages(async |page| {
            let mut tx = app.db.read(&onlooker).await?;
            let part = tokens::reads::list(&mut tx, page).await?;
            tx.finish().await?;
            Ok(part)
        })
        .await?;
        if command.look.format.json {
            json(&all)?;
        } else {
            let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d").to_string();
            let rows: Vec<[String; 5]> = all
                .iter()
                .map(|token| {
                    let state = match token.revoked_at {
                        Some(at) => format!("revoked {}", day(at)),
                        None => format!("until {}", day(token.expires_at)),
                    };
                    [
                        token.id.to_string(),
                        token.person_id.to_string(),
                        state,
                        token.last_used_at.map_or_else(|| "never".to_owned(), day),
                        token.name.clone(),
                    ]
                })
                .collect();
            table(["id", "for", "counts", "last used", "name"], &rows)?;
        }
        Ok(Ended::Well)
    })
}

fn revoke(command: Revoke) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        tokens::revoke(app, &operator, command.id.into())
            .await
            .map_err(told)?;
        if command.act.format.json {
            json(&serde_json::json!({ "id": command.id, "revoked": true }))?;
        } else {
            line(&format!("token {} does not count any more", command.id))?;
        }
        Ok(Ended::Well)
    })
}
