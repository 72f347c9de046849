//! The private server against real processes, real signals and real kills. What a file does by itself is tested at the
//! file's end.

use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{SIGKILL, SIGSTOP, kill};
use nix::unistd::Pid;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use super::layout::make_data_dir;
use super::server::{PidFile, processes_in, wait_until};
use super::*;

/// Far more than anything here takes: a test that waits this long has failed.
const LIMIT: Duration = Duration::from_secs(60);

/// Set for the copy of this test program that is going to be killed.
const VICTIM: &str = "INTREX_TEST_PRIVATE_POSTGRES_VICTIM";

fn options() -> Options {
    Options {
        max_connections: 20,
        durability: Durability::OffForTests,
        ..Options::default()
    }
}

fn durable() -> Options {
    Options {
        durability: Durability::Full,
        ..options()
    }
}

/// A data directory that leaves nothing behind, wherever the cluster lies.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self { dir }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn layout(&self) -> Layout {
        let data_dir = make_data_dir(&self.data()).expect("can be made");
        Layout::prepare(&data_dir).expect("can be laid out")
    }

    fn server_pid(&self) -> Pid {
        PidFile::read(&self.layout()).expect("the server runs").pid
    }

    /// Waits until no server works here any more.
    fn wait_for_the_end(&self) {
        let layout = self.layout();
        eventually("the server ends", || {
            processes_in(&layout.cluster).is_empty().then_some(())
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let layout = self.layout();
        let ended = wait_until(LIMIT, || {
            Ok(processes_in(&layout.cluster).is_empty().then_some(()))
        });
        let cleaned = ended.and_then(|_| layout.remove());
        assert!(
            cleaned.is_ok() || std::thread::panicking(),
            "cannot clean up: {cleaned:?}"
        );
    }
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait_until(LIMIT, || Ok(look()))
        .expect("looking cannot fail")
        .unwrap_or_else(|| panic!("never: {what}"))
}

/// Runs statements in one session as the superuser; answers the last one's only value.
fn ask(server: &PrivatePostgres, statements: &[&'static str]) -> sqlx::Result<String> {
    let connection = server
        .conn(SUPERUSER, "postgres")
        .expect("the password is there");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut session = PgConnection::connect_with(&connection).await?;
        let (last, before) = statements.split_last().expect("at least one statement");
        for statement in before {
            sqlx::raw_sql(*statement).execute(&mut session).await?;
        }
        let answer = sqlx::query_scalar(*last).fetch_one(&mut session).await?;
        session.close().await?;
        Ok(answer)
    })
}

const REMEMBER: &str =
    "create table remembered (what text not null); insert into remembered values ('filed')";
const RECALL: &str = "select what from remembered";

#[test]
fn the_server_listens_on_its_socket_only_and_wants_the_password() {
    let place = Place::new();
    let server = PrivatePostgres::start(&place.data(), &options()).expect("starts");

    // None of the server's sockets is among the machine's TCP sockets.
    let of_server: Vec<String> = std::fs::read_dir(format!("/proc/{}/fd", place.server_pid()))
        .expect("we may look at it")
        .filter_map(|fd| {
            Some(
                std::fs::read_link(fd.ok()?.path())
                    .ok()?
                    .to_str()?
                    .to_owned(),
            )
        })
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    assert!(!of_server.is_empty(), "it has its unix socket");
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let listing = std::fs::read_to_string(table).unwrap_or_default();
        let inodes: Vec<&str> = listing
            .lines()
            .filter_map(|line| line.split_whitespace().nth(9))
            .collect();
        assert!(
            of_server
                .iter()
                .all(|inode| !inodes.contains(&inode.as_str())),
            "no TCP socket in {table}"
        );
    }
    let socket_dir = std::fs::metadata(server.socket_dir()).expect("is there");
    assert_eq!(socket_dir.mode() & 0o777, 0o700);

    assert_eq!(
        ask(&server, &["select current_user::text"]).expect("connects"),
        "postgres"
    );
    let encoding =
        "select current_setting('server_encoding') || ' ' || current_setting('data_checksums')";
    assert_eq!(ask(&server, &[encoding]).expect("connects"), "UTF8 on");
    let wrong = server
        .conn(SUPERUSER, "postgres")
        .expect("the password is there")
        .password("wrong");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let refused = runtime
        .block_on(PgConnection::connect_with(&wrong))
        .expect_err("a wrong password");
    assert!(
        refused
            .to_string()
            .contains("password authentication failed"),
        "{refused}"
    );
}

#[test]
fn the_server_never_runs_as_root_and_is_started_durable() {
    let place = Place::new();
    let server = PrivatePostgres::start(&place.data(), &durable()).expect("starts");
    let process = std::fs::metadata(format!("/proc/{}", place.server_pid())).expect("it runs");
    assert_ne!(process.uid(), 0);
    let settings = "select string_agg(setting, ' ' order by name) from pg_settings
                    where name in ('fsync', 'full_page_writes', 'synchronous_commit')";
    assert_eq!(ask(&server, &[settings]).expect("connects"), "on on on");
}

#[test]
fn a_stopped_server_is_gone_and_a_second_start_keeps_the_data() {
    let place = Place::new();
    let first = PrivatePostgres::start(&place.data(), &options()).expect("starts");
    ask(&first, &[REMEMBER, RECALL]).expect("is written");
    first.stop();
    assert!(
        processes_in(&place.layout().cluster).is_empty(),
        "stop waits for the end"
    );
    assert_eq!(
        PidFile::read(&place.layout()),
        None,
        "an orderly stop takes its postmaster.pid along"
    );

    let second = PrivatePostgres::start(&place.data(), &options()).expect("starts again");
    assert_eq!(ask(&second, &[RECALL]).expect("is read"), "filed");
}

#[test]
fn a_killed_server_is_started_again_with_what_was_committed() {
    let place = Place::new();
    let server = PrivatePostgres::start(&place.data(), &durable()).expect("starts");
    ask(&server, &[REMEMBER, RECALL]).expect("is written");

    let killed = place.server_pid();
    kill(killed, SIGKILL).expect("we may");
    eventually("another server is ready", || {
        PidFile::read(&place.layout()).filter(|file| file.ready && file.pid != killed)
    });
    assert_eq!(ask(&server, &[RECALL]).expect("is read"), "filed");
}

#[test]
fn one_process_owns_the_server_others_attach_and_take_over() {
    let place = Place::new();
    let owner = PrivatePostgres::start(&place.data(), &options()).expect("starts");
    ask(&owner, &[REMEMBER, RECALL]).expect("is written");

    let refused = PrivatePostgres::start(&place.data(), &options())
        .expect_err("has an owner")
        .to_string();
    assert!(
        refused.contains(&format!("process {}", std::process::id())),
        "{refused}"
    );

    let attached = PrivatePostgres::attach_or_start(&place.data(), &options()).expect("attaches");
    assert!(owner.is_owner() && !attached.is_owner());
    let server = place.server_pid();
    let passing = PrivatePostgres::attach_or_start(&place.data(), &options()).expect("attaches");
    assert_eq!(ask(&passing, &[RECALL]).expect("is read"), "filed");
    passing.stop();
    assert_eq!(
        place.server_pid(),
        server,
        "one that was attached does not stop the server"
    );

    owner.stop();
    eventually("the other one takes over", || {
        attached.is_owner().then_some(())
    });
    eventually("its server answers", || {
        ask(&attached, &[RECALL])
            .ok()
            .filter(|what| what == "filed")
    });
}

/// The process that is going to be killed; it never survives its test.
struct Victim(Child);

impl Victim {
    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }

    fn kill(&mut self) {
        self.0.kill().expect("we may");
        self.0.wait().expect("ends");
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts this very test in another process, with the server of `place`, and waits until that server has answered.
fn start_victim(place: &Place, test: &str) -> Victim {
    let victim = Command::new(std::env::current_exe().expect("has a path"))
        .args(["--exact", &format!("private_postgres::tests::{test}")])
        .env(VICTIM, place.data())
        .stdout(Stdio::null())
        .spawn()
        .map(Victim)
        .expect("can be started");
    eventually("the victim's server has a table", || {
        place.data().join("remembered").exists().then_some(())
    });
    victim
}

/// In the process that is going to be killed: runs a server, writes, says so, and stays.
fn be_the_victim_if_asked() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how this test tells its copy what to do"
    )]
    let Some(data_dir) = std::env::var_os(VICTIM).map(PathBuf::from) else {
        return;
    };
    let server = PrivatePostgres::start(&data_dir, &durable()).expect("starts");
    ask(&server, &[REMEMBER, RECALL]).expect("is written");
    std::fs::write(data_dir.join("remembered"), "").expect("can be written");
    loop {
        std::thread::park();
    }
}

#[test]
fn when_the_program_is_killed_its_server_stops_in_order() {
    be_the_victim_if_asked();
    let place = Place::new();
    let mut victim = start_victim(
        &place,
        "when_the_program_is_killed_its_server_stops_in_order",
    );
    victim.kill();

    place.wait_for_the_end();
    let log = std::fs::read_to_string(place.layout().log).expect("is there");
    assert!(
        log.contains("received fast shutdown request"),
        "the kernel told the server to stop: {log}"
    );
    assert!(
        log.trim_end().ends_with("database system is shut down"),
        "and it did so in order: {log}"
    );
    assert_eq!(PidFile::read(&place.layout()), None);
}

#[test]
fn after_program_and_server_are_killed_the_next_start_recovers() {
    be_the_victim_if_asked();
    let place = Place::new();
    let mut victim = start_victim(
        &place,
        "after_program_and_server_are_killed_the_next_start_recovers",
    );
    let server = place.server_pid();
    // First the server, which then cannot hear that its parent ends, and which nobody can start again any more.
    kill(victim.pid(), SIGSTOP).expect("we may");
    kill(server, SIGKILL).expect("we may");
    victim.kill();

    // The worst stale file: its number belongs to a living process of the server's own account by now.
    let layout = place.layout();
    let path = layout.cluster.join("postmaster.pid");
    let mut neighbour = {
        let mut command = Command::new("sleep");
        if let Some(account) = layout.account {
            use std::os::unix::process::CommandExt;
            command.uid(account.uid).gid(account.gid);
        }
        command.arg("600").spawn().expect("can be started")
    };
    let [_, socket_lock] = layout.socket_files();
    for file in [path, socket_lock] {
        let stale = std::fs::read_to_string(&file).expect("a killed server leaves it");
        let rest = stale.split_once('\n').expect("has lines").1;
        std::fs::write(&file, format!("{}\n{rest}", neighbour.id())).expect("can be written");
    }

    let next = PrivatePostgres::start(&place.data(), &options()).expect("starts");
    assert_eq!(ask(&next, &[RECALL]).expect("is read"), "filed");
    assert!(
        neighbour.try_wait().expect("can be asked").is_none(),
        "an innocent process is left alone"
    );
    neighbour.kill().expect("we may");
    neighbour.wait().expect("ends");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let place = Place::new();
    PrivatePostgres::start(&place.data(), &options())
        .expect("starts")
        .stop();
    std::fs::remove_file(place.layout().cluster.join("global/pg_control")).expect("is there");
    let error =
        PrivatePostgres::start(&place.data(), &options()).expect_err("the cluster is damaged");
    let message = format!("{error:#}");
    assert!(
        message.contains("could not find the database system"),
        "the log's end is in the message: {message}"
    );
}

#[test]
fn a_server_that_is_removed_leaves_neither_cluster_nor_socket() {
    let place = Place::new();
    let server = PrivatePostgres::start(&place.data(), &options()).expect("starts");
    let (cluster, socket_dir) = (place.layout().cluster, server.socket_dir().to_owned());
    server.remove().expect("is ours");
    assert!(!cluster.exists() && !socket_dir.exists());
}

#[test]
fn a_cluster_left_half_made_is_made_anew() {
    let place = Place::new();
    let half = place.layout().base.join("cluster.new");
    std::fs::create_dir_all(half.join("base")).expect("can be made");
    std::fs::write(half.join("PG_VERSION"), "15").expect("can be written");
    let server = PrivatePostgres::start(&place.data(), &options()).expect("starts");
    assert_eq!(ask(&server, &["select 'here'"]).expect("connects"), "here");
    assert!(!half.exists());
}

#[test]
fn a_deleted_data_directory_starts_afresh_without_destroying_the_old_cluster() {
    let place = Place::new();
    let first = PrivatePostgres::start(&place.data(), &options()).expect("starts");
    ask(&first, &[REMEMBER, RECALL]).expect("is written");
    first.stop();
    std::fs::remove_dir_all(place.data()).expect("can be deleted");

    let second = PrivatePostgres::start(&place.data(), &options()).expect("starts afresh");
    let tables = "select count(*)::text from pg_tables where tablename = 'remembered'";
    assert_eq!(ask(&second, &[tables]).expect("connects"), "0");
    let layout = place.layout();
    let kept = layout.base.join("cluster.without-passwords.1").exists();
    assert_eq!(
        kept,
        !layout
            .base
            .starts_with(place.dir.path().canonicalize().expect("is there"))
    );
}
