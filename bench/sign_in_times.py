"""Whether the time of a refused sign-in tells that there is such an account. Told, never judged: what is measured is noise
around the same work, and a goal would only hide how wide it is."""

import http.client
import re
import time
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from urllib.parse import urlencode

import seed
from figures import Figure, ratios
from installation import Failed, Installation

KINDS = ("known", "unknown", "disabled")
# Of each kind in each round. Each probe has an account and a network of its own, so that no counter ever fills.
PROBES = 6
# A bcrypt hash of the product's own cost that no password has, in the form of one that was imported.
HASH = "plain$$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Times:
    """The median of each kind in ms, round by round."""

    medians: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})


def measure(installation: Installation, rounds: int) -> Times:
    prepare(installation)
    times, numbers = Times(), {kind: count(1) for kind in KINDS}
    networks = count(1)
    for _ in range(rounds):
        taken = {kind: [] for kind in KINDS}
        for _ in range(PROBES):
            for kind in KINDS:
                taken[kind].append(refused_ms(installation, address(kind, next(numbers[kind])), next(networks)))
        for kind in KINDS:
            times.medians[kind].append(median(taken[kind]))
    return times


def prepare(installation: Installation):
    """Half of the people have a password, the other half had one and are disabled."""
    disabled = ", ".join(f"'{address('disabled', number)}'" for number in range(1, seed.TENANTS // 2 + 1))
    installation.sql(
        f"update app.people set password_hash = '{HASH}', "
        f"status = case when canonical_email in ({disabled}) then 'disabled' else 'active' end;"
    )


def address(kind: str, number: int) -> str:
    """The first half of the seeded people are enabled, the second half disabled; unknown ones are like them in length."""
    half = seed.TENANTS // 2
    return {"known": f"admin{number}@bench.example", "unknown": f"admix{number}@bench.example"}.get(kind, f"admin{half + number}@bench.example")


def refused_ms(installation: Installation, email: str, network: int) -> float:
    """How long one refusal takes, from a form that was fetched as a browser does."""
    connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=30)
    try:
        origin = {"X-Forwarded-For": f"198.{18 + network // 250}.{network % 250}.7"}
        connection.request("GET", "/sign-in", headers=origin)
        answer = connection.getresponse()
        page, cookies = answer.read().decode(), answer.headers.get_all("Set-Cookie") or []
        token = TOKEN.search(page)
        if token is None:
            raise Failed(f"the sign-in page has no form (status {answer.status})")
        form = urlencode({"csrf_token": token[1], "email": email, "password": "not the password of anybody"})
        headers = origin | {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": installation.base_url, "Sec-Fetch-Site": "same-origin",
            "Cookie": "; ".join(cookie.split(";", 1)[0] for cookie in cookies),
        }
        began = time.monotonic()
        connection.request("POST", "/sign-in", form, headers)
        answer = connection.getresponse()
        answer.read()
        taken = (time.monotonic() - began) * 1000
        if answer.status != 401:
            raise Failed(f"a wrong password was answered with {answer.status}, not as a refusal")
        return taken
    finally:
        connection.close()


def figures(times: Times) -> list[Figure]:
    known = times.medians["known"]
    return [
        Figure("sign_in_known_ms", tuple(known), "ms", "lower", "a wrong password for an account that there is"),
        *(
            Figure(f"sign_in_{kind}_ratio", ratios(times.medians[kind], known), "ratio", "lower", "the median time of an account that there is")
            for kind in KINDS[1:]
        ),
    ]
