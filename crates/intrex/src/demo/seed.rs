//! How the demonstration is made: by the commands that people use, each by who would do it. The operator makes the
//! organisation and invites its first admin; the admin imports the spreadsheets and invites the others. That was some weeks
//! ago: `days` tells what has happened since.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use intrex_core::{
    Actor, App,
    app::Settings,
    branches,
    catalogue::Language,
    connectors::{self, RawConnector},
    ids::{ConnectorId, TenantId},
    imports::{self, Kind, Mode, Options},
    obligations::{self, filter::Filter, model::Obligation},
    packs::{self, RawApply},
    routes::{self, RawRoute},
    templates::{self, Template},
    tenants::{self, RawTenant},
};
use uuid::Uuid;

use super::{
    calendar::{self, BEGAN_DAYS_AGO, Plan},
    cast::{ORGANISATIONS, Organisation},
    crew::{self, Worker},
    days::{Calendar, live},
    file::{DemoBranch, DemoTenant},
};
use crate::cli::{pages, told};

/// What the audit log shows as the operator's reason.
const REASON: &str = "made by the demonstration";

/// When the organisations began with Intrex, seen from now.
pub(super) fn began(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(BEGAN_DAYS_AGO)
}

/// Makes both organisations. `past` has a clock that stands when they began; it is moved up to the present, day by day, and
/// each day has its reminders and what people do on it.
pub(super) async fn all(app: &App, past: &App) -> Result<Vec<DemoTenant>> {
    // Ten people sign in within a second here: the limit is for those who come from a network.
    let mut past = past.clone();
    past.settings = Arc::new(Settings {
        auth_rate_limit_max: u32::MAX,
        ..Settings::clone(&past.settings)
    });
    let [one, other] = &ORGANISATIONS;
    let now = app.now();
    // Side by side: most of the time goes into password hashes.
    let (one, other) = tokio::try_join!(
        Box::pin(founded(&past, one, now)),
        Box::pin(founded(&past, other, now))
    )?;
    let mut made = [one, other];
    live(&past, &mut made, now).await?;
    let mut tenants = Vec::new();
    for mut organisation in made {
        let operator = Actor::operator(organisation.id, REASON).map_err(told)?;
        for worker in &mut organisation.crew {
            crew::give_token(app, &operator, worker).await?;
        }
        tenants.push(organisation.told());
    }
    Ok(tenants)
}

/// An organisation with its people, and what is still to happen there.
pub(super) struct Founded {
    id: TenantId,
    pub(super) name: &'static str,
    branches: HashMap<String, Uuid>,
    pub(super) crew: Vec<Worker>,
    pub(super) templates: Vec<Template>,
    /// The imported items, by their external id.
    pub(super) items: HashMap<String, Obligation>,
    pub(super) calendar: Calendar,
}

impl Founded {
    fn told(self) -> DemoTenant {
        let mut branches: Vec<DemoBranch> = self
            .branches
            .into_iter()
            .map(|(code, id)| DemoBranch { id, code })
            .collect();
        branches.sort_by(|a, b| a.code.cmp(&b.code));
        DemoTenant {
            id: self.id.uuid(),
            name: self.name.to_owned(),
            branches,
            users: self.crew.into_iter().map(|worker| worker.user).collect(),
        }
    }

    /// Somebody by their address.
    pub(super) fn person(&self, email: &str) -> Result<&Actor> {
        self.crew
            .iter()
            .find(|worker| worker.user.email == email)
            .map(|worker| &worker.actor)
            .context("the cast is complete")
    }
}

async fn founded(
    app: &App,
    organisation: &'static Organisation,
    now: DateTime<Utc>,
) -> Result<Founded> {
    begin(app, organisation, now)
        .await
        .with_context(|| format!("{} could not be made", organisation.name))
}

async fn begin(
    app: &App,
    organisation: &'static Organisation,
    now: DateTime<Utc>,
) -> Result<Founded> {
    let raw = RawTenant {
        name: organisation.name.into(),
        time_zone: organisation.time_zone.into(),
    };
    let tenant = tenants::create(app, REASON, &raw).await.map_err(told)?;
    let operator = Actor::operator(tenant.id, REASON).map_err(told)?;
    let admin = crew::join(app, &operator, organisation.admin(), &[]).await?;
    let boss = admin.actor.clone();
    let sheet = &organisation.branches;
    import(app, &boss, Kind::Branches, sheet.name, sheet.text).await?;
    let branches = branch_ids(app, &boss).await?;
    let mut crew = vec![admin];
    for member in &organisation.people[1..] {
        let ids = member
            .branches
            .iter()
            .map(|code| {
                branches
                    .get(*code)
                    .copied()
                    .context("the branch was imported")
            })
            .collect::<Result<Vec<_>>>()?;
        crew.push(crew::join(app, &boss, member, &ids).await?);
    }
    let zone: Tz = organisation.time_zone.parse()?;
    let today = now.with_timezone(&zone).date_naive();
    let Plan { csv, acts } = calendar::plan(organisation, today)?;
    let name = organisation.obligations.name;
    import(app, &boss, Kind::Obligations, name, &csv).await?;
    routes(app, &operator).await?;
    Ok(Founded {
        id: tenant.id,
        name: organisation.name,
        branches,
        templates: templates(app, &boss, organisation.pack).await?,
        items: items(app, &boss).await?,
        crew,
        calendar: Calendar { zone, today, acts },
    })
}

/// Who is told by which way: mail to people, as without routes, and what is late to a program, too.
async fn routes(app: &App, operator: &Actor) -> Result<()> {
    let desk = operations_desk(app, operator).await?.to_string();
    let route = |name: &str, event_types: &[&str], recipient: &str| RawRoute {
        name: name.into(),
        event_types: event_types.join(",").into(),
        recipient: recipient.into(),
        ..RawRoute::default()
    };
    let to_desk = RawRoute {
        min_severity: "high".into(),
        connector_id: desk.as_str().into(),
        ..route(
            "Late, for the operations desk",
            &["obligation.overdue", "obligation.escalated"],
            "endpoint",
        )
    };
    let to_hands = RawRoute {
        escalate_after_hours: "48".into(),
        escalate_to: "branch_managers".into(),
        ..route(
            "Reminders by mail",
            &["obligation.due", "obligation.overdue"],
            "responsible",
        )
    };
    let escalated = route(
        "Escalations to head office",
        &["obligation.escalated"],
        "head_office",
    );
    for raw in [to_hands, escalated, to_desk] {
        routes::create(app, operator, &raw).await.map_err(told)?;
    }
    Ok(())
}

/// A webhook to where nobody is: it can be looked at, and shows what failing looks like.
async fn operations_desk(app: &App, operator: &Actor) -> Result<ConnectorId> {
    let mut raw = RawConnector {
        kind: "webhook".into(),
        name: "Operations desk".into(),
        ..RawConnector::default()
    };
    raw.config.url = "https://hooks.example.com/intrex".into();
    let made = connectors::create(app, operator, &raw);
    Ok(made.await.map_err(told)?.connector.id)
}

async fn import(app: &App, admin: &Actor, kind: Kind, name: &str, text: &str) -> Result<()> {
    let options = Options {
        mode: Mode::Apply,
        file_name: name.to_owned(),
        language: Language::ENGLISH,
    };
    let report = imports::import(app, admin, kind, text.as_bytes(), &options, &|_| {});
    let report = report.await.map_err(told)?;
    match report.errors.first() {
        None => Ok(()),
        Some(error) => bail!(
            "{name}, row {}, {}: {}",
            error.row,
            error.field.as_deref().unwrap_or("the row"),
            error.message
        ),
    }
}

async fn branch_ids(app: &App, admin: &Actor) -> Result<HashMap<String, Uuid>> {
    let mut tx = app.db.read(admin).await.map_err(told)?;
    let all = branches::reads::all(&mut tx).await.map_err(told)?;
    tx.finish().await.map_err(told)?;
    Ok(all
        .into_iter()
        .map(|branch| (branch.code, branch.id.uuid()))
        .collect())
}

/// Takes a pack over.
async fn templates(app: &App, admin: &Actor, pack: &str) -> Result<Vec<Template>> {
    let raw = RawApply {
        pack: pack.into(),
        ..RawApply::default()
    };
    packs::commands::apply(app, admin, &raw)
        .await
        .map_err(told)?;
    let made = pages(async |page| {
        let mut tx = app.db.read(admin).await?;
        let part = templates::reads::list(&mut tx, None, page).await?;
        tx.finish().await?;
        Ok(part)
    });
    made.await
}

/// The obligations that were imported.
async fn items(app: &App, boss: &Actor) -> Result<HashMap<String, Obligation>> {
    let items = pages(async |page| {
        let mut tx = app.db.read(boss).await?;
        let part = obligations::reads::list(&mut tx, &Filter::default(), page).await?;
        tx.finish().await?;
        Ok(part)
    })
    .await?;
    Ok(items
        .into_iter()
        .filter_map(|item| Some((item.external_id.clone()?, item)))
        .collect())
}
