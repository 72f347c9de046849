"""The two load generators: wrk for the product over HTTP, pgbench for the same statements without it. Both answer how much
was done a second and how long the slow ones took."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from figures import percentile
from installation import Failed, Installation

HERE = Path(__file__).parent
# wrk and pgbench may take this much longer than asked before they count as hung.
GRACE_S = 30
# A pgbench round opens its connections anew, while the product keeps its own: the first second, in which they prepare
# their statements and fill their caches, is not counted.
PGBENCH_HEAD_S = 1
LOAD_THREADS = 2


@dataclass(frozen=True)
class Load:
    """What one side did in one round."""

    per_second: float
    p50_ms: float
    p95_ms: float
    bytes_each: float = 0.0


def wrk(url: str, tokens: Path, connections: int, seconds: int) -> Load:
    """Requests over connections that are kept alive. Anything but 200 fails the bench."""
    threads = min(LOAD_THREADS, connections)
    output = run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / "wrk.lua"), url, "--", str(tokens)],
        {}, seconds,
    )
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if len(lines) != 1:
        raise Failed(f"wrk said nothing that can be read:\n{output}")
    told = json.loads(lines[0])
    faults = {kind: told[kind] for kind in ("connect", "read", "write", "status", "timeout") if told[kind]}
    if faults or told["requests"] == 0:
        raise Failed(f"requests failed: {faults or 'none was answered'}")
    return Load(
        per_second=told["requests"] / (told["duration_us"] / 1e6),
        p50_ms=told["p50_us"] / 1000,
        p95_ms=told["p95_us"] / 1000,
        bytes_each=told["bytes"] / told["requests"],
    )


def pgbench(installation: Installation, script: str, clients: int, seconds: int, variables: dict[str, str] | None = None) -> Load:
    """Transactions of a script by prepared statements, as intrex_app over the product's own socket."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "script.sql"
        file.write_text(script)
        defines = [word for name, value in (variables or {}).items() for word in ("-D", f"{name}={value}")]
        command = [
            installation.program("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(LOAD_THREADS, clients)),
            "-T", str(seconds + PGBENCH_HEAD_S), "-f", str(file), "--log", f"--log-prefix={place}/log", *defines,
        ]
        run(command, installation.environment("intrex_app"), seconds + PGBENCH_HEAD_S)
        return of_logs([path.read_text() for path in Path(place).glob("log.*")], seconds)


def of_logs(logs: list[str], seconds: float) -> Load:
    """A line a transaction: client, number, duration in µs, script, when it ended (s, µs)."""
    ended = []
    for line in "".join(logs).splitlines():
        _, _, duration, _, at, micros = line.split()[:6]
        ended.append((int(at) + int(micros) / 1e6, int(duration) / 1000))
    if not ended:
        raise Failed("pgbench has completed no transaction")
    last = max(at for at, _ in ended)
    durations = [duration for at, duration in ended if at > last - seconds]
    return Load(per_second=len(durations) / seconds, p50_ms=percentile(durations, 0.5), p95_ms=percentile(durations, 0.95))


def run(command: list[str], environment: dict[str, str], seconds: int) -> str:
    try:
        done = subprocess.run(
            command, env=environment or None, capture_output=True, text=True, timeout=seconds + GRACE_S, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as missing:
        raise Failed(f"{missing.filename} is not installed; run scripts/setup bench") from missing
    except subprocess.TimeoutExpired as hung:
        raise Failed(f"{command[0]} did not end in time") from hung
    # pgbench goes on without a client that failed: its word for it is the exit code 2.
    if done.returncode != 0:
        raise Failed(f"{Path(command[0]).name} ended with {done.returncode}:\n{done.stderr.strip()}\n{done.stdout.strip()}")
    return done.stdout
