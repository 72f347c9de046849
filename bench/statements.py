"""The statements of the product, as the product itself sends them: read from `.sqlx`, which the build checks against the
code. A yardstick with its own copy of the SQL would go on measuring what the product no longer does."""

import json
import re
from pathlib import Path

PARAMETER = re.compile(r"\$(\d+)")


class NotOneStatement(Exception):
    """The product has no such statement, or several: somebody has to look what the bench should measure now."""


def find(prepared: Path, *fragments: str) -> str:
    """The one statement that contains all of these fragments, white space aside."""
    wanted = [one_line(fragment) for fragment in fragments]
    found = []
    for path in sorted(prepared.glob("query-*.json")):
        query = one_line(json.loads(path.read_text())["query"])
        if all(fragment in query for fragment in wanted):
            found.append(query)
    if len(found) != 1:
        raise NotOneStatement(f"{len(found)} statements in {prepared.name} contain {' and '.join(map(repr, fragments))}")
    return found[0]


def bind(query: str, values: dict[int, str]) -> str:
    """The statement with a pgbench variable (`:name`) in the place of each parameter. All of them, and no others."""
    numbers = {int(number) for number in PARAMETER.findall(query)}
    if numbers != set(values):
        raise NotOneStatement(f"the statement has the parameters {sorted(numbers)}, the bench gives {sorted(values)}: {query}")
    return PARAMETER.sub(lambda match: values[int(match.group(1))], query)


def one_line(text: str) -> str:
    return " ".join(text.split())
