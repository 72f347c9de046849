//! The PostgreSQL of a test run: started by the first test that needs it, kept by this process and gone with it, however
//! it ends (the kernel tells the server when the thread that started it is no more). Nothing is durable: the next run
//! clears away what this one left.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{
        LazyLock, Mutex,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    time::Duration,
};

use intrex::private_postgres::{Durability, Options, PrivatePostgres, SUPERUSER};
use intrex_core::{
    clock::Clock,
    db::migrate::{InstallationKind, RolePasswords, migrate},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
    postgres::PgConnectOptions,
};

/// Enough for as many tests side by side as a machine has cores, each with a few connections.
const MAX_CONNECTIONS: u16 = 200;
/// Runs of this checkout side by side, each with a server of its own.
const RUNS_AT_ONCE: usize = 16;
/// The database that every test's own is copied from.
const TEMPLATE: &str = "intrex_template";
/// Databases that are copied before a test asks: copying takes longer than everything else that a test begins with.
const COPIED_AHEAD: usize = 2;
/// The roles that the product connects as, and the one that migrates.
const ROLES: [&str; 3] = ["intrex_migrate", "intrex_app", "intrex_system"];

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    // A thread of its own, because the first test that gets here is inside its own runtime.
    std::thread::spawn(Server::start)
        .join()
        .expect("PostgreSQL starts and is migrated")
});

struct Server {
    postgres: PrivatePostgres,
    copies: Mutex<Receiver<String>>,
    done_with: Sender<String>,
    /// Held as long as this process lives, so that another run takes another directory.
    _claim: File,
}

impl Server {
    fn start() -> Self {
        let (directory, claim) = claim_directory(Path::new(env!("CARGO_TARGET_TMPDIR")));
        let options = Options {
            max_connections: MAX_CONNECTIONS,
            durability: Durability::OffForTests,
            ready_within: Duration::from_secs(60),
            binaries: None,
        };
        let postgres = PrivatePostgres::start(&directory, &options).expect("PostgreSQL starts");
        let (ready, copies) = sync_channel(COPIED_AHEAD);
        let (done_with, finished) = channel();
        let server = Server {
            postgres,
            copies: Mutex::new(copies),
            done_with,
            _claim: claim,
        };
        runtime().block_on(server.make_template());
        let admin = server.options(SUPERUSER, "postgres");
        std::thread::spawn({
            let admin = admin.clone();
            move || runtime().block_on(copy_ahead(admin, ready))
        });
        std::thread::spawn(move || runtime().block_on(drop_finished(admin, finished)));
        server
    }

    async fn make_template(&self) {
        let mut admin = connect(&self.options(SUPERUSER, "postgres")).await;
        let left_over: Vec<String> = sqlx::query_scalar(
            "select datname::text from pg_database where datname ~ '^(it_|intrex_template$)'",
        )
        .fetch_all(&mut admin)
        .await
        .expect("databases are listed");
        for name in left_over {
            let drop = format!("drop database {name} with (force)");
            admin
                .execute(AssertSqlSafe(drop))
                .await
                .expect("is dropped");
        }
        admin
            .execute(AssertSqlSafe(format!("create database {TEMPLATE}")))
            .await
            .expect("is created");
        let passwords: RolePasswords = ROLES
            .map(|role| {
                let password = self.postgres.role_password(role).expect("has a password");
                (role, password)
            })
            .into();
        let kind = InstallationKind::Production;
        migrate(
            self.options(SUPERUSER, TEMPLATE),
            &passwords,
            kind,
            &Clock::system(),
        )
        .await
        .expect("the migrations run");
    }

    fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        self.postgres
            .conn(role, database)
            .expect("the role is known")
            .disable_statement_logging()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options)
        .await
        .expect("the role connects")
}

async fn copy_ahead(admin: PgConnectOptions, ready: SyncSender<String>) {
    let mut admin = connect(&admin).await;
    for number in 0.. {
        let name = format!("it_{number}");
        let copy = format!("create database {name} template {TEMPLATE}");
        // Who may connect is not copied along.
        let close = format!(
            "revoke all on database {name} from public; grant connect on database {name} to {}",
            ROLES.join(", ")
        );
        for statement in [copy, close] {
            admin
                .execute(AssertSqlSafe(statement))
                .await
                .expect("the template is copied");
        }
        if ready.send(name).is_err() {
            break;
        }
    }
}

async fn drop_finished(admin: PgConnectOptions, finished: Receiver<String>) {
    let mut admin = connect(&admin).await;
    for name in finished {
        let drop = format!("drop database {name} with (force)");
        admin
            .execute(AssertSqlSafe(drop))
            .await
            .expect("the database is dropped");
    }
}

/// The first directory that no other run uses.
fn claim_directory(root: &Path) -> (PathBuf, File) {
    std::fs::create_dir_all(root).expect("the target directory is writable");
    for number in 0..RUNS_AT_ONCE {
        let directory = root.join(format!("it-{number}"));
        let claim = File::create(directory.with_extension("lock")).expect("can be made");
        match claim.try_lock() {
            Ok(()) => return (directory, claim),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => panic!("{}: {error}", directory.display()),
        }
    }
    panic!("{RUNS_AT_ONCE} runs of these tests are going on already");
}

/// A database of one test.
#[derive(Debug)]
pub(crate) struct Database {
    name: String,
}

impl Database {
    /// A copy of the migrated template.
    pub(crate) fn copy() -> Self {
        let copies = SERVER
            .copies
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let name = copies.recv().expect("databases are copied ahead");
        Database { name }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How to connect as a role of the product.
    pub(crate) fn options(&self, role: &str) -> PgConnectOptions {
        SERVER.options(role, &self.name)
    }

    /// How to connect as the superuser: for tampering, and for looking at what no role of the product may see.
    pub(crate) fn superuser_options(&self) -> PgConnectOptions {
        SERVER.options(SUPERUSER, &self.name)
    }

    /// A connection as a role of the product.
    pub(crate) async fn connect(&self, role: &str) -> PgConnection {
        connect(&self.options(role)).await
    }

    /// A connection as the superuser.
    pub(crate) async fn superuser(&self) -> PgConnection {
        connect(&self.superuser_options()).await
    }
}

/// Removed in the background; what a killed run leaves, the next one removes.
impl Drop for Database {
    fn drop(&mut self) {
        // The thread that drops is gone only when the whole process is going.
        let _ = SERVER.done_with.send(std::mem::take(&mut self.name));
    }
}
