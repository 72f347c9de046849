"""The product under test: `intrex serve` with its private PostgreSQL, in a data directory of its own, as it would run in
production. It is started, found, and ended here, and nothing of it outlives the bench."""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from processes import children_of, command_line_of, cpu_seconds_of, tree_of

# The first start makes a cluster with syncing, and migrates.
READY_WITHIN_S = 120
STOP_WITHIN_S = 30
# Background work that follows the seeding has ended when all processes together use less than this share of one core.
QUIET_CPU_SHARE = 0.05
QUIET_FOR_S = 3
QUIET_WITHIN_S = 90
PR_SET_PDEATHSIG = 1
DATABASE = "intrex"
# Where the product keeps a cluster and its socket when they cannot lie in the data directory.
OUTSIDE = re.compile(r"(/var/lib/intrex/|/run/intrex-|/run/user/\d+/intrex-|/tmp/intrex-\d+-)[0-9a-f]{16}")


class Failed(Exception):
    """The bench cannot go on; the message says why."""


class Installation:
    """A running product. Use it in a `with` statement."""

    def __init__(self, binary: Path, work: Path):
        self.binary = binary
        self.data = work / "data"
        self.log = work / "serve.log"
        self.trace = work / "cluster"
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self.socket_dir: Path | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Installation":
        self.discard()
        self.data.mkdir(parents=True, mode=0o700)
        self.log.unlink(missing_ok=True)
        self.start()
        return self

    def start(self):
        """Runs the product on the data that is there."""
        try:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [self.binary, "serve"],
                    env=self.surroundings(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=end_with_parent,
                )
            self.wait_until_ready()
            self.find_postgres()
        except BaseException:
            self.stop()
            raise

    def kill(self):
        """Ends the product as a power cut of its own does; PostgreSQL, which is told by the kernel, ends in its own time."""
        self.process.kill()
        self.process.wait(10)
        self.wait_for_postgres_to_end()

    def __exit__(self, *_):
        self.stop()
        self.discard()

    def surroundings(self) -> dict[str, str]:
        """What the product is told when it runs, as server and at the command line. The receiver of deliveries is on loopback."""
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": os.environ.get("HOME", "/"),
            "INTREX_ENV": "development",
            "INTREX_DATA_DIR": str(self.data),
            "BIND": f"127.0.0.1:{self.port}",
            "BASE_URL": self.base_url,
            "TRUSTED_PROXIES": "127.0.0.1/32",
            "INTREX_ALLOW_PRIVATE_NETS": "127.0.0.1/32",
        }

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed(f"`intrex serve` ended with {self.process.returncode}; its log ends with:\n{self.log_tail()}")
            try:
                with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.1)
        raise Failed(f"`intrex serve` was not ready within {READY_WITHIN_S} s; its log ends with:\n{self.log_tail()}")

    def find_postgres(self):
        """The postmaster is the server's child; its command line names the socket, its directory is the cluster."""
        postmasters = [pid for pid in children_of(self.process.pid) if Path(command_line_of(pid)[0]).name == "postgres"]
        if len(postmasters) != 1:
            raise Failed(f"`intrex serve` runs {len(postmasters)} PostgreSQL servers, not one")
        words = command_line_of(postmasters[0])
        self.postmaster = postmasters[0]
        self.socket_dir = Path(words[words.index("-k") + 1])
        self.bin_dir = Path(words[0]).parent
        cluster = Path(os.readlink(f"/proc/{self.postmaster}/cwd"))
        self.trace.write_text(f"{cluster.parent}\n{self.socket_dir}\n")

    def environment(self, role: str) -> dict[str, str]:
        """For PostgreSQL's programs: connects as this role over the product's own socket."""
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "PGHOST": str(self.socket_dir),
            "PGPORT": "5432",
            "PGDATABASE": DATABASE,
            "PGUSER": role,
            "PGPASSWORD": (self.data / "secrets" / f"pg_{role}").read_text(),
            "PGAPPNAME": "bench",
        }

    def sql(self, text: str, role: str = "postgres") -> str:
        """Runs SQL and answers what it prints: rows without decoration."""
        done = subprocess.run(
            [self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            env=self.environment(role), input=text, capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise Failed(f"psql as {role}: {done.stderr.strip()}")
        return done.stdout.strip()

    def program(self, name: str) -> str:
        own = self.bin_dir / name
        return str(own) if own.exists() else name

    def wait_until_quiet(self) -> bool:
        """Waits until no background work of the product is left that would take time from what is measured."""
        quiet_since = None
        deadline = time.monotonic() + QUIET_WITHIN_S
        before, before_at = cpu_seconds_of(tree_of(self.process.pid)), time.monotonic()
        while time.monotonic() < deadline:
            time.sleep(1)
            used, at = cpu_seconds_of(tree_of(self.process.pid)), time.monotonic()
            if (used - before) / (at - before_at) < QUIET_CPU_SHARE:
                quiet_since = quiet_since or before_at
                if at - quiet_since >= QUIET_FOR_S:
                    return True
            else:
                quiet_since = None
            before, before_at = used, at
        return False

    def log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def stop(self):
        if self.process is None:
            return
        for number, limit in ((signal.SIGTERM, STOP_WITHIN_S), (signal.SIGKILL, 10)):
            if self.process.poll() is not None:
                break
            self.process.send_signal(number)
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                continue
        self.wait_for_postgres_to_end()

    def wait_for_postgres_to_end(self):
        """PostgreSQL is told by the kernel when its parent ends; its files can go when it has gone."""
        postmaster = getattr(self, "postmaster", None)
        deadline = time.monotonic() + STOP_WITHIN_S
        while postmaster and Path(f"/proc/{postmaster}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def discard(self):
        """Deletes what this or an earlier run has left. Root's clusters lie outside of the data directory."""
        if self.trace.exists():
            for place in self.trace.read_text().splitlines():
                if OUTSIDE.fullmatch(place):
                    shutil.rmtree(place, ignore_errors=True)
            self.trace.unlink()
        shutil.rmtree(self.data, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_parent():
    """However the bench ends, the product ends too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
