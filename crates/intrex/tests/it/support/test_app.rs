//! The application of one test: a real database and real keys, a clock that stands until it is told to move. A test ends
//! with [`TestApp::finish`], which checks what every test must leave behind; one that forgets it fails.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use intrex_core::{
    App,
    app::Settings,
    audit::{sequencer, verify},
    clock::{Chance, Clock},
    db::{Db, DbOptions},
    network::IpMode,
    vault::{Key, KeyRing, Keys, Vault, passwords},
};
use sqlx::PgConnection;

use super::server::Database;

/// When every test begins: a Sunday in a month of 30 days.
pub(crate) const STANDING_AT: &str = "2026-11-22T03:00:00Z";
/// Connections of `intrex_app` that one test's application may hold.
const POOL_CONNECTIONS: u32 = 4;
/// How long the sequencer may be held up by the transactions of tests beside this one: they share a server, and an open
/// transaction anywhere holds the log's order back, and the import of 50,000 rows is one for as long as it takes.
const DRAIN_LIMIT: Duration = Duration::from_secs(300);
/// How often it is looked whether they have ended.
const DRAIN_INTERVAL: Duration = Duration::from_millis(5);

/// The work that every organisation always has planned, and telling admins of security events, which many things lead to
/// that a test is not about; it runs when a test says so.
const RECURRING_JOBS: [&str; 6] = [
    "reminders.plan",
    "digests.send",
    "housekeeping",
    "access.upkeep",
    "oidc.upkeep",
    "security.tell",
];

/// A test's application.
#[derive(Debug)]
pub(crate) struct TestApp {
    /// What commands and reads take.
    pub(crate) app: App,
    database: Database,
    /// The key that cookies are signed with: for forging them.
    pub(crate) auth_key: Vec<u8>,
    keys: Keys,
    finished: bool,
    due_jobs: i64,
    broken_on_purpose: bool,
}

impl TestApp {
    /// An installation without tenants.
    pub(crate) async fn start() -> Self {
        Self::start_with(POOL_CONNECTIONS).await
    }

    /// The same with another number of connections.
    pub(crate) async fn start_with(max_connections: u32) -> Self {
        let database = Database::copy();
        let clock = Clock::standing_at(standing_at());
        let options = DbOptions {
            app: database.options("intrex_app"),
            system: database.options("intrex_system"),
            max_connections,
        };
        let auth_key = Chance.bytes::<32>().to_vec();
        let keys = random_keys(&auth_key);
        let vault = Arc::new(Vault::new(keys.clone(), passwords::MIN_COST));
        let db = Db::connect(options, clock.clone(), Chance, vault.clone())
            .await
            .expect("the unprivileged roles connect");
        TestApp {
            app: App::new(db, clock, Chance, vault, settings()),
            database,
            auth_key,
            keys,
            finished: false,
            due_jobs: 0,
            broken_on_purpose: false,
        }
    }

    /// The same installation in another process: its own connections, the same database, keys and clock. Close its
    /// database when it is done with.
    pub(crate) async fn another_process(&self) -> App {
        let clock = self.app.clock.clone();
        self.process_with(self.app.vault.clone(), clock).await
    }

    /// The same on another machine, whose clock is its own.
    pub(crate) async fn another_machine(&self, clock: &Clock) -> App {
        let clock = clock.of_another_machine();
        let app = self.process_with(self.app.vault.clone(), clock).await;
        App {
            mailer: self.app.mailer.clone(),
            outgoing: self.app.outgoing.clone(),
            ..app
        }
    }

    /// Starts again with other keys. What was made under the former ones is still in the database.
    pub(crate) async fn restart_with(&mut self, change: impl FnOnce(&mut Keys)) {
        change(&mut self.keys);
        let vault = Arc::new(Vault::new(self.keys.clone(), passwords::MIN_COST));
        let fresh = self.process_with(vault, self.app.clock.clone()).await;
        let former = std::mem::replace(&mut self.app, fresh);
        former.db.close().await;
    }

    /// What second factors are sealed with.
    pub(crate) fn mfa_ring(&self) -> &KeyRing {
        &self.keys.mfa
    }

    /// The names of the keys that seal second factors and wrap data keys now.
    pub(crate) fn key_ids(&self) -> (&str, &str) {
        (
            self.keys.mfa.current().id(),
            self.keys.connector.current().id(),
        )
    }

    async fn process_with(&self, vault: Arc<Vault>, clock: Clock) -> App {
        let options = DbOptions {
            app: self.database.options("intrex_app"),
            system: self.database.options("intrex_system"),
            max_connections: POOL_CONNECTIONS,
        };
        let db = Db::connect(options, clock.clone(), Chance, vault.clone())
            .await
            .expect("the unprivileged roles connect");
        App::new(db, clock, Chance, vault, (*self.app.settings).clone())
    }

    /// Changes the installation's settings from now on.
    pub(crate) fn set(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (*self.app.settings).clone();
        change(&mut settings);
        let (ip_mode, base_url) = (settings.ip_mode, &settings.base_url);
        self.app.db = self.app.db.of_installation(ip_mode, base_url);
        self.app.settings = Arc::new(settings);
    }

    /// The database beneath, for tests of the database itself.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// A connection as the superuser: for tampering, and for looking at what no role of the product may see.
    pub(crate) async fn superuser(&self) -> PgConnection {
        self.database().superuser().await
    }

    /// Says that this test leaves so many due jobs behind, on purpose. The recurring ones do not count.
    pub(crate) fn leaves_due_jobs(&mut self, jobs: i64) {
        self.due_jobs = jobs;
    }

    /// Says that this test has damaged its audit log, on purpose.
    pub(crate) fn leaves_the_log_broken(&mut self) {
        self.broken_on_purpose = true;
    }

    /// Gives every committed event its place in its chain.
    pub(crate) async fn sequence(&self) {
        self.sequence_all(&mut self.superuser().await).await;
    }

    async fn sequence_all(&self, superuser: &mut PgConnection) {
        let sequenced = tokio::time::timeout(DRAIN_LIMIT, async {
            loop {
                while sequencer::sequence_once(&self.app)
                    .await
                    .expect("the sequencer works")
                    > 0
                {}
                if unsequenced(superuser).await == 0 {
                    break;
                }
                tokio::time::sleep(DRAIN_INTERVAL).await;
            }
        });
        if sequenced.await.is_err() {
            panic!(
                "{} events have no place in a chain",
                unsequenced(superuser).await
            );
        }
    }

    /// Ends the test: every event has its place, every chain verifies, no due job is left, and the database is removed.
    pub(crate) async fn finish(mut self) {
        let mut superuser = self.superuser().await;
        if !self.broken_on_purpose {
            self.sequence_all(&mut superuser).await;
            let verdicts = verify::verify_all(&self.app)
                .await
                .expect("the log can be read");
            for verdict in verdicts {
                if let verify::Verdict::Broken(broken) = verdict {
                    panic!("the audit log is broken: {broken}");
                }
            }
        }
        let unnamed = self.actions_without_words(&mut superuser).await;
        assert!(
            unnamed.is_empty(),
            "no words for what was done: {unnamed:?}"
        );
        let left = self.due_jobs_left(&mut superuser).await;
        assert!(
            left <= self.due_jobs,
            "{left} due jobs are left, {} are expected",
            self.due_jobs
        );
        self.app.db.close().await;
        self.finished = true;
    }

    /// What was told in the log, by a name that the catalogue has no words for.
    async fn actions_without_words(&self, superuser: &mut PgConnection) -> Vec<String> {
        let actions: Vec<String> = sqlx::query_scalar(
            "select distinct action from app.audit_events where category not in ('test', 'thing') order by 1",
        )
        .fetch_all(superuser)
        .await
        .expect("the actions");
        let named = |action: &String| {
            let key = format!("action-{}", action.replace('.', "-"));
            intrex_core::catalogue::Key::find(&key).is_some()
        };
        actions
            .into_iter()
            .filter(|action| !named(action))
            .collect()
    }

    async fn due_jobs_left(&self, superuser: &mut PgConnection) -> i64 {
        sqlx::query_scalar("select count(*) from app.jobs where run_at <= $1 and kind <> all($2)")
            .bind(self.app.now())
            .bind(RECURRING_JOBS)
            .fetch_one(superuser)
            .await
            .expect("jobs are counted")
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        assert!(
            self.finished || std::thread::panicking(),
            "a test ends with `app.finish().await`: without it nothing has checked what it left behind"
        );
    }
}

async fn unsequenced(superuser: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "select count(*) from app.audit_events e where not exists
           (select from app.audit_leaves l where l.tenant_id = e.tenant_id and l.event_id = e.id)",
    )
    .fetch_one(superuser)
    .await
    .expect("events are counted")
}

fn standing_at() -> DateTime<Utc> {
    STANDING_AT.parse().expect("an instant")
}

fn random_keys(auth: &[u8]) -> Keys {
    let ring = || {
        let key = Key::from_bytes(Chance.bytes::<32>().to_vec());
        KeyRing::new(key.expect("random bytes are a key"), None)
    };
    Keys {
        auth: KeyRing::new(
            Key::from_bytes(auth.to_vec()).expect("random bytes are a key"),
            None,
        ),
        csrf: ring(),
        password_pepper: ring(),
        mfa: ring(),
        connector: ring(),
    }
}

fn settings() -> Settings {
    Settings {
        base_url: "http://localhost:8080".parse().expect("an address"),
        demo: false,
        lockout_threshold: 10,
        lockout_enabled: true,
        lockout_window_sec: 600,
        lockout_base_cooldown_sec: 300,
        auth_rate_limit_window_sec: 60,
        auth_rate_limit_max: 10,
        recovery_codes_count: 10,
        ip_mode: IpMode::Raw,
    }
}
