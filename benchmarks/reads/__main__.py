"""`make bench`: measure everything, print it, and keep it in benchmarks/results/ and docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.reads.cases import Subject, capture
from benchmarks.reads.database import CHECKOUT, DEFAULT_CACHE_MB, UNCACHED, Databases
from benchmarks.reads.deep_page import measure_deep_page
from benchmarks.reads.growth import measure_growth
from benchmarks.reads.load import CONNECTIONS, GENERATOR
from benchmarks.reads.measure import Measurement
from benchmarks.reads.memory import measure_memory
from benchmarks.reads.picture import draw
from benchmarks.reads.report import put_into, table
from benchmarks.reads.servers import Server
from benchmarks.reads.targets import TARGETS

RESULTS = CHECKOUT / "benchmarks" / "results"
PAGE = CHECKOUT / "docs" / "performance.md"
SUBJECT = """
SELECT initiative.slug, organization.slug
FROM initiatives_initiative initiative JOIN initiatives_organization organization ON organization.id = lead_id
WHERE initiative.slug LIKE 'city1-%' AND initiative.state = 'published' AND initiative.kind = 'project'
ORDER BY initiative.slug LIMIT 1
"""


def main() -> None:
    options = parsed()
    databases = Databases(options.cache_mb)
    measurement = Measurement(databases.process(), options.rounds, options.seconds, options.fewest)
    try:
        results = {**conditions(options), "grown_in_seconds": databases.prepare([*options.sizes, options.size])}
        results["machine"]["postgresql"] = databases.rows(options.size, "SHOW server_version")[0][0]
        results["cases"] = measure_cases(databases, options.size, measurement, options.only)
        if options.only in "page by cursor":
            results["cases"].append(measure_deep_page(databases, max(options.sizes), measurement))
        sizes = sorted(options.sizes) if len(options.sizes) > 1 and not options.only else []
        results["growth"] = measure_growth(databases, sizes, measurement) if sizes else []
        results["memory"] = {}
        if options.addresses and not options.only:
            results["memory"] = measure_memory(databases, options.size, options.addresses, measurement.numbers)
    finally:
        databases.release()
    results["targets"] = [target.verdict(results) for target in TARGETS]
    text = table(results)
    print(f"\n{text}")
    if options.save:
        save(results, text)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="cities for the growth")
    parser.add_argument("--size", type=int, default=10_000, help="the city of all other cases")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each contender in each round")
    parser.add_argument(
        "--addresses", type=int, default=100_000, help="different ones, for the memory; 0 leaves it out"
    )
    parser.add_argument("--fewest", type=int, default=60, help="answers for which a slow contender is waited for")
    parser.add_argument("--cache-mb", type=int, default=DEFAULT_CACHE_MB, help="what the service keeps of responses")
    parser.add_argument("--only", default="", help="only cases whose names contain this; nothing is saved then")
    parser.add_argument("--quick", action="store_true", help="a glance: 1,000 initiatives, 2 rounds; nothing is saved")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.size, options.rounds, options.seconds = [1_000], 1_000, 2, 1
        options.fewest, options.addresses = 2 * CONNECTIONS, 1_000
    options.save = not (options.quick or options.only)
    return options


def conditions(options: argparse.Namespace) -> dict[str, Any]:
    """When and on what the run was made."""
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False
    )
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": revision.stdout.strip() or "unknown",
        "machine": {
            "cores": os.cpu_count(),
            "processor": processor(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9),
            "python": platform.python_version(),
            "load": round(os.getloadavg()[0], 1),
        },
        "generator": GENERATOR,
        "connections": CONNECTIONS,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "size": options.size,
        "sizes": sorted(options.sizes),
        "cache_mb": options.cache_mb,
    }


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def measure_cases(databases: Databases, size: int, measurement: Measurement, only: str) -> list[dict[str, Any]]:
    """All cases on one database, every contender's server running all the while."""
    slug, organization = databases.rows(size, SUBJECT)[0]
    environment = databases.environment(size)
    with ExitStack() as stack:
        answers = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="answers-")))
        servers = {
            "service": stack.enter_context(Server("tracker.wsgi", environment)),
            "uncached": stack.enter_context(Server("tracker.wsgi", environment | UNCACHED)),
            "stock": stack.enter_context(Server("benchmarks.comparison.wsgi", environment)),
        }
        capture(servers["service"], answers, slug)
        servers["ceiling"] = stack.enter_context(
            Server("benchmarks.comparison.ceiling", environment | {"BENCH_ANSWERS": str(answers)})
        )
        stack.callback(databases.forget_posted, size)
        subject = Subject(servers, slug, organization, databases.tokens(size))
        return [measurement.of(case, servers) for case in subject.cases() if only in case.name]


def save(results: dict[str, Any], text: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "reads.json").write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (RESULTS / "reads.md").write_text(text, encoding="utf-8")
    (RESULTS / "reads.svg").write_text(draw(results), encoding="utf-8")
    put_into(PAGE, text)


if __name__ == "__main__":
    main()
