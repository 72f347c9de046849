"""What `/proc` tells about processes: their children, processor time and memory."""

import os
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    return [child for child, parent in parents().items() if parent == pid]


def tree_of(pid: int) -> list[int]:
    """The process and everything below it."""
    below: dict[int, list[int]] = {}
    for child, parent in parents().items():
        below.setdefault(parent, []).append(child)
    tree, waiting = [], [pid]
    while waiting:
        tree.append(waiting.pop())
        waiting.extend(below.get(tree[-1], []))
    return tree


def parents() -> dict[int, int]:
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := stat(int(entry))):
            found[int(entry)] = int(fields[1])
    return found


def stat(pid: int) -> list[str]:
    """The fields after the name, which may contain anything; empty if the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def command_line_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1] or [""]
    except OSError:
        return [""]


def cpu_seconds_of(pids: list[int]) -> float:
    """Processor time used so far, user and system."""
    return sum((int(fields[11]) + int(fields[12])) / TICKS_A_SECOND for pid in pids if (fields := stat(pid)))


def resident_mib_of(pids: list[int]) -> float:
    """Resident memory; what processes share is divided among them (Pss), so that the sum counts nothing twice."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
