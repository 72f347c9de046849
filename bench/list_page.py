"""The page that people and programs look at most: fifty obligations, the earliest due date first, over HTTP with an API
token. Beside it pgbench runs every statement of that request on the same data: what PostgreSQL alone could give."""

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import seed
import statements
from figures import Figure, ratios
from installation import Failed, Installation
from load import Load, pgbench, wrk
from processes import resident_mib_of, tree_of

PAGE = 50
PATH = f"/api/v1/obligations?limit={PAGE}"
CONNECTIONS = (1, 16, 64)
GOAL_RATIO = 0.55
# At one connection each side waits for the other's round trip; the goal is about many.
GOAL_FROM_CONNECTIONS = 16
# An item has more than twenty fields; a page is some 30 KB. Far from that, something else is measured.
PAGE_BYTES = range(18_000, 45_000)
WARM_UP_S = 3


@dataclass
class Rounds:
    """All rounds with one number of connections."""

    http: list[Load] = field(default_factory=list)
    statements: list[Load] = field(default_factory=list)
    select: list[Load] = field(default_factory=list)
    server_mib: list[float] = field(default_factory=list)
    postgres_mib: list[float] = field(default_factory=list)


def scripts(prepared: Path) -> tuple[str, str]:
    """The request's transaction, and the list alone. A tenant is drawn in the statement that sets it: the product has it
    from the token's text."""
    token = statements.bind(
        statements.find(prepared, "from app.api_tokens a", "set_config('app.current_branches'"),
        {1: ":tenant", 2: ":token_hash", 3: ":now"},
    )
    page = statements.bind(
        statements.find(prepared, "where o.tenant_id = $1 and (o.due_on, o.id) > ($2, $3) order by o.due_on, o.id limit $4"),
        {1: ":tenant", 2: ":before_all_date", 3: ":before_all_id", 4: ":limit"},
    )
    ids = array_of(str(tenant.id) for tenant in seed.tenants())
    hashes = array_of(f"\\\\x{tenant.token_hash}" for tenant in seed.tenants())

    def begin(branches: str) -> str:
        return (
            f"\\set n random(1, {seed.TENANTS})\nbegin read only;\n"
            f"select set_config('app.current_tenant', ids[:n], true), set_config('app.current_branches', '{branches}', true), "
            f"ids[:n] as tenant, hashes[:n] as token_hash from (select {ids} as ids, {hashes} as hashes) t \\gset\n"
        )

    return f"{begin('')}{token};\n{page};\ncommit;\n", f"{begin('*')}{page};\ncommit;\n"


def array_of(values: Iterable[str]) -> str:
    return "'{" + ",".join(values) + "}'::text[]"


def measure(installation: Installation, prepared: Path, tokens: Path, connections: tuple[int, ...], rounds: int, seconds: int) -> dict[int, Rounds]:
    answer_bytes = check(installation)
    whole, alone = scripts(prepared)
    now = installation.sql("select current_timestamp;")
    values = {"now": now, "limit": str(PAGE + 1), "before_all_date": "1970-01-01", "before_all_id": str(uuid.UUID(int=0))}
    url = installation.base_url + PATH
    results = {}
    for count in connections:
        results[count] = at = Rounds()

        def http():
            load = wrk(url, tokens, count, seconds)
            if abs(load.bytes_each - answer_bytes) > answer_bytes * 0.1:
                raise Failed(f"answers have {load.bytes_each:.0f} bytes under load, {answer_bytes} without")
            at.http.append(load)
            tree = tree_of(installation.process.pid)
            at.server_mib.append(resident_mib_of([installation.process.pid]))
            at.postgres_mib.append(resident_mib_of([pid for pid in tree if pid != installation.process.pid]))

        def every_statement():
            at.statements.append(pgbench(installation, whole, count, seconds, values))

        def select_alone():
            at.select.append(pgbench(installation, alone, count, seconds, values))

        wrk(url, tokens, count, WARM_UP_S)
        pgbench(installation, whole, count, 1, values)
        for number in range(rounds):
            sides = [http, every_statement, select_alone]
            for side in sides if number % 2 == 0 else reversed(sides):
                side()
    return results


def check(installation: Installation) -> int:
    """Asks once and reads the answer with care: a fast wrong page is worth nothing. Its length in bytes with headers."""
    tenants = seed.tenants()
    seen = set()
    for tenant in (tenants[0], tenants[-1]):
        request = urllib.request.Request(installation.base_url + PATH, headers={"Authorization": f"Bearer {tenant.token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
            head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 17
            page = json.loads(body)
        dates = [item["due_on"] for item in page["items"]]
        titled = all(item["title"] and item["status"] == "upcoming" for item in page["items"])
        if len(dates) != PAGE or dates != sorted(dates) or not page["next_cursor"] or not titled:
            raise Failed(f"the page is not as it should be: {len(dates)} items, next_cursor {page['next_cursor']!r}")
        if len(body) not in PAGE_BYTES:
            raise Failed(f"the page has {len(body)} bytes")
        ids = {item["id"] for item in page["items"]}
        if ids & seen:
            raise Failed("two organisations were shown the same items")
        seen |= ids
    owned = set(installation.sql(f"select id from app.obligation_instances where tenant_id = '{tenants[-1].id}';").split())
    if not ids <= owned:
        raise Failed("an organisation was shown items that are not its own")
    with_a_wrong_token(installation, tenants[0].token)
    return len(body) + head


def with_a_wrong_token(installation: Installation, token: str):
    """Authentication is part of what is measured, so it has to be there."""
    body = token[:-8]
    wrong = seed.checked(body[:-1] + ("0" if body[-1] != "0" else "1"))
    request = urllib.request.Request(installation.base_url + PATH, headers={"Authorization": f"Bearer {wrong}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            raise Failed(f"a wrong token was answered with {answer.status}")
    except urllib.error.HTTPError as refused:
        if refused.code != 401:
            raise Failed(f"a wrong token was answered with {refused.code}") from refused


def figures(results: dict[int, Rounds]) -> list[Figure]:
    found = []
    for count, at in results.items():
        against = f"pgbench running every statement of the request, prepared, {count} clients, on the same data"
        yardstick = "itself: the yardstick"
        http, whole, alone = ([load.per_second for load in side] for side in (at.http, at.statements, at.select))
        goal = GOAL_RATIO if count >= GOAL_FROM_CONNECTIONS else None
        found += [
            Figure(f"list_ratio_c{count}", ratios(http, whole), "ratio", "higher", against, goal),
            Figure(f"list_http_per_s_c{count}", tuple(http), "requests/s", "higher", against),
            Figure(f"list_statements_per_s_c{count}", tuple(whole), "transactions/s", "higher", yardstick),
            Figure(f"list_select_alone_per_s_c{count}", tuple(alone), "transactions/s", "higher", "begin, tenant, the list, commit"),
            Figure(f"list_http_p95_ms_c{count}", tuple(load.p95_ms for load in at.http), "ms", "lower", against),
            Figure(f"list_statements_p95_ms_c{count}", tuple(load.p95_ms for load in at.statements), "ms", "lower", yardstick),
            Figure(f"list_server_mib_c{count}", tuple(at.server_mib), "MiB", "lower", "intrex serve after the round, Pss"),
            Figure(f"list_postgres_mib_c{count}", tuple(at.postgres_mib), "MiB", "lower", "its PostgreSQL after the round, sum of Pss"),
        ]
    return found
