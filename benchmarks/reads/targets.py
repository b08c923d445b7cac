"""What the service is to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LARGEST_MEMORY = 200
MOST_GROWTH = 1.5
# A verdict is given on these only: fewer addresses or a smaller city would be easier to pass.
SIZES = ("1000", "100000")
ADDRESSES = 100_000
Results = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """A figure to reach, and where among the results it stands."""

    name: str
    goal: float
    find: Callable[[Results], float | None]
    at_least: bool = True
    unit: str = "×"

    def verdict(self, results: Results) -> dict[str, Any]:
        found = self.find(results)
        met = None if found is None else (found >= self.goal if self.at_least else found <= self.goal)
        goal = f"{'≥' if self.at_least else '≤'} {self.goal:g} {self.unit}"
        return {"target": self.name, "goal": goal, "found": found, "unit": self.unit, "met": met}


def ratio(case: str, other: str) -> Callable[[Results], float | None]:
    """How many times as many requests as another contender the service answers."""

    def find(results: Results) -> float | None:
        for each in results["cases"]:
            if each["case"] == case and other in each["ratios"]:
                return float(each["ratios"][other]["median"])
        return None

    return find


def growth(question: str) -> Callable[[Results], float | None]:
    """How many times the time that the small city takes the large one takes; None unless both were measured."""

    def find(results: Results) -> float | None:
        for each in results["growth"]:
            times = each["times_the_smallest"]
            if (each["question"], each["way"]) == (question, "service") and set(SIZES) <= times.keys():
                return float(times[SIZES[1]] / times[SIZES[0]])
        return None

    return find


def memory(results: Results) -> float | None:
    """What a worker takes at the end, in MB; None unless it was asked for as many addresses as the target says."""
    last = results["memory"]["worker"][-1] if results["memory"] else {"addresses": 0}
    return float(last["pss_mb"]) if last["addresses"] >= ADDRESSES else None


TARGETS = (
    Target("list of 50, uncached, against stock DRF", 4, ratio("list of 50, uncached", "stock DRF")),
    Target("detail, uncached, against stock DRF", 3, ratio("detail, uncached", "stock DRF")),
    Target("list of 50, warm, against the ceiling", 0.65, ratio("list of 50, warm", "ceiling")),
    Target("304, against the ceiling of an empty body", 0.5, ratio("list of 50, 304", "ceiling")),
    Target("time of the first page, 100,000 against 1,000", MOST_GROWTH, growth("first page, uncached"), False),
    Target("time of the filtered list, 100,000 against 1,000", MOST_GROWTH, growth("filtered list, uncached"), False),
    Target("memory of a worker after 100,000 addresses", LARGEST_MEMORY, memory, False, "MB"),
)
