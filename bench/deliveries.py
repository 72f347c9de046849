"""The way of a notification: from the outbox over both signatures to a receiver on this machine, with its result written. Beside
it the plain loop of requests over kept connections, and two well-known queues for PostgreSQL that post the same jobs; and what
one organisation whose receiver hangs costs the others."""

import base64
import json
import os
import subprocess
import tempfile
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import seed
from figures import Figure, percentile, ratios
from installation import Failed, Installation, end_with_parent, free_port
from load import GRACE_S, run

HERE = Path(__file__).parent
PEERS = HERE / "peers"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
# An organisation has 32 messages on their way at most, and 8 to one receiver: eight organisations with four receivers each.
SENDERS = 8
RECEIVERS_EACH = 4
ON_THE_WAY = 64
# What one side can send in a second, about: rounds are as long as was asked for.
A_SECOND = 2_500
DONE_WITHIN_S = 120
# The organisations that must not notice the one whose receiver hangs.
HEALTHY = 20
HEALTHY_EACH = 50
HEALTHY_SECONDS = 10
STUCK = 100_000
# The control waits for its turn so long and no longer.
CONTROL_SECONDS = 20
IN_FLIGHT = 500
# Items that are due in a week and a day have ten reminders ahead, and two more if nothing is done.
PLANNING = 6
SLOTS = 50_000
PLANNED_WITHIN_S = 180

GOAL_OF_LOOP = 0.25
GOAL_OF_PEERS = 1.0
GOAL_FAIRNESS = 2.0
GOAL_CONNECTIONS = 4
GOAL_PLANNED_S = 60


@dataclass
class Rounds:
    """Every side, round by round."""

    ours: list[float] = field(default_factory=list)
    loop: list[float] = field(default_factory=list)
    graphile: list[float] = field(default_factory=list)
    boss: list[float] = field(default_factory=list)


@dataclass
class Found:
    rounds: Rounds
    calm_p99_ms: list[float] = field(default_factory=list)
    beside_p99_ms: list[float] = field(default_factory=list)
    control_p99_ms: list[float] = field(default_factory=list)
    in_flight: list[float] = field(default_factory=list)
    connections: list[float] = field(default_factory=list)
    planned_s: list[float] = field(default_factory=list)


class Sink:
    """The receiver. Use it in a `with` statement."""

    def __init__(self):
        self.port = free_port()

    def __enter__(self) -> "Sink":
        self.process = subprocess.Popen(
            ["node", str(PEERS / "sink.mjs"), str(self.port), SECRET], stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent
        )
        if self.process.stdout.readline().strip() != "ready":
            raise Failed("the receiver of the deliveries does not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, path: str = "/"):
        with urllib.request.urlopen(self.url(path), timeout=30) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Sender:
    """An organisation and its connectors."""

    tenant: uuid.UUID
    connectors: tuple[str, ...]


def connector(installation: Installation, tenant: seed.Tenant, name: str, url: str) -> str:
    """A webhook, made as an operator makes it: its secret is sealed under the organisation's own key."""
    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write(SECRET)
        secret.flush()
        made = subprocess.run(
            [installation.binary, "connector", "create", "webhook", "--name", name, "--set", f"url={url}", "--secret-file",
             f"signing_secret={secret.name}", "--tenant", str(tenant.id), "--reason", "the bench", "--json"],
            env=installation.surroundings(), capture_output=True, text=True,
        )
    if made.returncode != 0:
        raise Failed(f"no connector: {made.stderr.strip()}")
    return json.loads(made.stdout)["id"]


def sender(installation: Installation, tenant: seed.Tenant, url: str, receivers: int) -> Sender:
    return Sender(tenant.id, tuple(connector(installation, tenant, f"Receiver {n} of {url}", url) for n in range(receivers)))


def body(tenant: uuid.UUID) -> dict:
    """A notice as the product sends it."""
    return {
        "id": "01990000-0000-7000-8000-000000000001", "type": "obligation.due", "version": 1, "tenant_id": str(tenant),
        "occurred_at": "2026-01-15T03:00:00Z", "severity": "high",
        "branch": {"id": "01990000-0000-7000-8000-000000000002", "name": "Gulshan"},
        "entity": {"type": "obligation", "id": "01990000-0000-7000-8000-000000000003", "title": "Trade licence renewal",
                   "reference": "DNCC/TL/000123", "status": "open"},
        "timing": {"due_on": "2026-01-31", "certificate_expires_at": None, "days_remaining": 16},
        "url": "https://intrex.example/obligations/01990000-0000-7000-8000-000000000003",
    }


def stage(installation: Installation, senders: list[Sender], each: int, due: str):
    """Rows of the outbox as the product writes them, for every organisation the same number, its receivers in turn."""
    for one in senders:
        connectors = "array[" + ", ".join(f"'{c}'::uuid" for c in one.connectors) + "]"
        notice = json.dumps([body(one.tenant)]).replace("'", "''")
        installation.sql(f"""
            insert into app.notification_deliveries (tenant_id, id, connector_id, event_type, severity, notices, fingerprint, state,
                                                     next_attempt_at, created_at)
            select '{one.tenant}', made.id, ({connectors})[1 + n % {len(one.connectors)}], 'obligation.due', 'high',
                   jsonb_set('{notice}'::jsonb, '{{0,id}}', to_jsonb(made.id::text)), sha256(made.id::text::bytea), 'waiting',
                   {due}, clock_timestamp()
            from generate_series(1, {each}) n, lateral (select bench.uuid('{uuid.uuid4()}' || n) as id) made;
        """)


def waiting(installation: Installation, senders: list[Sender]) -> int:
    tenants = ", ".join(f"'{one.tenant}'" for one in senders)
    return int(installation.sql(
        f"select count(*) from app.notification_deliveries where tenant_id in ({tenants}) and state in ('waiting', 'sending');"
    ))


def send(installation: Installation, sink: Sink, senders: list[Sender], count: int) -> float:
    """Deliveries a second, from the moment at which all are due to the moment at which the last result is written."""
    sink.ask("/forget")
    each = count // len(senders)
    stage(installation, senders, each, "'2100-01-01'")
    installation.sql("analyze app.notification_deliveries;")
    installation.sql("update app.notification_deliveries set next_attempt_at = clock_timestamp() where next_attempt_at = '2100-01-01';")
    began = time.monotonic()
    # Asked as the other queues are: over one connection, every 20 ms, whether anything is left.
    installation.sql(f"""
        do $$ declare until timestamptz := clock_timestamp() + interval '{DONE_WITHIN_S} s'; begin
          while exists (select from app.notification_deliveries where state = 'waiting')
             or exists (select from app.notification_deliveries where state = 'sending') loop
            commit;
            exit when clock_timestamp() > until;
            perform pg_sleep(0.02);
          end loop;
        end $$;
    """)
    seconds = time.monotonic() - began
    if waiting(installation, senders):
        raise Failed(f"deliveries still wait after {DONE_WITHIN_S} s; the receiver says {sink.ask()}")
    heard = sink.ask()
    if heard["distinct"] != each * len(senders) or heard["refused"]:
        raise Failed(f"{each * len(senders)} deliveries were staged, the receiver says {heard}")
    states = installation.sql("select state, count(*) from app.notification_deliveries group by 1;")
    if not states.startswith("delivered|") or "\n" in states:
        raise Failed(f"not every delivery is delivered: {states}")
    clear(installation)
    return heard["distinct"] / seconds


def clear(installation: Installation):
    installation.sql("truncate app.digests, app.notification_deliveries, app.delivery_fingerprints, app.delivery_attempts, app.reminder_slots, app.notification_events;")
    installation.wait_until_quiet()


def loop(sink: Sink, seconds: int) -> float:
    """Requests over kept connections with the same body, and nothing else."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        content = json.dumps(body(uuid.UUID(int=1)))
        script.write(f"wrk.method = 'POST'\nwrk.body = [[{content}]]\nwrk.headers['Content-Type'] = 'application/json'\n"
                     "done = function(s) io.write(string.format('{\"requests\":%d,\"us\":%d,\"bad\":%d}\\n', s.requests, s.duration, "
                     "s.errors.connect + s.errors.read + s.errors.write + s.errors.status + s.errors.timeout)) end\n")
        script.flush()
        output = run(["wrk", "-t2", f"-c{ON_THE_WAY}", f"-d{seconds}s", "-s", script.name, sink.url("/plain")], {}, seconds)
    told = json.loads(next(line for line in output.splitlines() if line.startswith("{")))
    if told["bad"]:
        raise Failed(f"the plain loop met faults: {told}")
    return told["requests"] / (told["us"] / 1e6)


def peer(installation: Installation, sink: Sink, name: str, count: int, url: str | None = None) -> float:
    """Jobs a second of another queue, in a database of its own on the same server, from its start to the last job done."""
    sink.ask("/forget")
    fresh_database(installation)
    asked = {"url": url or sink.url("/signed"), "secret": SECRET, "count": count, "concurrency": ON_THE_WAY, "body": json.dumps(body(uuid.UUID(int=1)))}
    done = subprocess.run(["node", str(PEERS / f"{name}.mjs"), json.dumps(asked)], env=peers_environment(installation),
                          capture_output=True, text=True, timeout=DONE_WITHIN_S + GRACE_S)
    if done.returncode != 0:
        raise Failed(f"{name} ended with {done.returncode}: {done.stderr.strip()}")
    heard = sink.ask()
    if heard["distinct"] != count or heard["refused"]:
        raise Failed(f"{name} had {count} jobs, the receiver says {heard}")
    return json.loads(done.stdout.splitlines()[-1])["per_second"]


def fresh_database(installation: Installation):
    installation.sql("drop database if exists peers (force);")
    installation.sql("create database peers;")


def peers_environment(installation: Installation) -> dict[str, str]:
    return installation.environment("postgres") | {"PGDATABASE": "peers", "NODE_NO_WARNINGS": "1"}


def healthy_p99_ms(installation: Installation, sink: Sink, senders: list[Sender]) -> float:
    """How late the messages of healthy organisations arrive that fall due one after the other."""
    sink.ask("/forget")
    stage(installation, senders, HEALTHY_EACH, f"clock_timestamp() + interval '2 s' + n * interval '{HEALTHY_SECONDS / HEALTHY_EACH} s'")
    due = {}
    for line in installation.sql(
        "select id, extract(epoch from next_attempt_at) * 1000 from app.notification_deliveries where tenant_id in ("
        + ", ".join(f"'{one.tenant}'" for one in senders) + ") and state = 'waiting';"
    ).splitlines():
        name, _, at = line.partition("|")
        due[name] = float(at)
    deadline = time.monotonic() + DONE_WITHIN_S
    while waiting(installation, senders) and time.monotonic() < deadline:
        time.sleep(0.2)
    arrived = sink.ask("/times")
    late = [arrived[name] - at for name, at in due.items() if name in arrived]
    if len(late) != HEALTHY * HEALTHY_EACH:
        raise Failed(f"{HEALTHY * HEALTHY_EACH} messages were due, {len(late)} arrived")
    return percentile(late, 0.99)


def fairness(installation: Installation, sink: Sink, found: Found, tenants: list[seed.Tenant]):
    healthy = [sender(installation, tenant, sink.url("/signed"), 1) for tenant in tenants[:HEALTHY]]
    stuck = [sender(installation, tenants[HEALTHY], sink.url("/hang"), RECEIVERS_EACH)]
    activate(installation)
    found.calm_p99_ms.append(healthy_p99_ms(installation, sink, healthy))
    stage(installation, stuck, STUCK, "clock_timestamp()")
    found.beside_p99_ms.append(healthy_p99_ms(installation, sink, healthy))
    clear(installation)
    found.control_p99_ms.append(control_p99_ms(installation, sink))


def control_p99_ms(installation: Installation, sink: Sink) -> float:
    """The same in a queue that is first in, first out: what comes behind the jobs that hang has not arrived when the control
    ends, and is counted as if it arrived then."""
    sink.ask("/forget")
    fresh_database(installation)
    asked = {"hang": sink.url("/hang"), "url": sink.url("/signed"), "secret": SECRET, "stuck": STUCK, "count": HEALTHY * HEALTHY_EACH,
             "concurrency": ON_THE_WAY, "seconds": CONTROL_SECONDS, "body": json.dumps(body(uuid.UUID(int=1)))}
    done = subprocess.run(["node", str(PEERS / "first_in_first_out.mjs"), json.dumps(asked)], env=peers_environment(installation),
                          capture_output=True, text=True, timeout=CONTROL_SECONDS + DONE_WITHIN_S)
    if done.returncode != 0:
        raise Failed(f"the control ended with {done.returncode}: {done.stderr.strip()}")
    return percentile(json.loads(done.stdout.splitlines()[-1])["late_ms"], 0.99)


def in_flight(installation: Installation, sink: Sink, found: Found, tenants: list[seed.Tenant]):
    """Many on their way to receivers that hang: how many connections to the database the product then has busy."""
    needed = -(-IN_FLIGHT // 32)
    stuck = [sender(installation, tenant, sink.url("/hang"), RECEIVERS_EACH) for tenant in tenants[HEALTHY + 1:HEALTHY + 1 + needed]]
    activate(installation)
    stage(installation, stuck, 64, "clock_timestamp()")
    deadline, most = time.monotonic() + 30, 0
    while time.monotonic() < deadline:
        most = max(most, sink.ask()["hanging"])
        if most >= IN_FLIGHT:
            found.connections.append(float(installation.sql(
                "select count(*) from pg_stat_activity where usename like 'intrex%' and state <> 'idle';")))
            break
        time.sleep(0.05)
    found.in_flight.append(float(most))
    if not found.connections:
        raise Failed(f"{IN_FLIGHT} should be on their way, {most} are")
    clear(installation)


def planning(installation: Installation, found: Found, tenants: list[seed.Tenant]):
    """The reminders of a few thousand items, by the planner as it runs beside everything else."""
    some = ", ".join(f"'{tenant.id}'" for tenant in tenants[:PLANNING])
    installation.sql(f"""
        update app.obligation_instances set due_on = current_date + 8, planned_through = null where tenant_id in ({some});
        insert into app.jobs (tenant_id, id, kind, run_at, created_at)
        select id, bench.uuid('planning ' || id), 'reminders.plan', clock_timestamp(), clock_timestamp() from app.tenants where id in ({some})
        on conflict (tenant_id, kind, key) do update set run_at = excluded.run_at;
    """)
    began, planned = time.monotonic(), 0
    while planned < SLOTS and time.monotonic() - began < PLANNED_WITHIN_S:
        time.sleep(0.1)
        planned = int(installation.sql("select count(*) from app.reminder_slots;"))
    # What the last batch holds beyond the number counts for nothing.
    found.planned_s.append((time.monotonic() - began) * SLOTS / max(planned, 1))
    installation.sql(f"update app.obligation_instances set planned_through = current_date + 10000 where tenant_id in ({some});")
    clear(installation)


def activate(installation: Installation):
    installation.sql("update app.connectors set status = 'active', last_verified_at = clock_timestamp() where status = 'pending_verification';")


def measure(installation: Installation, rounds: int, seconds: int) -> Found:
    if not (PEERS / "node_modules").is_dir():
        raise Failed("the other queues are not installed; run scripts/setup bench")
    found = Found(Rounds())
    tenants = seed.tenants()
    with Sink() as sink:
        senders = [sender(installation, tenant, sink.url("/signed"), RECEIVERS_EACH) for tenant in tenants[-SENDERS:]]
        activate(installation)
        count = A_SECOND * seconds // SENDERS * SENDERS
        send(installation, sink, senders, count // 4 // SENDERS * SENDERS)
        sides = {
            "ours": lambda: send(installation, sink, senders, count),
            "loop": lambda: loop(sink, seconds),
            "graphile": lambda: peer(installation, sink, "graphile", count),
            "boss": lambda: peer(installation, sink, "boss", count),
        }
        for number in range(rounds):
            for side in sorted(sides, reverse=number % 2 == 1):
                getattr(found.rounds, side).append(sides[side]())
        fairness(installation, sink, found, tenants)
        in_flight(installation, sink, found, tenants)
    planning(installation, found, tenants)
    installation.sql("drop database if exists peers (force);")
    return found


def figures(found: Found) -> list[Figure]:
    rounds = found.rounds
    job = "the same jobs, signed and posted to the same receiver, on the same PostgreSQL"
    return [
        Figure("delivery_ratio", ratios(rounds.ours, rounds.loop), "ratio", "higher",
               f"wrk posting the same body over {ON_THE_WAY} kept connections", goal=GOAL_OF_LOOP),
        Figure("delivery_graphile_ratio", ratios(rounds.ours, rounds.graphile), "ratio", "higher", f"graphile-worker: {job}", goal=GOAL_OF_PEERS),
        Figure("delivery_boss_ratio", ratios(rounds.ours, rounds.boss), "ratio", "higher", f"pg-boss: {job}", goal=GOAL_OF_PEERS),
        Figure("delivery_fairness_ratio", ratios(found.beside_p99_ms, found.calm_p99_ms), "ratio", "lower",
               f"healthy organisations' p99 without another one's {STUCK:,} messages to a receiver that hangs".replace(",", " "),
               goal=GOAL_FAIRNESS),
        Figure("delivery_connections", tuple(found.connections), "connections", "lower",
               f"busy connections to the database with {IN_FLIGHT} messages on their way", goal=GOAL_CONNECTIONS),
        Figure("planning_50k_s", tuple(found.planned_s), "s", "lower", f"{SLOTS:,} reminders into the ledger".replace(",", " "), goal=GOAL_PLANNED_S),
        Figure("delivery_per_s", tuple(rounds.ours), "messages/s", "higher", "itself"),
        Figure("delivery_loop_per_s", tuple(rounds.loop), "requests/s", "higher", "itself: the yardstick"),
        Figure("delivery_graphile_per_s", tuple(rounds.graphile), "jobs/s", "higher", "itself: the yardstick"),
        Figure("delivery_boss_per_s", tuple(rounds.boss), "jobs/s", "higher", "itself: the yardstick"),
        Figure("delivery_calm_p99_ms", tuple(found.calm_p99_ms), "ms", "lower", "itself: the yardstick"),
        Figure("delivery_beside_p99_ms", tuple(found.beside_p99_ms), "ms", "lower", "delivery_calm_p99_ms"),
        Figure("delivery_control_p99_ms", tuple(found.control_p99_ms), "ms", "lower", "a queue that is first in, first out, in the same plight"),
    ]
