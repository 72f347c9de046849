"""What an audit event costs whoever commits it: the product's own staging statement beside a plain INSERT of the same bytes
into an ordinary table. One organisation is hot: sixteen writers append to one chain, which the product's sequencer goes on
building meanwhile."""

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import seed
import statements
from figures import Figure, ratios
from installation import Failed, Installation
from load import Load, pgbench

CLIENTS = 16
# The sequencer may take this long to place what the writers have left.
DRAIN_WITHIN_S = 120
BACKLOG = 40_000
# A round writes as fast as the disk lets it, and disks differ from second to second: more and shorter rounds than elsewhere,
# so that the two sides of one round have met the same disk.
ROUNDS_EACH = 6
SHORTER = 2

# A UUID of version 7, as the product's are: the newest at the end of every index.
NEW_ID = """overlay(overlay(replace(gen_random_uuid()::text, '-', '')
             placing lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') from 1) placing '7' from 13)::uuid"""

# Every transaction makes its id, its time and what it is about in the statement that sets the tenant, on both sides alike.
# What it is about is one of as many obligations as an organisation of the list has.
BEGIN = f"""begin;
select set_config('app.current_tenant', :tenant, true), set_config('app.current_branches', '*', true), id, at, entity_id
from (select clock_timestamp() as at, {NEW_ID} as id,
             md5(floor(random() * {seed.BRANCHES * seed.OBLIGATIONS})::text)::uuid as entity_id) made \\gset
"""

PLAIN_TABLE = """
create table bench.plain_events (
  tenant_id uuid not null,
  partition_key integer not null,
  id uuid not null,
  epoch integer not null,
  xid bigint not null default (pg_current_xact_id()::text::bigint),
  pos bigint generated always as identity,
  recorded_at timestamptz not null,
  branch_id uuid,
  actor_id uuid,
  category text not null,
  action text not null,
  outcome text not null,
  entity_type text,
  entity_id text,
  entry bytea not null,
  data_key_ids uuid[] not null,
  sealed text[] not null,
  primary key (tenant_id, partition_key, id)
);
grant usage on schema bench to intrex_app;
grant insert on bench.plain_events to intrex_app;
"""

PLAIN_INSERT = """insert into bench.plain_events (tenant_id, epoch, recorded_at, partition_key, id, branch_id, actor_id, category,
  action, outcome, entity_type, entity_id, entry, data_key_ids,
  sealed)
values (:tenant, :epoch, :at, :partition_key, :id, :branch, :actor, :category, :action, :outcome, :entity_type, :entity_id, :entry,
        :keys, :sealed)"""


@dataclass
class Rounds:
    """Both sides, round by round, what waited for its place when the writers stopped, and how fast a backlog goes."""

    staged: list[Load] = field(default_factory=list)
    plain: list[Load] = field(default_factory=list)
    left_over: list[float] = field(default_factory=list)
    drained: list[float] = field(default_factory=list)


def scripts(prepared: Path) -> tuple[str, str]:
    """The staged transaction and the plain one."""
    staging = statements.bind(
        statements.find(prepared, "insert into app.audit_events", "values ($1", "$15"),
        {1: ":tenant", 2: ":epoch", 3: ":at", 4: ":partition_key", 5: ":id", 6: ":branch", 7: ":actor", 8: ":category", 9: ":action",
         10: ":outcome", 11: ":entity_type", 12: ":entity_id", 13: ":entry", 14: ":keys", 15: ":sealed"},
    )
    return f"{BEGIN}{staging};\ncommit;\n", f"{BEGIN}{PLAIN_INSERT};\ncommit;\n"


def variables(tenant: seed.Tenant) -> dict[str, str]:
    """One realistic event: an obligation was completed by a program."""
    def made_of(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    def an_id(text: str) -> str:
        digest = made_of(text)
        return f"01990000-{digest[:4]}-7{digest[4:7]}-8{digest[7:10]}-{digest[10:22]}"

    entry = json.dumps({
        "v": 1, "epoch": 1, "tenant": str(tenant.id), "id": an_id("event"), "recorded_at": "2026-01-15T09:30:00.123456Z",
        "actor": {"kind": "token", "id": an_id("token"), "on_behalf_of": an_id("person")}, "category": "obligation",
        "action": "obligation.completed", "outcome": "success", "entity": {"type": "obligation", "id": an_id("item")},
        "branch": an_id("branch"), "request_id": an_id("request"), "metadata": {"due_on": "2026-01-31", "successor": an_id("next")},
        "personal": {"summary": made_of("summary")},
    }, separators=(",", ":"), sort_keys=True).encode()
    return {
        "tenant": str(tenant.id), "epoch": "1", "partition_key": "202601", "branch": an_id("branch"), "actor": an_id("person"),
        "category": "obligation", "action": "obligation.completed", "outcome": "success", "entity_type": "obligation",
        "entry": f"\\x{entry.hex()}", "keys": f"{{{an_id('key')}}}", "sealed": f"{{v1.{an_id('key')}.{made_of('sealed') * 4}}}",
    }


def measure(installation: Installation, prepared: Path, rounds: int, seconds: int) -> Rounds:
    installation.sql(PLAIN_TABLE)
    staged, plain = scripts(prepared)
    values = variables(seed.tenants()[0])
    sides = {"plain": plain, "staged": staged}
    for script in sides.values():
        pgbench(installation, script, CLIENTS, 1, values)
    check(installation)
    results = Rounds()
    seconds = max(1, seconds // SHORTER)
    # Once, and not before each side: what is changed first after a checkpoint is written whole, and a server makes one in
    # minutes, not in every second one.
    installation.sql("checkpoint;")
    for number in range(rounds * ROUNDS_EACH):
        # Who goes first changes, so that neither side always follows the other's writing to disk.
        for side in sorted(sides, reverse=number % 2 == 1):
            drain(installation)
            getattr(results, side).append(pgbench(installation, sides[side], CLIENTS, seconds, values))
            if side == "staged":
                results.left_over.append(float(waiting(installation)))
        if number % ROUNDS_EACH == 0:
            drain(installation)
            results.drained.append(drained_per_second(installation, values))
    return results


def drained_per_second(installation: Installation, values: dict[str, str]) -> float:
    """How fast the sequencer places what nobody adds to: many events that were committed at once."""
    constants = ", ".join(f"'{values[name]}'" for name in (
        "branch", "actor", "category", "action", "outcome", "entity_type", "entry"))
    installation.sql(
        "insert into app.audit_events (tenant_id, epoch, partition_key, branch_id, actor_id, category, action, outcome, entity_type, entry, "
        f"id, entity_id, recorded_at) select '{values['tenant']}', 1, {values['partition_key']}, {constants}, {NEW_ID}, n::text, "
        f"clock_timestamp() from generate_series(1, {BACKLOG}) n;"
    )
    began, before = time.monotonic(), waiting(installation)
    drain(installation)
    return before / (time.monotonic() - began)


def check(installation: Installation):
    """What was staged is there, whole, with what is sealed."""
    answer = installation.sql(
        "select count(*), min(octet_length(entry)), min(coalesce(length(sealed[1]), 0)) from app.audit_events "
        "where entity_type = 'obligation';"
    )
    events, entry, sealed = (int(word or 0) for word in answer.split("|"))
    if events == 0 or entry < 500 or sealed < 200:
        raise Failed(f"the staged events are not as they should be: {answer}")


def waiting(installation: Installation) -> int:
    """Events without a place in a chain yet."""
    return int(installation.sql(
        "select count(*) from app.audit_events e, app.audit_cursor c where (e.epoch, e.xid, e.pos) > (c.epoch, c.xid, c.pos);"
    ))


def drain(installation: Installation):
    deadline = time.monotonic() + DRAIN_WITHIN_S
    while waiting(installation):
        if time.monotonic() > deadline:
            raise Failed(f"the sequencer has left events waiting for {DRAIN_WITHIN_S} s")
        time.sleep(0.02)


def figures(results: Rounds) -> list[Figure]:
    staged = [load.per_second for load in results.staged]
    plain = [load.per_second for load in results.plain]
    against = f"plain INSERT of the same bytes into a table with a primary key, {CLIENTS} clients, one tenant"
    return [
        Figure("audit_append_ratio", ratios(staged, plain), "ratio", "higher", against, goal=0.85),
        Figure("audit_append_staged_per_s", tuple(staged), "events/s", "higher", against),
        Figure("audit_append_plain_per_s", tuple(plain), "rows/s", "higher", "itself: the yardstick"),
        Figure("audit_append_staged_p95_ms", tuple(load.p95_ms for load in results.staged), "ms", "lower", against),
        Figure("audit_append_plain_p95_ms", tuple(load.p95_ms for load in results.plain), "ms", "lower", "itself: the yardstick"),
        Figure("audit_left_over_events", tuple(results.left_over), "events", "lower", "none left when the writers stop"),
        Figure("audit_drain_per_s", tuple(results.drained), "events/s", "higher", f"a backlog of {BACKLOG} events, nobody writing"),
        Figure("audit_drain_ratio", ratios(results.drained, staged[::ROUNDS_EACH]), "ratio", "higher", "what sixteen writers stage a second"),
    ]
