//! `intrex doctor`: is this installation as safe as it says? Each check is computed from the running system, and answers
//! even where the one before it failed.

use anyhow::Result;
use clap::Args;
use intrex_core::{
    App,
    audit::verify::{self, Verdict},
    clock::Clock,
    db::{
        catalogue::lint,
        migrate::{self, InstallationKind},
    },
    key_rotation::{self, Waiting},
};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection};

use super::{
    Ended, Format,
    operate::runtime,
    output::{json, line, told},
};
use crate::{
    config::{Config, Environment, Purpose, Stage},
    database::{Database, Sharing},
    logging::{self, Verbosity},
    serve::health::still,
};

/// Check the installation.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Ok,
    Note,
    Bad,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    health: Health,
    detail: String,
}

#[derive(Debug, Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn ok(&mut self, name: &'static str, detail: impl Into<String>) {
        self.add(name, Health::Ok, detail);
    }

    fn note(&mut self, name: &'static str, detail: impl Into<String>) {
        self.add(name, Health::Note, detail);
    }

    fn bad(&mut self, name: &'static str, detail: impl Into<String>) {
        self.add(name, Health::Bad, detail);
    }

    fn add(&mut self, name: &'static str, health: Health, detail: impl Into<String>) {
        self.0.push(Check {
            name,
            health,
            detail: detail.into(),
        });
    }
}

impl Doctor {
    pub(super) fn run(self) -> Result<Ended> {
        let mut checks = Checks::default();
        match Config::read(&Environment::of_process(), Purpose::Operate) {
            Err(faults) => checks.bad("configuration", faults.sentences().join("; ")),
            Ok(config) => {
                logging::begin(&config.log, Verbosity::Command);
                configuration(&config, &mut checks);
                database(&config, &mut checks)?;
            }
        }
        let well = checks.0.iter().all(|check| check.health != Health::Bad);
        if self.format.json {
            json(&serde_json::json!({ "ok": well, "checks": checks.0 }))?;
        } else {
            for check in &checks.0 {
                let mark = match check.health {
                    Health::Ok => "ok  ",
                    Health::Note => "note",
                    Health::Bad => "BAD ",
                };
                line(&format!("{mark}  {}: {}", check.name, check.detail))?;
            }
        }
        Ok(if well { Ended::Well } else { Ended::Badly })
    }
}

fn configuration(config: &Config, checks: &mut Checks) {
    match config.stage {
        Stage::Production => checks.ok("configuration", "production; every key is given"),
        Stage::Development => checks.note(
            "configuration",
            "not production: keys are made below the data directory",
        ),
    }
    match config.mailer {
        Some(_) => checks.ok("mail", "SMTP_URL is given"),
        None => checks.note(
            "mail",
            "SMTP_URL is not given: reminders stay in the product's inbox",
        ),
    }
}

fn database(config: &Config, checks: &mut Checks) -> Result<()> {
    let database = match Database::open(config, Sharing::Allowed) {
        Ok(database) => database,
        Err(error) => {
            checks.bad("database", format!("{error:#}"));
            return Ok(());
        }
    };
    runtime()?.block_on(Box::pin(async {
        let clock = Clock::system();
        let prepared = database.prepare(InstallationKind::Production, &clock).await;
        match prepared {
            Err(error) => checks.bad("schema", format!("{error:#}")),
            Ok(found) => {
                let newest = migrate::newest();
                checks.ok(
                    "schema",
                    format!("version {newest}, as this program needs it"),
                );
                if found.kind == InstallationKind::Demo {
                    checks.note("installation", "a demonstration");
                }
                catalogue(&database, checks).await;
                connected(config, &database, checks).await;
            }
        }
    }));
    database.stop();
    Ok(())
}

/// Whether everything that is sealed opens, and whether a previous key is still needed.
async fn keys(app: &App, checks: &mut Checks) {
    const NAME: &str = "keys";
    match key_rotation::waiting(app).await {
        Err(error) => checks.bad(NAME, format!("{:#}", told(error))),
        Ok(Waiting {
            under_previous: 0,
            under_unknown: 0,
        }) => checks.ok(NAME, "everything is sealed under the current keys"),
        Ok(Waiting {
            under_previous,
            under_unknown: 0,
        }) => checks.note(
            NAME,
            format!(
                "{under_previous} values are sealed under a previous key: `intrex keys rotate` seals them anew"
            ),
        ),
        Ok(Waiting { under_unknown, .. }) => checks.bad(
            NAME,
            format!(
                "{under_unknown} values are sealed under keys that are not configured, and open for nobody: give the former \
                 MFA_ENCRYPTION_KEY or CONNECTOR_ENC_KEY as NAME_PREVIOUS, then run `intrex keys rotate`"
            ),
        ),
    }
}

/// Row level security and its surroundings, table by table.
async fn catalogue(database: &Database, checks: &mut Checks) {
    const NAME: &str = "row level security";
    let Some(admin) = database.admin() else {
        checks.note(
            NAME,
            "give DATABASE_ADMIN_URL to have every table, policy and grant compared with what it must be",
        );
        return;
    };
    let found = async {
        let mut conn = PgConnection::connect_with(admin).await?;
        let found = lint(&mut conn).await.map_err(told)?;
        conn.close().await?;
        anyhow::Ok(found)
    };
    match found.await {
        Err(error) => checks.bad(NAME, format!("{error:#}")),
        Ok(found) if found.is_empty() => {
            checks.ok(NAME, "every table, policy, grant and key is as it must be")
        }
        Ok(found) => {
            for finding in found {
                checks.bad(NAME, finding.to_string());
            }
        }
    }
}

async fn connected(config: &Config, database: &Database, checks: &mut Checks) {
    let app = match database.connect(config, false).await {
        Ok(app) => app,
        Err(error) => {
            checks.bad("roles", format!("{error:#}"));
            return;
        }
    };
    checks.ok(
        "roles",
        "intrex_app and intrex_system see nothing around row level security",
    );
    match still(&app).await {
        Err(error) => checks.bad("background work", format!("{:#}", told(error))),
        Ok(still) if still.is_empty() => checks.ok("background work", "every part goes on"),
        Ok(still) => {
            let workers: Vec<&str> = still.iter().map(|(worker, _)| *worker).collect();
            checks.note(
                "background work",
                format!(
                    "no success for two minutes: {}; `intrex serve` or `intrex worker` does it",
                    workers.join(", ")
                ),
            );
        }
    }
    keys(&app, checks).await;
    match verify::verify_all(&app).await {
        Err(error) => checks.bad("audit log", format!("{:#}", told(error))),
        Ok(verdicts) => {
            let chains = verdicts.len();
            let broken = verdicts.iter().find_map(|verdict| match verdict {
                Verdict::Broken(broken) => Some(broken),
                Verdict::Intact(_) => None,
            });
            match broken {
                Some(broken) => checks.bad("audit log", broken.to_string()),
                None => checks.ok("audit log", format!("{chains} chains are intact")),
            }
        }
    }
    app.db.close().await;
}
