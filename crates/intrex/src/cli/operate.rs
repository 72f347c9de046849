//! How a command of the operator reaches the application: beside a running server, or alone.

use anyhow::{Context as _, Result, bail};
use intrex_core::{
    Actor, App,
    db::migrate::InstallationKind,
    ids::TenantId,
    paging::{MAX_LIMIT, Page, PageRequest},
    tenants::{self, TenantRow, TenantStatus},
};
use uuid::Uuid;

use super::{Act, Ended, Look, Where, configuration, output::told};
use crate::{
    config::{Config, Purpose},
    database::{Database, Sharing},
    demo,
    logging::{self, Verbosity},
};

/// What a command says in place of a reason when it only looks.
const LOOKING: &str = "looked at from the command line";

/// The runtime of a command: it waits for the database most of the time.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start")
}

/// Opens the database, does the work, and leaves everything as it was found.
pub(super) fn with_app<Work>(work: Work) -> Result<Ended>
where
    Work: AsyncFnOnce(&App) -> Result<Ended>,
{
    let config = configuration(Purpose::Operate)?;
    logging::begin(&config.log, Verbosity::Command);
    // Outside the runtime, because starting PostgreSQL blocks.
    let database = Database::open(&config, Sharing::Allowed)?;
    let ended = runtime()?.block_on(Box::pin(connected(&config, &database, work)));
    database.stop();
    ended
}

async fn connected<Work>(config: &Config, database: &Database, work: Work) -> Result<Ended>
where
    Work: AsyncFnOnce(&App) -> Result<Ended>,
{
    let clock = intrex_core::clock::Clock::system();
    let found = database
        .prepare(InstallationKind::Production, &clock)
        .await?;
    demo::fits(config, found)?;
    let demo = found.kind == InstallationKind::Demo;
    let app = database.connect(config, demo).await?;
    let ended = work(&app).await;
    app.db.close().await;
    ended
}

/// Every row of a list, page by page.
pub(crate) async fn pages<T>(
    read: impl AsyncFn(&PageRequest) -> intrex_core::Result<Page<T>>,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    let mut page = PageRequest::first(MAX_LIMIT);
    loop {
        let part = read(&page).await.map_err(told)?;
        all.extend(part.items);
        if part.next_cursor.is_none() {
            return Ok(all);
        }
        page = page.at(part.next_cursor);
    }
}

impl Where {
    /// The organisation that is meant.
    pub(super) async fn id(self, app: &App) -> Result<TenantId> {
        let mut tenants = tenants::list(app).await.map_err(told)?;
        if let Some(id) = self.tenant {
            let found = named(&tenants, id)?;
            return match found.status {
                TenantStatus::Deleting => bail!("the organisation {id} is being deleted"),
                TenantStatus::Deleted => bail!("the organisation {id} was deleted"),
                TenantStatus::Active | TenantStatus::Suspended => Ok(found.id),
            };
        }
        tenants.retain(|tenant| !tenant.status.is_leaving());
        match tenants.as_slice() {
            [only] => Ok(only.id),
            [] => bail!(
                "there is no organisation yet: `intrex tenant create NAME --reason WORDS` makes one"
            ),
            several => bail!(
                "there are {} organisations: say which with --tenant ID (`intrex tenant list` shows them)",
                several.len()
            ),
        }
    }

    /// The operator, only looking at the log of the organisation, which stays when it is deleted.
    pub(super) async fn onlooker_at_log(self, app: &App) -> Result<Actor> {
        let Some(id) = self.tenant else {
            return self.onlooker(app).await;
        };
        let tenants = tenants::list(app).await.map_err(told)?;
        Actor::operator(named(&tenants, id)?.id, LOOKING).map_err(told)
    }

    /// The operator, acting for the organisation.
    pub(super) async fn operator(self, app: &App, reason: &str) -> Result<Actor> {
        let tenant = self.id(app).await?;
        Actor::operator(tenant, reason).map_err(told)
    }

    /// The operator, only looking.
    pub(super) async fn onlooker(self, app: &App) -> Result<Actor> {
        self.operator(app, LOOKING).await
    }
}

impl Act {
    /// The operator, acting for the organisation.
    pub(super) async fn operator(&self, app: &App) -> Result<Actor> {
        self.at.operator(app, &self.why.reason).await
    }
}

impl Look {
    /// The operator, only looking.
    pub(super) async fn onlooker(self, app: &App) -> Result<Actor> {
        self.at.onlooker(app).await
    }
}

fn named(tenants: &[TenantRow], id: Uuid) -> Result<&TenantRow> {
    tenants
        .iter()
        .find(|tenant| tenant.id.uuid() == id)
        .with_context(|| format!("there is no organisation {id}: `intrex tenant list` shows them"))
}

/// The word for whether an organisation's people can sign in.
pub(super) fn status(status: TenantStatus) -> &'static str {
    match status {
        TenantStatus::Active => "active",
        TenantStatus::Suspended => "suspended",
        TenantStatus::Deleting => "deleting",
        TenantStatus::Deleted => "deleted",
    }
}
