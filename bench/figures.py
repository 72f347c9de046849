"""Medians, ranges and percentiles. Every figure of the bench is a median over rounds with its range, because single runs
on a shared machine mean little."""

from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One result: the median of its rounds, and how far the rounds lie apart."""

    name: str
    rounds: tuple[float, ...]
    unit: str
    better: str
    against: str
    goal: float | None = None

    def __post_init__(self):
        if not self.rounds:
            raise ValueError(f"{self.name} has no rounds")
        if self.better not in ("higher", "lower"):
            raise ValueError(f"{self.name}: better is higher or lower, not {self.better}")

    @property
    def value(self) -> float:
        return median(self.rounds)

    @property
    def low(self) -> float:
        return min(self.rounds)

    @property
    def high(self) -> float:
        return max(self.rounds)

    @property
    def verdict(self) -> str:
        """`met` or `missed`, or nothing for a figure without a goal."""
        if self.goal is None:
            return ""
        met = self.value >= self.goal if self.better == "higher" else self.value <= self.goal
        return "met" if met else "missed"

    def as_json(self) -> dict:
        return {
            "value": rounded(self.value),
            "unit": self.unit,
            "goal": self.goal,
            "low": rounded(self.low),
            "high": rounded(self.high),
            "rounds": [rounded(value) for value in self.rounds],
            "against": self.against,
            "better": self.better,
        }


def ratios(ours: list[float], yardstick: list[float]) -> tuple[float, ...]:
    """Round by round: what both did at about the same time is compared, so that a slow minute of the machine hits both."""
    if len(ours) != len(yardstick):
        raise ValueError("both sides need the same number of rounds")
    return tuple(a / b for a, b in zip(ours, yardstick))


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]


def rounded(value: float) -> float:
    """Four significant digits: more would be noise."""
    return float(f"{value:.4g}")
