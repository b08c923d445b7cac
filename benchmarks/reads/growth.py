"""How what a read costs grows with the registry: the same questions to databases of every size, in turn."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from typing import Any

from benchmarks.reads.cases import API, FILTER, PAGE, Case, Contender
from benchmarks.reads.database import UNCACHED, Databases
from benchmarks.reads.load import Request
from benchmarks.reads.measure import Measurement
from benchmarks.reads.servers import Server

QUESTIONS = {"first page, uncached": f"?{PAGE}", "filtered list, uncached": f"?{PAGE}&{FILTER}"}
WAYS = {
    "service": ("tracker.wsgi", API),
    "stock DRF": ("benchmarks.comparison.wsgi", "/drf/initiatives/"),
    "django-ninja": ("benchmarks.comparison.wsgi", "/ninja/initiatives/"),
}


def measure_growth(databases: Databases, sizes: list[int], measurement: Measurement) -> list[dict[str, Any]]:
    """For each question and way the time of a request at every size, and against the smallest."""
    found = []
    with ExitStack() as stack:
        servers = {}
        for size in sizes:
            environment = databases.environment(size) | UNCACHED
            for application in {application for application, _path in WAYS.values()}:
                servers[f"{application} {size}"] = stack.enter_context(Server(application, environment))
        for question, query in QUESTIONS.items():
            for way, (application, path) in WAYS.items():
                contenders = [
                    Contender(f"{size}", f"{application} {size}", Request.to(path + query)) for size in sorted(sizes)
                ]
                measured = measurement.of(Case(f"{question}, {way}", tuple(contenders)), servers)
                found.append({"question": question, "way": way, **_times(measured)})
    return found


def _times(measured: dict[str, Any]) -> dict[str, Any]:
    """The time of a request at each size, in proportion to that at the smallest, round by round."""
    rounds = {size: each["rounds"] for size, each in measured["contenders"].items()}
    if not rounds:
        return {"requests_per_second": {}, "times_the_smallest": {}}
    smallest = next(iter(rounds.values()))
    ratios = {
        size: statistics.median(one / two for one, two in zip(smallest, rates, strict=True))
        for size, rates in rounds.items()
    }
    return {
        "requests_per_second": {size: each["requests_per_second"] for size, each in measured["contenders"].items()},
        "times_the_smallest": {size: round(ratio, 2) for size, ratio in ratios.items()},
    }
