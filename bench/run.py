"""`make bench`: builds nothing itself, runs the release program given to it, measures, and writes the results."""

import argparse
import fcntl
import os
import signal
import sys
from pathlib import Path

import audit_append
import deliveries
import kills
import list_page
import report
import seed
import sign_in_times
from installation import Failed, Installation

HERE = Path(__file__).parent
ROOT = HERE.parent
PREPARED = ROOT / ".sqlx"


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = HERE / "work"
    work.mkdir(exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("bench: another bench runs in this checkout", file=sys.stderr)
            return 1
        try:
            measure(options, work)
        except Failed as failed:
            print(f"bench: {failed}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("bench: interrupted", file=sys.stderr)
            return 130
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures the product and writes bench/RESULTS.md and results.json.")
    parser.add_argument("--binary", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="a smoke run: one short round of everything, written to bench/work only")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of each measurement (5)")
    parser.add_argument("--seconds", type=int, default=4, metavar="N", help="seconds of each round (4)")
    parser.add_argument("--only", choices=("list", "audit", "deliveries", "kills", "sign-in"), help="one of the five; written to bench/work only")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def measure(options: argparse.Namespace, work: Path):
    began, load_before = report.now(), os.getloadavg()[0]
    figures, appending, remarks = [], [], []
    with Installation(options.binary, work) as installation:
        say("loading 100 organisations, 1 500 branches, 150 000 obligations")
        seed.load(installation)
        tokens = work / "tokens"
        tokens.write_text("".join(f"{tenant.token}\n" for tenant in seed.tenants()))
        if not installation.wait_until_quiet():
            remarks.append("the product's background work had not come to rest when measuring began")
        # Appending first, and what it found told second: the minutes of the list would leave the disk and the cache to it in
        # another state than a run of appending alone finds.
        if options.only in (None, "audit"):
            say("appending audit events")
            appending = audit_append.figures(audit_append.measure(installation, PREPARED, options.rounds, options.seconds))
            installation.wait_until_quiet()
        if options.only in (None, "list"):
            connections = (list_page.CONNECTIONS[1],) if options.quick else list_page.CONNECTIONS
            say(f"the list of {list_page.PAGE} at {', '.join(map(str, connections))} connections")
            results = list_page.measure(installation, PREPARED, tokens, connections, options.rounds, options.seconds)
            figures += list_page.figures(results)
        figures += appending
        if options.only in (None, "deliveries"):
            say("deliveries, beside other queues")
            figures += deliveries.figures(deliveries.measure(installation, options.rounds, options.seconds))
        if options.only in (None, "kills"):
            number = kills.QUICK if options.quick else kills.KILLS
            say(f"deliveries while the product is killed {number} times")
            figures += kills.figures(kills.measure(installation, number))
        if options.only in (None, "sign-in"):
            say("refused sign-ins")
            figures += sign_in_times.figures(sign_in_times.measure(installation, options.rounds))
        run = report.Run(
            began, report.commit(ROOT), report.machine(installation), options.rounds, options.seconds, load_before, os.getloadavg()[0],
            tuple(remarks),
        )
    place = work if options.quick or options.only else HERE
    report.write(place, run, figures)
    print(report.text(run, figures))
    missed = [figure.name for figure in figures if figure.verdict == "missed"]
    say(f"written to {place.relative_to(ROOT)}/RESULTS.md and results.json; " + (f"goals missed: {', '.join(missed)}" if missed else "all goals met"))


def say(words: str):
    print(f"bench: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
