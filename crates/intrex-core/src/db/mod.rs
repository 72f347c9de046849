//! The only place that begins or commits. The pools are private; tenant rows are reached through [`ReadTx`] and
//! [`WriteTx`], which cannot be had without an [`Actor`], and a connection is lent inside this crate only.
//!
//! Every transaction begins with its tenant and branches set in the same round trip. A client that goes away must not
//! leave a transaction behind: the driver loses track of a `begin` that is cancelled between sending and answer, so that
//! each one runs in a task of its own, which nobody cancels (docs/decisions/0004-cancellation.md).

pub mod catalogue;
mod check;
pub mod migrate;
mod remove_old;
mod tx;

use std::{sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, PgPool, Postgres, SqlSafeStr as _, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::watch;
use url::Url;

pub use check::DangerousRole;
pub(crate) use remove_old::remove_old;
pub use tx::{ReadTx, SystemTx, WriteTx};

use crate::{
    actor::{Actor, BranchScope, Request},
    clock::{Chance, Clock},
    error::{Error, Result, is_lost},
    ids::TenantId,
    network::IpMode,
    vault::{Vault, data_keys::Wrapping},
};

/// How long a request waits for a free connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections are renewed after this long, so that a failed-over or re-configured server is noticed.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How often the database's time is read by a process that does nothing else with it.
const TIME_INTERVAL: Duration = Duration::from_secs(10);
/// Background work needs few connections: it claims and sequences.
const SYSTEM_CONNECTIONS: u32 = 4;

/// Where the database is: one set of options for each of the two running roles.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// As `intrex_app`.
    pub app: PgConnectOptions,
    /// As `intrex_system`.
    pub system: PgConnectOptions,
    /// Connections of `intrex_app` at most.
    pub max_connections: u32,
}

/// Claims look at the first few rows of queues that are full at one moment and empty at the next: what the planner has learnt
/// of their size is always wrong, a plan that reads all of one is always bad, and making one anew each time costs a fifth of a
/// claim.
const BEGIN_SYSTEM: &str = "begin; set local enable_seqscan = off; set local enable_bitmapscan = off; \
     set local plan_cache_mode = force_generic_plan";

/// The database of the installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

#[derive(Debug, Clone)]
pub(crate) struct Inner {
    app: PgPool,
    system: PgPool,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) vault: Arc<Vault>,
    pub(crate) epoch: u32,
    pub(crate) ip_mode: IpMode,
    /// Where people reach the installation, once that is known.
    pub(crate) base_url: Option<Url>,
}

impl Inner {
    pub(crate) fn wrapping(&self) -> Wrapping {
        Wrapping {
            vault: self.vault.clone(),
            chance: self.chance,
            now: self.clock.now(),
        }
    }
}

impl Db {
    /// Connects as both roles, and refuses roles that would see around row level security.
    pub async fn connect(
        options: DbOptions,
        clock: Clock,
        chance: Chance,
        vault: Arc<Vault>,
    ) -> Result<Self> {
        let app = pool(options.app, options.max_connections).await?;
        let system = pool(options.system, SYSTEM_CONNECTIONS).await?;
        check::refuse_dangerous_role(&app, "intrex_app").await?;
        check::refuse_dangerous_role(&system, "intrex_system").await?;
        let epoch = sqlx::query_scalar!("select epoch from app.audit_cursor")
            .fetch_one(&system)
            .await?;
        let epoch = u32::try_from(epoch).map_err(Error::internal)?;
        let db = Db {
            inner: Arc::new(Inner {
                app,
                system,
                clock,
                chance,
                vault,
                epoch,
                ip_mode: IpMode::default(),
                base_url: None,
            }),
        };
        db.read_time().await?;
        Ok(db)
    }

    /// Reads the database's time, by which this process goes from then on.
    async fn read_time(&self) -> Result<()> {
        let mut tx = self.system().await?;
        tx.now().await?;
        tx.commit().await
    }

    /// Reads the database's time now and then, until `shutdown` turns true or its sender is gone: a process that claims
    /// nothing has no other occasion.
    pub async fn keep_time(&self, mut shutdown: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                biased;
                _ = shutdown.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(TIME_INTERVAL) => {}
            }
            if let Err(error) = self.read_time().await {
                tracing::debug!(%error, "the database's time could not be read");
            }
        }
    }

    /// The same, which keeps addresses of clients in this way and names pages by this address. [`crate::App::new`] calls it
    /// with the installation's settings.
    pub fn of_installation(&self, ip_mode: IpMode, base_url: &Url) -> Self {
        let inner = Inner {
            ip_mode,
            base_url: Some(base_url.clone()),
            ..(*self.inner).clone()
        };
        Db {
            inner: Arc::new(inner),
        }
    }

    /// Begins reading as this actor: a read-only transaction that shows the actor's tenant and branches.
    pub async fn read(&self, actor: &Actor) -> Result<ReadTx> {
        let tx = self
            .begin("begin read only", actor.tenant(), actor.scope())
            .await?;
        Ok(ReadTx::new(tx, actor.clone(), self.inner.clone()))
    }

    /// Begins reading one state of the database, however long it takes and whatever is committed meanwhile.
    pub(crate) async fn read_snapshot(&self, actor: &Actor) -> Result<ReadTx> {
        let tx = self
            .begin(
                "begin isolation level repeatable read read only",
                actor.tenant(),
                actor.scope(),
            )
            .await?;
        Ok(ReadTx::new(tx, actor.clone(), self.inner.clone()))
    }

    /// Begins writing as this actor. Nothing is kept unless the transaction is committed with its event.
    pub async fn write(&self, actor: &Actor) -> Result<WriteTx> {
        let tx = self.begin("begin", actor.tenant(), actor.scope()).await?;
        Ok(WriteTx::new(tx, actor.clone(), self.inner.clone()))
    }

    /// Begins reading with the tenant alone, no branch: for looking up the credential that will tell who acts.
    pub(crate) async fn authenticate(&self, tenant: TenantId, request: Request) -> Result<ReadTx> {
        let nobody = Actor::anonymous(tenant, request);
        self.read(&nobody).await
    }

    /// Begins looking across tenants, as the role whose few grants stand in the catalogue lint's list.
    pub(crate) async fn system(&self) -> Result<SystemTx> {
        let tx = begin(&self.inner.system, BEGIN_SYSTEM).await?;
        Ok(SystemTx::new(tx, self.inner.clone()))
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<()> {
        let mut tx = begin(&self.inner.system, "begin read only").await?;
        sqlx::query_scalar!("select 1 as one")
            .fetch_one(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.inner.app.close().await;
        self.inner.system.close().await;
    }

    async fn begin(
        &self,
        how: &str,
        tenant: TenantId,
        scope: &BranchScope,
    ) -> Result<Transaction<'static, Postgres>> {
        // Ids that were parsed as UUIDs and a constant: nothing that somebody typed is in this text.
        let statement = format!(
            "{how}; set local app.current_tenant = '{}'; set local app.current_branches = '{}'",
            tenant.uuid().hyphenated(),
            scope.setting(),
        );
        begin(&self.inner.app, &statement).await
    }
}

/// Begins a transaction on a connection that works.
///
/// Who goes away while waiting for a connection leaves the queue: nothing has been sent yet, and whoever stayed is served
/// sooner. From then on it cannot be cancelled. The pool hands connections out untested; when the server has been away each
/// idle one is broken, and only using it tells. Nothing has been done by then, so that the next one is as good.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where a transaction begins; its callers give it its tenant, or the role without one"
)]
async fn begin(pool: &PgPool, statement: &str) -> Result<Transaction<'static, Postgres>> {
    let mut broken_at_most = pool.options().get_max_connections();
    loop {
        let connection = pool.acquire().await?;
        let statement = AssertSqlSafe(statement.to_owned()).into_sql_str();
        match uncancelled(Transaction::begin(connection, Some(statement))).await? {
            Err(error) if broken_at_most > 0 && is_lost(&error) => broken_at_most -= 1,
            begun => return Ok(begun?),
        }
    }
}

/// Runs to its end even if the caller goes away; what it made is then dropped in order.
async fn uncancelled<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.map_err(Error::internal)
}

async fn pool(options: PgConnectOptions, max_connections: u32) -> Result<PgPool> {
    use sqlx::ConnectOptions as _;
    let options = options
        .application_name("intrex")
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        // A connection is tested when it comes back; testing it again before use would be a round trip a request.
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(pool)
}
