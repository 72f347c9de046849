//! `intrex access-review`: who has access, looked at by a date.

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::{
    Actor, App,
    access_reviews::{self, AccessReview, Decision, RawDecision},
    ids::AccessReviewId,
    raw::Raw,
};

use super::{
    Act, Ended, Format, Look,
    operate::{pages, with_app},
    output::{json, line, table, told},
    people::named,
};

/// What is done with reviews.
#[derive(Debug, Subcommand)]
pub(super) enum AccessReviews {
    /// Begin a review, or show the one that is open
    Start(Act),
    /// List the reviews of an organisation
    List(Look),
    /// Show everybody whom a review is about; the open one if none is named
    Show(Show),
    /// Decide on somebody in the open review; what is revoked is gone at once
    Decide(Decide),
    /// Finish the open review: everybody is decided on, every change is made
    Finish(Act),
    /// Print a review as comma-separated values; the open one if none is named
    Export(Show),
}

/// A review to look at.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its id
    #[arg(value_name = "ID")]
    id: Option<AccessReviewId>,
    #[command(flatten)]
    look: Look,
}

/// A decision.
#[derive(Debug, Args)]
pub(super) struct Decide {
    /// The person's e-mail address or id
    #[arg(value_name = "EMAIL")]
    who: String,
    /// keep, change or revoke
    #[arg(value_name = "DECISION", value_parser = decision)]
    decision: Decision,
    /// Why; required unless everything stays
    #[arg(long, value_name = "WORDS", default_value = "")]
    note: String,
    #[command(flatten)]
    act: Act,
}

fn decision(text: &str) -> Result<Decision, String> {
    Decision::parse(text).ok_or_else(|| "is none of keep, change, revoke".to_owned())
}

impl AccessReviews {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            AccessReviews::Start(command) => start(command),
            AccessReviews::List(command) => list(command),
            AccessReviews::Show(command) => show(command),
            AccessReviews::Decide(command) => decide(command),
            AccessReviews::Finish(command) => finish(command),
            AccessReviews::Export(command) => export(command),
        }
    }
}

fn start(command: Act) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.operator(app).await?;
        let started = access_reviews::start(app, &operator).await.map_err(told)?;
        shown(&started.review, command.format)
    })
}

fn finish(command: Act) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.operator(app).await?;
        let id = open(app, &operator).await?.id;
        let review = access_reviews::finish(app, &operator, id)
            .await
            .map_err(told)?;
        shown(&review, command.format)
    })
}

fn decide(command: Decide) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let id = open(app, &operator).await?.id;
        let person = named(app, &operator, &command.who).await?;
        let raw = RawDecision {
            person_id: person.id.to_string().into(),
            decision: command.decision.as_str().into(),
            note: Raw::from(command.note),
        };
        let row = access_reviews::decide(app, &operator, id, &raw)
            .await
            .map_err(told)?;
        if command.act.format.json {
            json(&row)?;
        } else {
            line(&format!("{}: {}", row.email, command.decision.as_str()))?;
        }
        Ok(Ended::Well)
    })
}

fn list(command: Look) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.onlooker(app).await?;
        let all: Vec<AccessReview> = pages(async |page| {
            let mut tx = app.db.read(&onlooker).await?;
            let part = access_reviews::reads::list(&mut tx, page).await?;
            tx.finish().await?;
            Ok(part)
        })
        .await?;
        if command.format.json {
            json(&all)?;
        } else {
            let rows: Vec<[String; 5]> = all
                .iter()
                .map(|review| {
                    [
                        review.id.to_string(),
                        review.started_at.format("%Y-%m-%d").to_string(),
                        review.due_on.to_string(),
                        state(review).to_owned(),
                        progress(review),
                    ]
                })
                .collect();
            table(["id", "began", "due", "state", "decided"], &rows)?;
        }
        Ok(Ended::Well)
    })
}

fn show(command: Show) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.look.onlooker(app).await?;
        let whole = whole(app, &onlooker, command.id).await?;
        if command.look.format.json {
            json(&whole)?;
        } else {
            let rows: Vec<[String; 6]> = whole
                .rows
                .iter()
                .map(|row| {
                    [
                        row.email.clone(),
                        row.role.as_str().to_owned(),
                        row.last_sign_in_at
                            .map(|at| at.format("%Y-%m-%d").to_string())
                            .unwrap_or_default(),
                        if row.mfa_enrolled { "yes" } else { "no" }.to_owned(),
                        row.decision.map_or("", Decision::as_str).to_owned(),
                        row.note.clone(),
                    ]
                })
                .collect();
            table(
                [
                    "email",
                    "role",
                    "last sign-in",
                    "second factor",
                    "decision",
                    "note",
                ],
                &rows,
            )?;
        }
        Ok(Ended::Well)
    })
}

fn export(command: Show) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.look.onlooker(app).await?;
        let id = match command.id {
            Some(id) => id,
            None => open(app, &onlooker).await?.id,
        };
        let table = access_reviews::export(app, &onlooker, id)
            .await
            .map_err(told)?;
        line(table.trim_end())?;
        Ok(Ended::Well)
    })
}

async fn whole(
    app: &App,
    onlooker: &Actor,
    id: Option<AccessReviewId>,
) -> Result<access_reviews::WholeReview> {
    let id = match id {
        Some(id) => id,
        None => open(app, onlooker).await?.id,
    };
    let mut tx = app.db.read(onlooker).await.map_err(told)?;
    let whole = access_reviews::reads::get(&mut tx, id)
        .await
        .map_err(told)?;
    tx.finish().await.map_err(told)?;
    Ok(whole)
}

async fn open(app: &App, actor: &Actor) -> Result<AccessReview> {
    let mut tx = app.db.read(actor).await.map_err(told)?;
    let open = access_reviews::reads::open(&mut tx).await.map_err(told)?;
    tx.finish().await.map_err(told)?;
    open.ok_or_else(|| {
        anyhow::anyhow!("no review is open: `intrex access-review start` begins one")
    })
}

fn shown(review: &AccessReview, format: Format) -> Result<Ended> {
    if format.json {
        json(review)?;
    } else {
        line(&format!(
            "{}: {}, due {}, {} decided",
            review.id,
            state(review),
            review.due_on,
            progress(review)
        ))?;
    }
    Ok(Ended::Well)
}

fn state(review: &AccessReview) -> &'static str {
    match review.finished_at {
        Some(_) => "finished",
        None => "open",
    }
}

fn progress(review: &AccessReview) -> String {
    format!(
        "{}/{}",
        review.row_count - review.undecided_count,
        review.row_count
    )
}
