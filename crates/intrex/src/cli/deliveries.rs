//! `intrex delivery`: what was sent to whom and what became of it, for whoever runs the installation; and sending again what
//! was given up.

use anyhow::Result;
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use intrex_core::{
    deliveries::{self, DeliverySummary, RawDeliveryFilter, RawReplay},
    paging::{MAX_LIMIT, PageRequest},
    raw::Raw,
};
use uuid::Uuid;

use super::{
    Ended, Format, Where, Why,
    operate::with_app,
    output::{json, line, table, told},
};

/// What is done with deliveries.
#[derive(Debug, Subcommand)]
pub(super) enum Deliveries {
    /// List deliveries, the latest first: 200 at most
    List(List),
    /// Show a delivery with its attempts
    Show(Show),
    /// Send a delivery again that was given up
    Retry(Retry),
    /// Send again what was given up in a range, or count it
    Replay(Replay),
}

/// Which deliveries.
#[derive(Debug, Args)]
struct Range {
    /// Over this connector alone, by its id
    #[arg(long)]
    connector: Option<String>,
    /// Made at or after: a day, or an instant in RFC 3339
    #[arg(long)]
    from: Option<String>,
    /// Made before an instant, or until the end of a day
    #[arg(long)]
    to: Option<String>,
}

/// Deliveries to list.
#[derive(Debug, Args)]
pub(super) struct List {
    /// waiting, sending, delivered, dead or cancelled
    #[arg(long)]
    state: Option<String>,
    /// By this route alone, by its id
    #[arg(long)]
    route: Option<String>,
    #[command(flatten)]
    range: Range,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    format: Format,
}

/// A delivery to show.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The delivery's id, as `intrex delivery list` shows it
    #[arg(value_name = "DELIVERY")]
    delivery: Uuid,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    format: Format,
}

/// A delivery to send again.
#[derive(Debug, Args)]
pub(super) struct Retry {
    /// The delivery's id, as `intrex delivery list` shows it
    #[arg(value_name = "DELIVERY")]
    delivery: Uuid,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

/// Deliveries to send again.
#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    range: Range,
    /// Count, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

impl Deliveries {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Deliveries::List(command) => list(command),
            Deliveries::Show(command) => show(command),
            Deliveries::Retry(command) => retry(command),
            Deliveries::Replay(command) => replay(command),
        }
    }
}

fn raw(text: Option<&String>) -> Raw {
    Raw::from(text.map_or("", String::as_str))
}

fn list(command: List) -> Result<Ended> {
    let filter = RawDeliveryFilter {
        state: raw(command.state.as_ref()),
        connector: raw(command.range.connector.as_ref()),
        route: raw(command.route.as_ref()),
        from: raw(command.range.from.as_ref()),
        to: raw(command.range.to.as_ref()),
    };
    with_app(async |app| {
        let onlooker = command.at.onlooker(app).await?;
        let filter = filter.parse(Tz::UTC).map_err(told)?;
        let mut tx = app.db.read(&onlooker).await?;
        let page = PageRequest::first(MAX_LIMIT);
        let found = deliveries::reads::list(&mut tx, &filter, &page)
            .await
            .map_err(told)?;
        tx.finish().await?;
        if command.format.json {
            json(&found.items)?;
        } else {
            let rows: Vec<[String; 6]> = found.items.iter().map(row).collect();
            let heading = ["id", "type", "by", "to", "state", "next attempt"];
            table(heading, &rows)?;
        }
        Ok(Ended::Well)
    })
}

fn row(delivery: &DeliverySummary) -> [String; 6] {
    let state = match &delivery.reason {
        Some(reason) => format!("{} ({reason})", delivery.state.as_str()),
        None => delivery.state.as_str().to_owned(),
    };
    let by = delivery.connector_name.clone();
    let next = delivery.next_attempt_at.map(|at| at.to_rfc3339());
    [
        delivery.id.to_string(),
        delivery.event_type.clone(),
        by.unwrap_or_else(|| "the installation's mail".to_owned()),
        delivery.recipient_name.clone().unwrap_or_default(),
        state,
        next.unwrap_or_default(),
    ]
}

fn show(command: Show) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.at.onlooker(app).await?;
        let mut tx = app.db.read(&onlooker).await?;
        let delivery = deliveries::reads::get(&mut tx, command.delivery.into())
            .await
            .map_err(told)?;
        tx.finish().await?;
        if command.format.json {
            json(&delivery)?;
            return Ok(Ended::Well);
        }
        table(
            ["id", "type", "by", "to", "state", "next attempt"],
            &[row(&delivery.summary)],
        )?;
        let attempts: Vec<[String; 5]> = delivery
            .tries
            .iter()
            .map(|attempt| {
                [
                    attempt.n.to_string(),
                    attempt.at.to_rfc3339(),
                    format!("{} ms", attempt.took_ms),
                    attempt.code.map_or(String::new(), |code| code.to_string()),
                    attempt.class.clone().unwrap_or_else(|| "ok".to_owned()),
                ]
            })
            .collect();
        table(["attempt", "at", "took", "code", "outcome"], &attempts)?;
        Ok(Ended::Well)
    })
}

fn retry(command: Retry) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.at.operator(app, &command.why.reason).await?;
        let delivery = deliveries::retry(app, &operator, command.delivery.into())
            .await
            .map_err(told)?;
        match command.format.json {
            true => json(&delivery)?,
            false => line(&format!("{} is sent again", delivery.summary.id))?,
        }
        Ok(Ended::Well)
    })
}

fn replay(command: Replay) -> Result<Ended> {
    let range = RawReplay {
        connector: raw(command.range.connector.as_ref()),
        from: raw(command.range.from.as_ref()),
        to: raw(command.range.to.as_ref()),
        dry_run: Raw::from(if command.dry_run { "true" } else { "false" }),
    };
    with_app(async |app| {
        let operator = command.at.operator(app, &command.why.reason).await?;
        let replayed = deliveries::replay(app, &operator, &range)
            .await
            .map_err(told)?;
        match command.format.json {
            true => json(&replayed)?,
            false => line(&format!(
                "{} were given up; {} are sent again",
                replayed.matched, replayed.replayed
            ))?,
        }
        Ok(Ended::Well)
    })
}
