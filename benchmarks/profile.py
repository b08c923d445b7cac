"""`make profile`: where the time of a read goes, in one process and without a server: Python, database, plans.

.venv/bin/python -m benchmarks.profile [--size 10000] [--requests 50] [--lines 60]
"""

from __future__ import annotations

import argparse
import cProfile
import io
import os
import pstats
import statistics
import time
from collections.abc import Callable
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from pyinstrument import Profiler

from benchmarks.reads.cases import API, FILTER, PAGE
from benchmarks.reads.database import CHECKOUT, SEED, UNCACHED, Databases

RESULT = CHECKOUT / "benchmarks" / "results" / "profile.txt"
SLOWEST = 3
LONGEST_STATEMENT = 1_500
# A plan repeats every id that it was given.
LONGEST_LINE = 200


class Statements:
    """What was asked of the database, and how long it took to answer."""

    def __init__(self) -> None:
        self.found: list[tuple[float, str, Any]] = []

    def __call__(self, execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: Any) -> Any:
        begin = time.perf_counter()
        try:
            return execute(statement, params, many, context)
        finally:
            self.found.append((time.perf_counter() - begin, str(statement), params))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make profile", description=__doc__)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--lines", type=int, default=60, help="of the tree of calls")
    options = parser.parse_args()
    databases = Databases()
    try:
        databases.prepare([options.size])
        os.environ.update(databases.environment(options.size), **UNCACHED)
        django.setup()
        text = "\n\n".join(profile(options.requests, options.lines))
    finally:
        databases.release()
    print(text)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text + "\n", encoding="utf-8")


def profile(requests: int, lines: int) -> list[str]:
    from initiatives.models import Initiative  # noqa: PLC0415  (there are no models before django.setup)

    slug = Initiative.objects.published().filter(slug__startswith=f"city{SEED}-").order_by("slug")[0].slug
    questions = {
        "list of 50": (API, PAGE),
        "filtered list": (API, f"{PAGE}&{FILTER}"),
        "detail": (f"{API}{slug}/", ""),
    }
    application = WSGIHandler()
    return [_profile(name, application, *question, requests, lines) for name, question in questions.items()]


def _profile(name: str, application: WSGIHandler, path: str, query: str, requests: int, lines: int) -> str:
    from django.db import connection  # noqa: PLC0415

    ask(application, path, query)
    size, statements = 0, Statements()
    times = []
    used = time.process_time()
    with connection.execute_wrapper(statements):
        for _ in range(requests):
            begin = time.perf_counter()
            size = ask(application, path, query)
            times.append(time.perf_counter() - begin)
    used = (time.process_time() - used) / requests
    profiler = Profiler(interval=0.0005)
    with profiler:
        for _ in range(requests):
            ask(application, path, query)
    tree = profiler.output_text(unicode=True, color=False).splitlines()[:lines]
    flat = _functions(application, path, query, requests, lines)
    inside = sum(seconds for seconds, _statement, _params in statements.found) / requests
    total = statistics.median(times)
    head = (
        f"== {name}: {path}?{query}\n{total * 1e3:.1f} ms a request (median of {requests}), of which "
        f"this process computed {used * 1e3:.1f} ms; {size:,} bytes; "
        f"{len(statements.found) / requests:.0f} statements, {inside * 1e3:.1f} ms of waiting for their answers"
    )
    return "\n".join([head, "", *tree, "", *flat, "", *_plans(statements)])


def _functions(application: WSGIHandler, path: str, query: str, requests: int, lines: int) -> list[str]:
    """The functions by the time in themselves; counting calls makes what is called often look dearer than it is."""
    profiler = cProfile.Profile()
    with profiler:
        for _ in range(requests):
            ask(application, path, query)
    said = io.StringIO()
    pstats.Stats(profiler, stream=said).strip_dirs().sort_stats("tottime").print_stats(lines)
    return [line for line in said.getvalue().splitlines() if line.strip()]


def ask(application: WSGIHandler, path: str, query: str) -> int:
    """One request as a server hands it to the application; the length of the answer."""
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
    answer = application(environ, lambda status, headers, exc_info=None: statuses.append(status))
    size = sum(len(part) for part in answer)
    # As the server does; the connection to the database stays open.
    answer.close()  # type: ignore[attr-defined]
    if statuses != ["200 OK"]:
        raise RuntimeError(f"{path}?{query} answers {statuses}")
    return size


def _plans(statements: Statements) -> list[str]:
    """The plans of the statements that took longest, each once."""
    from django.db import connection  # noqa: PLC0415

    by_statement: dict[str, list[float]] = {}
    params_of = {}
    for seconds, statement, params in statements.found:
        by_statement.setdefault(statement, []).append(seconds)
        params_of[statement] = params
    slowest = sorted(by_statement, key=lambda each: -sum(by_statement[each]))[:SLOWEST]
    found = []
    for statement in slowest:
        found.append(f"-- {statistics.median(by_statement[statement]) * 1e3:.2f} ms: {statement[:LONGEST_STATEMENT]}")
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, SETTINGS) {statement}", params_of[statement])
            found += [line[:LONGEST_LINE] for (line,) in cursor.fetchall()]
        found.append("")
    return found


if __name__ == "__main__":
    main()
