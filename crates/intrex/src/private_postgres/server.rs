//! One running PostgreSQL process: how it is started so that it cannot outlive this program, how we see that it is
//! ready, and how it is stopped.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{SIGINT, SIGKILL, SIGQUIT, Signal, kill};
use nix::unistd::{Pid, getppid};

use super::binaries::Binaries;
use super::layout::{self, Layout};
use super::{Durability, Options, PORT};

/// How often a state that nobody announces is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// An orderly shutdown ends every session and writes a checkpoint; longer than this and something hangs.
const ORDERLY_STOP_LIMIT: Duration = Duration::from_secs(30);

/// After SIGQUIT the server only ends its processes.
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(10);

/// The log is moved aside at this size; one old file is kept.
const LOG_MAX_BYTES: u64 = 8 * 1024 * 1024;

/// How much of the log an error message repeats.
const LOG_TAIL_MAX_BYTES: u64 = 4 * 1024;

/// Looks every few milliseconds until there is an answer or the time is over (`None`).
pub(super) fn wait_until<T>(
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = look()? {
            return Ok(Some(answer));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// Everything needed to start the server, once or again.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    program: PathBuf,
    layout: Layout,
    settings: Vec<String>,
    ready_within: Duration,
}

impl Plan {
    pub(super) fn new(binaries: &Binaries, layout: &Layout, options: &Options) -> Self {
        Self {
            program: binaries.dir.join("postgres"),
            layout: layout.clone(),
            settings: settings(options),
            ready_within: options.ready_within,
        }
    }
}

/// The server's settings. Given on the command line, they hold over anything in its files.
fn settings(options: &Options) -> Vec<String> {
    let mut settings = vec![
        // Only the socket, and only for the account that owns its directory.
        "listen_addresses=".to_owned(),
        format!("port={PORT}"),
        "unix_socket_permissions=0700".to_owned(),
        "password_encryption=scram-sha-256".to_owned(),
        format!("max_connections={}", options.max_connections),
        "shared_buffers=128MB".to_owned(),
        // Short statements by index: compiling them costs more than it saves.
        "jit=off".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "log_destination=stderr".to_owned(),
        "logging_collector=off".to_owned(),
        "cluster_name=intrex".to_owned(),
        // Neither statements nor the values in a DETAIL line belong into a log: they are people's data.
        "log_min_error_statement=panic".to_owned(),
        "log_error_verbosity=terse".to_owned(),
    ];
    if options.durability == Durability::OffForTests {
        settings.extend(
            [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
            ]
            .map(str::to_owned),
        );
    }
    settings
}

/// A command for one of PostgreSQL's programs: as the server's account, in a process group of its own (Ctrl-C reaches
/// this program alone), without our environment, and sent `when_orphaned` if the calling thread ends.
pub(super) fn command(
    program: PathBuf,
    layout: &Layout,
    log: &Log,
    when_orphaned: Signal,
) -> Result<Command> {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.file.try_clone()?)
        .stderr(log.file.try_clone()?);
    if let Some(account) = layout.account {
        // The standard library drops the supplementary groups of root along with this.
        command.gid(account.gid).uid(account.uid);
    }
    let parent = Pid::this();
    let die_with_parent = move || {
        nix::sys::prctl::set_pdeathsig(when_orphaned)?;
        // The parent may have ended before the line above took effect.
        if getppid() == parent {
            Ok(())
        } else {
            Err(Errno::ESRCH.into())
        }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; the closure makes two system calls
    // (prctl, getppid) and neither allocates nor takes a lock.
    #[expect(
        unsafe_code,
        reason = "the standard library has no safe way to set the parent-death signal"
    )]
    unsafe {
        command.pre_exec(die_with_parent);
    }
    Ok(command)
}

/// The server process that this program has started and will reap.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    log: Log,
}

impl Server {
    /// Starts the server and waits until it is ready. `None` when `cancelled` said so first.
    ///
    /// The parent-death signal follows the *thread* that calls this: it must live as long as the server.
    pub(super) fn start(plan: &Plan, cancelled: impl Fn() -> bool) -> Result<Option<Self>> {
        let layout = &plan.layout;
        clear_leftovers(layout)?;
        let log = Log::open(layout)?;
        let mut command = command(plan.program.clone(), layout, &log, SIGINT)?;
        command
            .arg("-D")
            .arg(&layout.cluster)
            .arg("-k")
            .arg(&layout.socket_dir);
        for setting in &plan.settings {
            command.args(["-c", setting]);
        }
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {}", plan.program.display()))?;
        let mut server = Self { child, log };
        let seen = wait_until(plan.ready_within, || {
            Ok(if cancelled() {
                Some(Seen::Cancelled)
            } else if let Some(status) = server.child.try_wait()? {
                Some(Seen::Ended(status))
            } else {
                PidFile::read(layout)
                    .filter(|file| file.ready && file.pid == server.pid())
                    .map(|_| Seen::Ready)
            })
        })?;
        match seen {
            Some(Seen::Ready) => Ok(Some(server)),
            Some(Seen::Cancelled) => {
                server.stop();
                Ok(None)
            }
            Some(Seen::Ended(status)) => bail!(
                "PostgreSQL ended ({status}); its log ends with:\n{}",
                server.log.tail()
            ),
            None => {
                server.stop();
                let limit = plan.ready_within.as_secs();
                bail!(
                    "PostgreSQL was not ready within {limit} s; its log ends with:\n{}",
                    server.log.tail()
                )
            }
        }
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// How the server ended, if it has.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// Ends the server: in order, at once, or by force, whichever it listens to.
    pub(super) fn stop(&mut self) {
        for (signal, limit) in [
            (SIGINT, ORDERLY_STOP_LIMIT),
            (SIGQUIT, IMMEDIATE_STOP_LIMIT),
            (SIGKILL, Duration::MAX),
        ] {
            // Not reaped yet, so the number cannot belong to another process.
            if let Err(error) = kill(self.pid(), signal) {
                tracing::debug!(%error, %signal, "PostgreSQL could not be signalled");
            }
            let limit = limit.min(Duration::from_secs(3600));
            match wait_until(limit, || self.ended()) {
                Ok(Some(_)) => return,
                Ok(None) => tracing::warn!(%signal, "PostgreSQL did not stop in time"),
                Err(error) => tracing::error!(%error, "cannot wait for PostgreSQL"),
            }
        }
    }
}

enum Seen {
    Ready,
    Cancelled,
    Ended(ExitStatus),
}

/// A server that another process runs.
#[derive(Debug)]
pub(super) struct RunningServer {
    pub(super) pid: Pid,
    pub(super) socket_dir: PathBuf,
}

impl RunningServer {
    /// The server that is ready in this layout, if there is one.
    pub(super) fn find(layout: &Layout) -> Option<Self> {
        let file = PidFile::read(layout)?;
        let alive = processes_in(&layout.cluster).contains(&file.pid);
        (file.ready && alive).then_some(Self {
            pid: file.pid,
            socket_dir: file.socket_dir,
        })
    }
}

/// What `postmaster.pid` says: the process on line 1, the socket's directory on line 5, the state on line 8.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: Pid,
    pub(super) socket_dir: PathBuf,
    pub(super) ready: bool,
}

impl PidFile {
    fn path(layout: &Layout) -> PathBuf {
        layout.cluster.join("postmaster.pid")
    }

    pub(super) fn read(layout: &Layout) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(Self::path(layout)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        Some(Self {
            pid: Pid::from_raw(lines.first()?.trim().parse().ok()?),
            socket_dir: PathBuf::from(lines.get(4)?),
            ready: lines.get(7)?.trim() == "ready",
        })
    }
}

/// The PostgreSQL processes that work in this cluster, whoever started them: each has it as its current directory.
pub(super) fn processes_in(cluster: &Path) -> Vec<Pid> {
    let works_there = |pid: &Pid| {
        let process = PathBuf::from(format!("/proc/{pid}"));
        std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == cluster)
            && std::fs::read_to_string(process.join("comm"))
                .is_ok_and(|comm| comm.trim() == "postgres")
    };
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .to_str()?
                .parse()
                .ok()
                .map(Pid::from_raw)
        })
        .filter(works_there)
        .collect()
}

/// Makes way after a program or a server that was killed. We hold the lock, so whatever still works in the cluster is
/// an orphan: it is ending by itself, and is told to if it is not. The files that then remain are stale; PostgreSQL
/// takes them for those of a running server as soon as the process number inside belongs to another process, which
/// in a container happens soon (or to a dead one that nobody has reaped).
fn clear_leftovers(layout: &Layout) -> Result<()> {
    for (signal, limit) in [
        (SIGINT, ORDERLY_STOP_LIMIT),
        (SIGQUIT, IMMEDIATE_STOP_LIMIT),
    ] {
        let orphans = processes_in(&layout.cluster);
        if orphans.is_empty() {
            break;
        }
        tracing::warn!(processes = orphans.len(), %signal, "ending PostgreSQL processes left by a program that was killed");
        let server = PidFile::read(layout).map(|file| file.pid);
        for orphan in orphans
            .into_iter()
            .filter(|pid| signal == SIGQUIT || Some(*pid) == server)
        {
            match kill(orphan, signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot signal process {orphan}"));
                }
            }
        }
        wait_until(limit, || {
            Ok(processes_in(&layout.cluster).is_empty().then_some(()))
        })?;
    }
    if let Some(pid) = processes_in(&layout.cluster).first() {
        bail!(
            "PostgreSQL process {pid} still works in {} and does not end",
            layout.cluster.display()
        );
    }
    let [socket, socket_lock] = layout.socket_files();
    for stale in [PidFile::path(layout), socket_lock, socket] {
        match std::fs::remove_file(&stale) {
            Ok(()) => tracing::warn!(file = %stale.display(), "removed what a killed server left"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot remove {}", stale.display()));
            }
        }
    }
    Ok(())
}

/// What the server prints, in a file that stays bounded and outlives both processes.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    path: PathBuf,
    start: u64,
}

impl Log {
    pub(super) fn open(layout: &Layout) -> Result<Self> {
        let path = layout.log.clone();
        let open = || {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
                .open(&path)?;
            let (uid, gid) = layout::owner_of(&layout.base)?;
            fchown(&file, Some(uid), Some(gid))?;
            let start = file.metadata()?.len();
            Ok::<_, std::io::Error>((file, start))
        };
        let (file, start) = open().with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { file, path, start })
    }

    /// Keeps the file bounded. The server appends, so it goes on at the new end.
    pub(super) fn keep_bounded(&self) {
        let moved = self.file.metadata().and_then(|metadata| {
            if metadata.len() > LOG_MAX_BYTES {
                std::fs::copy(&self.path, self.path.with_extension("log.1"))?;
                self.file.set_len(0)?;
            }
            Ok(())
        });
        if let Err(error) = moved {
            tracing::warn!(path = %self.path.display(), %error, "cannot move the PostgreSQL log aside");
        }
    }

    /// The end of what was printed since this log was opened.
    pub(super) fn tail(&self) -> String {
        let read = || {
            let mut file = File::open(&self.path)?;
            let length = file.metadata()?.len();
            let start = self
                .start
                .max(length.saturating_sub(LOG_TAIL_MAX_BYTES))
                .min(length);
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::new();
            file.take(LOG_TAIL_MAX_BYTES).read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).trim_end().to_owned())
        };
        read().unwrap_or_else(|error| format!("({} cannot be read: {error})", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "4711\n/c\n1700000000\n5432\n/run/x\n\n  1234 5\nready   \n";

    #[test]
    fn the_pid_file_tells_the_process_the_socket_and_the_state() {
        let expected = PidFile {
            pid: Pid::from_raw(4711),
            socket_dir: "/run/x".into(),
            ready: true,
        };
        assert_eq!(PidFile::parse(READY), Some(expected));
        let starting = READY.replace("ready   ", "starting");
        assert!(!PidFile::parse(&starting).expect("is complete").ready);
        assert_eq!(
            PidFile::parse("4711\n/c\n"),
            None,
            "half-written files say nothing"
        );
    }

    #[test]
    fn durability_is_never_off_unless_asked_for() {
        let names = ["fsync", "synchronous_commit", "full_page_writes"];
        let set = |options: &Options| -> Vec<String> {
            settings(options)
                .into_iter()
                .filter(|s| names.iter().any(|name| s.starts_with(name)))
                .collect()
        };
        assert!(
            set(&Options::default()).is_empty(),
            "PostgreSQL's own defaults are on"
        );
        let off = Options {
            durability: Durability::OffForTests,
            ..Options::default()
        };
        assert_eq!(
            set(&off),
            [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off"
            ]
        );
    }
}
