"""Writes what was found: `results.json` for programs, `RESULTS.md` for people."""

import json
import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from figures import Figure
from installation import Installation


@dataclass(frozen=True)
class Run:
    """When, where and on what it was measured."""

    began: datetime
    commit: str
    machine: list[tuple[str, str]]
    rounds: int
    seconds: int
    load_before: float
    load_after: float
    remarks: tuple[str, ...] = ()


def machine(installation: Installation) -> list[tuple[str, str]]:
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    settings = installation.sql(
        "select string_agg(name || ' ' || current_setting(name), ', ' order by name) from pg_settings "
        "where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_connections', 'jit');"
    )
    return [
        ("processor", f"{model}, {os.cpu_count()} cores"),
        ("memory", f"{memory:.0f} GiB"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("PostgreSQL", installation.sql("show server_version;") + f" ({settings})"),
    ]


def commit(root: Path) -> str:
    """The commit, with a mark if the checkout differs from it in anything but the results."""
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    changed = git("status", "--porcelain", "--", ".", ":!bench/RESULTS.md", ":!bench/results.json")
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + (" with local changes" if changed else "")


def write(place: Path, run: Run, figures: list[Figure]):
    content = json.dumps({figure.name: figure.as_json() for figure in figures}, indent=2)
    (place / "results.json").write_text(content + "\n")
    (place / "RESULTS.md").write_text(text(run, figures))


def text(run: Run, figures: list[Figure]) -> str:
    found = {figure.name: figure for figure in figures}
    lines = [
        "# What the bench found", "",
        "Written by `make bench`; what is measured against what, and how to read it, stands in [README.md](README.md).", "",
        "| | |", "|---|---|",
        f"| commit | {run.commit} |",
        f"| measured | {run.began:%Y-%m-%d %H:%M} UTC, {run.rounds} interleaved rounds of {run.seconds} s each, of appending six times as many and half as long |",
        *(f"| {name} | {value} |" for name, value in run.machine),
        f"| load | {run.load_before:.1f} before, {run.load_after:.1f} at the end (1 minute; the bench itself included) |",
        *(f"| remark | {remark} |" for remark in run.remarks),
        "", "## Goals", "", "| what | median | lowest – highest round | goal | |", "|---|---|---|---|---|",
        *(goal_row(figure) for figure in figures if figure.goal is not None),
    ]
    counts = sorted(int(name.rpartition("_c")[2]) for name in found if name.startswith("list_ratio_c"))
    if counts:
        lines += [
            "", "## Fifty obligations by due date, over HTTP", "",
            "| connections | HTTP, a second | every statement by pgbench, a second | ratio | p95 HTTP | p95 pgbench | "
            "the list alone by pgbench, a second | memory: server, PostgreSQL |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for count in counts:
            at = {name: found[f"list_{name}_c{count}"] for name in (
                "http_per_s", "statements_per_s", "ratio", "http_p95_ms", "statements_p95_ms", "select_alone_per_s", "server_mib",
                "postgres_mib")}
            lines.append(
                f"| {count} | {cell(at['http_per_s'])} | {cell(at['statements_per_s'])} | {cell(at['ratio'])} | {cell(at['http_p95_ms'])} ms | "
                f"{cell(at['statements_p95_ms'])} ms | {cell(at['select_alone_per_s'])} | "
                f"{at['server_mib'].value:.0f} MiB, {at['postgres_mib'].value:.0f} MiB |"
            )
    if "audit_append_ratio" in found:
        at = {name: found[f"audit_{name}"] for name in (
            "append_staged_per_s", "append_plain_per_s", "append_ratio", "append_staged_p95_ms", "append_plain_p95_ms", "left_over_events",
            "drain_per_s", "drain_ratio")}
        lines += [
            "", "## Appending an audit event", "",
            "| | staged | plain INSERT | ratio |", "|---|---|---|---|",
            f"| a second | {cell(at['append_staged_per_s'])} | {cell(at['append_plain_per_s'])} | {cell(at['append_ratio'])} |",
            f"| p95 | {cell(at['append_staged_p95_ms'])} ms | {cell(at['append_plain_p95_ms'])} ms | |", "",
            f"{cell(at['left_over_events'])} events wait for their place in the chain when the writers stop. Of a backlog the sequencer places "
            f"{cell(at['drain_per_s'])} events a second: {cell(at['drain_ratio'])} times what the writers stage.",
        ]
    if "delivery_ratio" in found:
        at = {name: found[f"delivery_{name}"] for name in (
            "per_s", "loop_per_s", "graphile_per_s", "boss_per_s", "ratio", "graphile_ratio", "boss_ratio", "calm_p99_ms", "beside_p99_ms",
            "control_p99_ms")}
        lines += [
            "", "## Deliveries", "",
            "| | a second | ours against it |", "|---|---|---|",
            f"| from the outbox to a receiver, signed twice, results written | {cell(at['per_s'])} | |",
            f"| the same bodies over kept connections, nothing written | {cell(at['loop_per_s'])} | {cell(at['ratio'])} |",
            f"| graphile-worker | {cell(at['graphile_per_s'])} | {cell(at['graphile_ratio'])} |",
            f"| pg-boss | {cell(at['boss_per_s'])} | {cell(at['boss_ratio'])} |", "",
            f"Healthy organisations' messages are {cell(at['calm_p99_ms'])} ms late (p99), and {cell(at['beside_p99_ms'])} ms while another "
            f"one's receiver hangs. In a queue that is first in, first out, the same plight makes it {cell(at['control_p99_ms'])} ms, and the "
            "control ends there.",
        ]
    if "sign_in_known_ms" in found:
        lines += [
            "", "## A refused sign-in", "",
            f"A wrong password for an account that there is takes {cell(found['sign_in_known_ms'])} ms. One that there is not takes "
            f"{cell(found['sign_in_unknown_ratio'])} times that, a disabled one {cell(found['sign_in_disabled_ratio'])} times.",
        ]
    return "\n".join(lines) + "\n"


def goal_row(figure: Figure) -> str:
    sign = "≥" if figure.better == "higher" else "≤"
    return f"| {figure.name}: against {figure.against} | {short(figure.value)} | {short(figure.low)} – {short(figure.high)} | {sign} {short(figure.goal)} | **{figure.verdict}** |"


def cell(figure: Figure) -> str:
    return f"{short(figure.value)} ({short(figure.low)}–{short(figure.high)})"


def short(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 else f"{value:.2f}"


def now() -> datetime:
    return datetime.now(UTC)
