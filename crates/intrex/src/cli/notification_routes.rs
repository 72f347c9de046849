//! `intrex route`: who is told of what, by which way, for whoever runs the installation.

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::{
    raw::Raw,
    routes::{self, RawRoute, Route},
};
use uuid::Uuid;

use super::{
    Ended, Format, Where, Why,
    operate::with_app,
    output::{json, line, table, told},
};

/// What is done with routes.
#[derive(Debug, Subcommand)]
pub(super) enum NotificationRoutes {
    /// List the routes of an organisation; without any, the built-in one serves
    List(List),
    /// Add a route
    Create(Box<Create>),
    /// Remove a route
    Remove(Remove),
}

/// Routes to list.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    format: Format,
}

/// A route to add.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// What the organisation calls it
    #[arg(long)]
    name: String,
    /// What it is for, such as obligation.due,obligation.overdue
    #[arg(long, value_name = "EVENTS")]
    events: String,
    /// Who is told: responsible, branch_managers, head_office, person, or endpoint for whom the connector names
    #[arg(long, value_name = "WHO")]
    to: String,
    /// The person, for --to person
    #[arg(long)]
    person: Option<Uuid>,
    /// The way; the installation's own mail without it
    #[arg(long)]
    connector: Option<Uuid>,
    /// What is less severe is not told: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY")]
    min_severity: Option<String>,
    /// The one branch that it is for; all without it
    #[arg(long)]
    branch: Option<Uuid>,
    /// When nobody is disturbed, such as 22:00-07:00
    #[arg(long, value_name = "FROM-TO")]
    quiet: Option<String>,
    /// The days on which that begins, such as fri,sat; every day without it
    #[arg(long, value_name = "DAYS", requires = "quiet")]
    quiet_days: Option<String>,
    /// After how many hours without an answer others are told
    #[arg(long, value_name = "HOURS")]
    escalate_after: Option<u16>,
    /// Those others: branch_managers or head_office
    #[arg(long, value_name = "WHO")]
    escalate_to: Option<String>,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

/// A route to remove.
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The route's id, as `intrex route list` shows it
    #[arg(value_name = "ROUTE")]
    route: Uuid,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

impl NotificationRoutes {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            NotificationRoutes::List(command) => list(command),
            NotificationRoutes::Create(command) => create(*command),
            NotificationRoutes::Remove(command) => remove(command),
        }
    }
}

fn list(command: List) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.at.onlooker(app).await?;
        let mut tx = app.db.read(&onlooker).await?;
        let all = routes::reads::list(&mut tx).await.map_err(told)?;
        tx.finish().await?;
        if command.format.json {
            json(&all)?;
        } else {
            let rows: Vec<[String; 6]> = all.iter().map(row).collect();
            table(["id", "name", "events", "from", "to", "active"], &rows)?;
        }
        Ok(Ended::Well)
    })
}

fn row(route: &Route) -> [String; 6] {
    let events: Vec<&str> = route.event_types.iter().map(|one| one.as_str()).collect();
    [
        route.id.to_string(),
        route.name.clone(),
        events.join(","),
        route.min_severity.as_str().to_owned(),
        route.recipient.as_str().to_owned(),
        if route.active { "yes" } else { "no" }.to_owned(),
    ]
}

fn create(command: Create) -> Result<Ended> {
    let words = |typed: Option<String>| typed.map(Raw::from).unwrap_or_default();
    let id = |id: Option<Uuid>| words(id.map(|id| id.to_string()));
    let mut raw = RawRoute {
        name: Raw::from(command.name),
        event_types: Raw::from(command.events),
        recipient: Raw::from(command.to),
        person_id: id(command.person),
        connector_id: id(command.connector),
        min_severity: words(command.min_severity),
        branch_id: id(command.branch),
        escalate_after_hours: words(command.escalate_after.map(|hours| hours.to_string())),
        escalate_to: words(command.escalate_to),
        ..RawRoute::default()
    };
    if let Some(quiet) = &command.quiet {
        let (from, to) = quiet.split_once('-').unwrap_or((quiet, ""));
        let days = command.quiet_days.unwrap_or_default();
        for (name, value) in [("from", from), ("to", to), ("days", &days)] {
            if let Some(field) = raw.quiet.field_mut(name) {
                *field = Raw::from(value);
            }
        }
    }
    with_app(async |app| {
        let operator = command.at.operator(app, &command.why.reason).await?;
        let route = routes::create(app, &operator, &raw).await.map_err(told)?;
        if command.format.json {
            json(&route)?;
        } else {
            line(&format!("{} ({}) is made", route.name, route.id))?;
        }
        Ok(Ended::Well)
    })
}

fn remove(command: Remove) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.at.operator(app, &command.why.reason).await?;
        let id = command.route.into();
        routes::remove(app, &operator, id).await.map_err(told)?;
        if command.format.json {
            json(&serde_json::json!({ "removed": command.route }))?;
        } else {
            line("the route is removed")?;
        }
        Ok(Ended::Well)
    })
}
