"""What is lost when the product is killed while it delivers: nothing. It is killed a hundred times, at moments that nobody
chose, and started again on the same data; the receiver says what has arrived, and under which id."""

import random
import time
from dataclasses import dataclass

import deliveries
import seed
from figures import Figure
from installation import Failed, Installation

KILLS = 100
QUICK = 3
MESSAGES = 40_000
# Between the first moment at which it is ready and the kill.
LIVES_S = (0.05, 0.6)
DONE_WITHIN_S = 120
# On their way at once at most: eight organisations with 32 each.
ON_THE_WAY = 256
SEED = 20_261_123

GOAL_LOST = 0
GOAL_AGAIN = ON_THE_WAY


@dataclass(frozen=True)
class Found:
    lost: int
    again: int
    kills: int


def measure(installation: Installation, kills: int) -> Found:
    chance = random.Random(SEED)
    with deliveries.Sink() as sink:
        tenants = seed.tenants()[-deliveries.SENDERS:]
        senders = [deliveries.sender(installation, tenant, sink.url("/signed"), deliveries.RECEIVERS_EACH) for tenant in tenants]
        deliveries.activate(installation)
        sink.ask("/forget")
        each = MESSAGES // len(senders)
        killed, staged = 0, 0
        while killed < kills:
            # There is always something on its way when it is killed.
            if deliveries.waiting(installation, senders) < MESSAGES // 10:
                deliveries.stage(installation, senders, each // 4, "clock_timestamp()")
                staged += each // 4 * len(senders)
            time.sleep(chance.uniform(*LIVES_S))
            installation.kill()
            killed += 1
            installation.start()
        deadline = time.monotonic() + DONE_WITHIN_S
        while deliveries.waiting(installation, senders):
            if time.monotonic() > deadline:
                raise Failed(f"deliveries still wait {DONE_WITHIN_S} s after the last kill")
            time.sleep(0.1)
        heard = sink.ask()
        delivered = int(installation.sql("select count(*) from app.notification_deliveries where state = 'delivered';"))
        if delivered != staged or heard["refused"]:
            raise Failed(f"{staged} were staged, {delivered} are delivered, the receiver says {heard}")
        deliveries.clear(installation)
        return Found(lost=staged - heard["distinct"], again=heard["arrived"] - heard["distinct"], kills=killed)


def figures(found: Found) -> list[Figure]:
    return [
        Figure("kills_lost", (float(found.lost),), "messages", "lower", f"none, of all that were acknowledged, in {found.kills} kills", goal=GOAL_LOST),
        Figure("kills_again", (found.again / found.kills,), "messages a kill", "lower", "what was on its way at that moment, under the same id",
               goal=GOAL_AGAIN),
    ]
