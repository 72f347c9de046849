//! `intrex audit`: is the log what it was when it was written?

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::{
    audit::{
        self, sequencer,
        verify::{self, Verdict},
    },
    ids::TenantId,
    obligations::input::RawReason,
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Act, Ended, Format, Where,
    operate::with_app,
    output::{json, line, told},
};

/// What is done with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Check every hash, every column and the order of the log, and name the first fault of each chain
    Verify(Verify),
    /// Show the address and the device that an event keeps back; the reason is kept in the log
    Reveal(Reveal),
}

/// Which event.
#[derive(Debug, Args)]
pub(super) struct Reveal {
    /// The event's id
    #[arg(value_name = "EVENT")]
    event: Uuid,
    #[command(flatten)]
    act: Act,
}

/// Which chains to check.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Check this organisation's chain alone
    #[arg(long, value_name = "ID")]
    tenant: Option<Uuid>,
    #[command(flatten)]
    format: Format,
}

/// What was found, for programs.
#[derive(Debug, Serialize)]
struct Found {
    chain_key: Uuid,
    intact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

impl From<&Verdict> for Found {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Intact(verified) => Found {
                chain_key: verified.chain_key,
                intact: true,
                events: Some(verified.events),
                head: Some(hex::encode(verified.head.hash)),
                broken_at: None,
                event_id: None,
                fault: None,
            },
            Verdict::Broken(broken) => Found {
                chain_key: broken.chain_key,
                intact: false,
                events: None,
                head: None,
                broken_at: broken.seq,
                event_id: broken.event_id,
                fault: Some(broken.fault.to_string()),
            },
        }
    }
}

impl Audit {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Audit::Verify(command) => verify(command),
            Audit::Reveal(command) => reveal(command),
        }
    }
}

fn verify(command: Verify) -> Result<Ended> {
    with_app(async |app| {
        // What was committed while no server ran has no place yet: give it one, then look.
        while sequencer::sequence_once(app).await.map_err(told)? > 0 {}
        let verdicts = match command.tenant {
            Some(tenant) if tenant == TenantId::PLATFORM.uuid() => verify::verify_all(app)
                .await
                .map_err(told)?
                .into_iter()
                .take(1)
                .collect(),
            Some(_) => {
                let at = Where {
                    tenant: command.tenant,
                };
                let onlooker = at.onlooker_at_log(app).await?;
                vec![verify::verify(app, &onlooker).await.map_err(told)?]
            }
            None => verify::verify_all(app).await.map_err(told)?,
        };
        let found: Vec<Found> = verdicts.iter().map(Found::from).collect();
        let intact = found.iter().all(|found| found.intact);
        if command.format.json {
            json(&serde_json::json!({ "intact": intact, "chains": found }))?;
        } else {
            for verdict in &verdicts {
                line(&sentence(verdict))?;
            }
        }
        Ok(if intact { Ended::Well } else { Ended::Badly })
    })
}

fn reveal(command: Reveal) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let raw = RawReason {
            reason: command.act.why.reason.into(),
        };
        let revealed = audit::reveal(app, &operator, command.event.into(), &raw)
            .await
            .map_err(told)?;
        if command.act.format.json {
            json(&revealed)?;
        } else {
            for (name, value) in &revealed.fields {
                let state = revealed.states.get(name).map_or("", |state| state.as_str());
                line(&format!("{name}: {}", value.as_deref().unwrap_or(state)))?;
            }
        }
        Ok(Ended::Well)
    })
}

fn sentence(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Intact(verified) => format!(
            "chain {}: intact, {} events, head {}",
            verified.chain_key,
            verified.events,
            hex::encode(verified.head.hash)
        ),
        Verdict::Broken(broken) => format!("BROKEN: {broken}"),
    }
}
