//! `intrex tenant`: organisations are made and suspended by the operator of the installation alone.
//!
//! `leaving` deleting one · `export` what it takes along.

mod export;
mod leaving;

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::{
    raw::Raw,
    tenants::{self, AdminFactor, NOBODY, RawTenant, RawTenantUpdate},
};

use super::{
    Act, Ended, Format, Why,
    operate::{status, with_app},
    output::{json, line, table, told},
};

/// What is done with organisations.
#[derive(Debug, Subcommand)]
pub(super) enum Tenant {
    /// Create an organisation
    Create(Create),
    /// List all organisations
    List(Format),
    /// Change an organisation's name, time zone, usual lead days, how long sessions last, what admins sign in with, or who may
    /// hold recovery codes
    Set(Set),
    /// Lock everybody of an organisation out, at once; nothing is deleted
    Suspend(Act),
    /// Let everybody of a suspended organisation in again
    Resume(Act),
    /// Delete an organisation for good, a week from now or at once, or cancel that
    Delete(leaving::Delete),
    /// Write an organisation's register and audit log into a directory, for it to take along
    Export(export::Export),
}

/// An organisation to create.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// The time zone of its head office, such as Asia/Dhaka
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

/// What an organisation is to become; what is left out stays as it is.
#[derive(Debug, Args)]
pub(super) struct Set {
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// The time zone of its head office, such as Asia/Dhaka
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Days before a due date on which reminders go out where an obligation says nothing else, such as 30,14,7
    #[arg(long, value_name = "DAYS")]
    lead_days: Option<String>,
    /// Session limits by name: aal2 (24 hours, 60 minutes) or longest (168 hours, 1440 minutes)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["session_absolute_hours", "session_idle_minutes"])]
    session_preset: Option<String>,
    /// Hours after which a session ends, however much it is used: 1 to 168
    #[arg(long, value_name = "HOURS")]
    session_absolute_hours: Option<u16>,
    /// Minutes without a request after which a session ends: 5 to 1440
    #[arg(long, value_name = "MINUTES")]
    session_idle_minutes: Option<u16>,
    /// The roles whose people may hold recovery codes, with commas between, or nobody; the codes of others are removed
    #[arg(long, value_name = "ROLES")]
    recovery_code_roles: Option<String>,
    /// Days without a sign-in after which an account is dormant: 30 to 365
    #[arg(long, value_name = "DAYS")]
    dormant_after_days: Option<u16>,
    /// Whether dormant accounts are disabled by themselves: yes or no
    #[arg(long, value_name = "YES|NO")]
    suspend_dormant: Option<String>,
    /// Months between two access reviews: 1 to 12, or 0 to begin them by hand alone
    #[arg(long, value_name = "MONTHS")]
    access_review_months: Option<u16>,
    /// What head office admins sign in with: any second factor, or a passkey
    #[arg(long, value_name = "FACTOR", value_parser = ["any", "passkey"])]
    admin_second_factor: Option<String>,
    /// The events that people may opt out of outside of Intrex, such as obligation.due,digest; none for none
    #[arg(long, value_name = "EVENTS")]
    opt_outs: Option<String>,
    /// Days after which an obligation that somebody has acknowledged comes back to them: 1 to 60
    #[arg(long, value_name = "DAYS")]
    acknowledged_again_days: Option<u16>,
    /// Messages of reminders that one recipient gets over one way in an hour: 1 to 100
    #[arg(long, value_name = "NUMBER")]
    messages_an_hour: Option<u16>,
    #[command(flatten)]
    act: Act,
}

impl Tenant {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Tenant::Create(command) => create(command),
            Tenant::List(format) => list(format),
            Tenant::Set(command) => set(command),
            Tenant::Suspend(command) => change(command, Direction::Suspend),
            Tenant::Resume(command) => change(command, Direction::Resume),
            Tenant::Delete(command) => leaving::delete(command),
            Tenant::Export(command) => export::export_to(command),
        }
    }
}

fn create(command: Create) -> Result<Ended> {
    with_app(async |app| {
        let raw = RawTenant {
            name: Raw::from(command.name),
            time_zone: command.time_zone.map(Raw::from).unwrap_or_default(),
        };
        let made = tenants::create(app, &command.why.reason, &raw)
            .await
            .map_err(told)?;
        if command.format.json {
            json(&made)?;
        } else {
            line(&format!("created {}: {}", made.name, made.id))?;
            line(&format!(
                "next: intrex user invite --tenant {} --email … --name … --role head_office_admin --reason …",
                made.id
            ))?;
        }
        Ok(Ended::Well)
    })
}

fn list(format: Format) -> Result<Ended> {
    with_app(async |app| {
        let all = tenants::list(app).await.map_err(told)?;
        if format.json {
            json(&all)?;
        } else {
            let rows: Vec<[String; 5]> = all
                .iter()
                .map(|tenant| {
                    let due = tenant.deletion_due_at.map(|at| at.format("%Y-%m-%d"));
                    [
                        tenant.id.to_string(),
                        status(tenant.status).to_owned(),
                        due.map(|day| day.to_string()).unwrap_or_default(),
                        tenant.created_at.format("%Y-%m-%d").to_string(),
                        tenant.name.clone(),
                    ]
                })
                .collect();
            table(["id", "status", "deletion", "since", "name"], &rows)?;
        }
        Ok(Ended::Well)
    })
}

fn set(command: Set) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let words = |typed: Option<String>| typed.map(Raw::from).unwrap_or_default();
        let number = |typed: Option<u16>| words(typed.map(|number| number.to_string()));
        let raw = RawTenantUpdate {
            name: words(command.name),
            time_zone: words(command.time_zone),
            lead_days: words(command.lead_days),
            session_preset: words(command.session_preset),
            session_absolute_hours: number(command.session_absolute_hours),
            session_idle_minutes: number(command.session_idle_minutes),
            recovery_code_roles: words(command.recovery_code_roles),
            dormant_after_days: number(command.dormant_after_days),
            suspend_dormant: words(command.suspend_dormant),
            access_review_months: number(command.access_review_months),
            admin_second_factor: words(command.admin_second_factor),
            opt_outs: words(command.opt_outs),
            acknowledged_again_days: number(command.acknowledged_again_days),
            messages_an_hour: number(command.messages_an_hour),
        };
        let tenant = tenants::update(app, &operator, &raw, None)
            .await
            .map_err(told)?;
        if command.act.format.json {
            json(&tenant)?;
        } else {
            line(&format!(
                "{}: {}, sessions of {} hours and {} minutes without use, recovery codes for {}, admins sign in with {}",
                tenant.name,
                tenant.time_zone,
                tenant.session_absolute_hours,
                tenant.session_idle_minutes,
                match tenant.recovery_code_roles.as_slice() {
                    [] => NOBODY.to_owned(),
                    roles => roles.join(", "),
                },
                match tenant.admin_second_factor {
                    AdminFactor::Any => "any second factor",
                    AdminFactor::Passkey => "a passkey",
                }
            ))?;
        }
        Ok(Ended::Well)
    })
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Suspend,
    Resume,
}

fn change(command: Act, direction: Direction) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.operator(app).await?;
        let changed = match direction {
            Direction::Suspend => tenants::suspend(app, &operator).await,
            Direction::Resume => tenants::resume(app, &operator).await,
        };
        let tenant = changed.map_err(told)?;
        if command.format.json {
            json(&tenant)?;
        } else {
            line(&format!("{} is {} now", tenant.name, status(tenant.status)))?;
        }
        Ok(Ended::Well)
    })
}
