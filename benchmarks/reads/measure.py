"""Measuring in rounds: the contenders take turns, so that whatever else the machine does slows all alike."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.reads.cases import Case, Contender
from benchmarks.reads.load import CONNECTIONS, Numbers, Window, drive
from benchmarks.reads.servers import Server, between, used_by

WARM_UP = 3.0
# A window in which little happens goes on until about so many requests were answered, but not for longer.
LONGEST = 20.0


class Measurement:
    """How many rounds there are, and how long each contender is driven in each, or until so many answers."""

    def __init__(self, database: int, rounds: int, seconds: float, fewest: int) -> None:
        self.database = database
        self.rounds = rounds
        self.seconds = seconds
        self.fewest = fewest
        self.numbers = Numbers()

    def of(self, case: Case, servers: Mapping[str, Server]) -> dict[str, Any]:
        """A case's contenders, those that answer as they should."""
        answering = [each for each in case.contenders if self._answers(each, servers)]
        windows: dict[str, list[Window]] = {each.name: [] for each in answering}
        costs: dict[str, list[tuple[float, float]]] = {each.name: [] for each in answering}
        sizes, seconds = {}, {}
        for each in answering:
            warm = self._warmed(servers[each.server], each)
            sizes[each.name] = round(warm.bytes / warm.requests)
            seconds[each.name] = min(max(self.seconds, self.fewest / warm.rate), LONGEST)
        for number in range(self.rounds):
            # Who comes first changes from round to round.
            for each in sorted(answering, key=answering.index, reverse=bool(number % 2)):
                server = servers[each.server]
                python, database = server.used(), used_by(self.database)
                window = drive(server.port, each.request, seconds[each.name], self.numbers)
                done = window.requests + CONNECTIONS / 2
                spent = between(python, server.used()), between(database, used_by(self.database))
                windows[each.name].append(window)
                costs[each.name].append((spent[0] / done * 1e3, spent[1] / done * 1e3))
        found = {
            "case": case.name,
            "contenders": {
                each.name: _summary(windows[each.name], costs[each.name], sizes[each.name]) for each in answering
            },
            "missing": [each.name for each in case.contenders if each not in answering],
            "ratios": _ratios(windows),
        }
        _show(found)
        return found

    def _warmed(self, server: Server, contender: Contender) -> Window:
        """Drive it until every connection has had an answer."""
        seconds = WARM_UP
        while (window := drive(server.port, contender.request, seconds, self.numbers)).requests < CONNECTIONS:
            seconds *= 3
        return window

    def _answers(self, contender: Contender, servers: Mapping[str, Server]) -> bool:
        request = contender.request
        first = str(self.numbers.next)
        self.numbers.next += 1
        body = request.body.replace("{n}", first) if request.body else None
        path = request.paths[0].replace("{n}", first)
        status, _headers, said = servers[contender.server].get(
            path, request.headers, request.method, body.encode() if body else None
        )
        if status != request.status:
            print(f"  {contender.name}: {request.method} {path} answers {status}: {said[:200]!r}", flush=True)
        return status == request.status


def _summary(windows: list[Window], costs: list[tuple[float, float]], size: int) -> dict[str, Any]:
    python, database = (statistics.median(each) for each in zip(*costs, strict=True))
    return {
        "requests_per_second": round(statistics.median(window.rate for window in windows), 1),
        "median_ms": round(statistics.median(window.median_ms for window in windows), 2),
        "p99_ms": round(statistics.median(window.p99_ms for window in windows), 2),
        "python_ms": round(python, 2),
        "postgresql_ms": round(database, 2),
        "bytes_per_answer": size,
        "rounds": [round(window.rate, 1) for window in windows],
    }


def _ratios(windows: Mapping[str, list[Window]]) -> dict[str, dict[str, float]]:
    """How many times as many requests the first contender answers as each other one, round by round."""
    if not windows:
        return {}
    first, *others = windows
    found = {}
    for other in others:
        ratios = [one.rate / two.rate for one, two in zip(windows[first], windows[other], strict=True)]
        found[other] = {
            "median": round(statistics.median(ratios), 4),
            "lowest": round(min(ratios), 4),
            "highest": round(max(ratios), 4),
        }
    return found


def _show(found: Mapping[str, Any]) -> None:
    rates = ", ".join(f"{name} {each['requests_per_second']:,}/s" for name, each in found["contenders"].items())
    print(f"{found['case']}: {rates}", flush=True)
