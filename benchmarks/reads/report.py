"""The results as a table, for people and for docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- results: written by make bench -->", "<!-- end of results -->"
WORDS = {True: "yes", False: "**no**", None: "not measured"}


def table(results: Mapping[str, Any]) -> str:
    """Everything that was measured, in Markdown."""
    parts = (_conditions(results), _targets(results), _cases(results), _growth(results), _memory(results))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def put_into(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page."""
    before, _begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def _conditions(results: Mapping[str, Any]) -> Iterator[str]:
    machine = results["machine"]
    sizes = ", ".join(f"{size:,}" for size in results["sizes"])
    yield (
        f"{results['at']}, revision {results['revision']}: {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory_gb']} GB, Python {machine['python']}, PostgreSQL {machine['postgresql']}; load average "
        f"before the run {machine['load']}."
    )
    yield (
        f"{results['connections']} connections by `{results['generator']}`, {results['rounds']} rounds of "
        f"{results['seconds']:g} seconds or more for each; a city of {results['size']:,} initiatives, "
        f"and of {sizes} for the growth."
    )


def _targets(results: Mapping[str, Any]) -> Iterator[str]:
    yield "| target | goal | found | met |"
    yield "|---|---|---|---|"
    for each in results["targets"]:
        found = "–" if each["found"] is None else f"{each['found']:.3g} {each['unit']}"
        yield f"| {each['target']} | {each['goal']} | {found} | {WORDS[each['met']]} |"


def _cases(results: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "CPU is what server and database used of the processors for a request. "
        "The last column says how many times as many requests the first contender of a case answers."
    )
    yield ""
    yield "| case | contender | requests/s | median, ms | 99 of 100, ms | CPU, ms | bytes | the first against it |"
    yield "|---|---|--:|--:|--:|--:|--:|---|"
    for case in results["cases"]:
        name = case["case"]
        for contender, each in case["contenders"].items():
            ratio = case["ratios"].get(contender)
            against = f"{ratio['median']:.3g} × ({ratio['lowest']:.3g}–{ratio['highest']:.3g})" if ratio else ""
            times = f"{each['median_ms']:,} | {each['p99_ms']:,} | {each['python_ms']:g} + {each['postgresql_ms']:g}"
            rate, size = f"{each['requests_per_second']:,}", f"{each['bytes_per_answer']:,}"
            yield f"| {name} | {contender} | {rate} | {times} | {size} | {against} |"
            name = ""
        for contender in case["missing"]:
            yield f"| {name} | {contender} | not there yet | | | | | |"
            name = ""


def _growth(results: Mapping[str, Any]) -> Iterator[str]:
    if not results["growth"]:
        return
    sizes = list(results["growth"][0]["requests_per_second"])
    yield (
        "| requests/s, and the time as a multiple of that at the smallest | "
        + " | ".join(f"{int(size):,}" for size in sizes)
        + " |"
    )
    yield "|---|" + "--:|" * len(sizes)
    for each in results["growth"]:
        cells = [
            f"{each['requests_per_second'].get(size, '–')} ({each['times_the_smallest'].get(size, 0):g} ×)"
            for size in sizes
        ]
        yield f"| {each['question']}, {each['way']} | " + " | ".join(cells) + " |"


def _memory(results: Mapping[str, Any]) -> Iterator[str]:
    if not results["memory"]:
        return
    yield f"Memory of one worker, with its part of what is shared; responses are kept up to {results['cache_mb']} MB:"
    yield ""
    yield "| different addresses asked | MB | resident, MB |"
    yield "|--:|--:|--:|"
    for each in results["memory"]["worker"]:
        yield f"| {each['addresses']:,} | {each['pss_mb']:g} | {each['rss_mb']:g} |"
