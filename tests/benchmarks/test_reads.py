"""The benchmark of reads: it compares like with like, drives what it is told to, and says what it found."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.test import RequestFactory

from benchmarks.comparison.drf import InitiativeSerializer
from benchmarks.comparison.rows import initiatives
from benchmarks.reads import report
from benchmarks.reads.picture import draw
from benchmarks.reads.targets import TARGETS
from tests.api.client import ApiClient
from tests.platform.services import CHECKOUT, surroundings

CLIENT = CHECKOUT / "benchmarks" / "reads" / "client.py"


class Recorder(BaseHTTPRequestHandler):
    """Answers everything but /missing, and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, bytes]] = []

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path, body))
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *args: Any) -> None:
        """Says nothing among the tests' words."""


@pytest.fixture
def recorder() -> Iterator[int]:
    """The port of a server that records."""
    Recorder.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def drive(port: int, **order: Any) -> Any:
    common = {"port": port, "headers": {}, "method": "GET", "body": None, "seconds": 0.5, "first": 0, "connections": 2}
    ran = subprocess.run(
        [sys.executable, str(CLIENT)], input=json.dumps({**common, **order}), capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


def contender(rate: float) -> dict[str, Any]:
    times = {"median_ms": 1.5, "p99_ms": 3.0, "python_ms": 0.5, "postgresql_ms": 0.25}
    return {"requests_per_second": rate, "bytes_per_answer": 1_000, "rounds": [rate], **times}


@pytest.fixture
def results() -> dict[str, Any]:
    """What a run finds, of every kind."""
    found: dict[str, Any] = {
        "at": "2026-11-25 12:00 UTC",
        "revision": "abc",
        "machine": {"cores": 2, "processor": "P", "memory_gb": 8, "python": "3", "postgresql": "18", "load": 0.1},
        "generator": "wrk",
        "connections": 8,
        "rounds": 5,
        "seconds": 3,
        "size": 10_000,
        "sizes": [1_000, 100_000],
        "cache_mb": 32,
        "cases": [
            {
                "case": "list of 50, uncached",
                "contenders": {"service": contender(400), "stock DRF": contender(80)},
                "missing": ["django-ninja"],
                "ratios": {"stock DRF": {"median": 5.0, "lowest": 4.5, "highest": 5.5}},
            }
        ],
        "growth": [
            {
                "question": "first page, uncached",
                "way": "service",
                "requests_per_second": {"1000": 400, "100000": 200},
                "times_the_smallest": {"1000": 1.0, "100000": 2.0},
            }
        ],
        "memory": {
            "worker": [{"addresses": 0, "pss_mb": 80, "rss_mb": 100}, {"addresses": 100_000, "pss_mb": 90, "rss_mb": 1}]
        },
    }
    found["targets"] = [target.verdict(found) for target in TARGETS]
    return found


@pytest.mark.django_db
def test_stock_drf_shows_the_same_json_as_the_service_but_for_empty_texts(anonymous: ApiClient) -> None:
    call_command("generate_city", "--initiatives", "25", stdout=StringIO())
    request = RequestFactory().get("/api/v1/initiatives/")

    stock = InitiativeSerializer(initiatives().order_by("slug"), many=True, context={"request": request}).data

    service = anonymous.read("initiatives/", ordering="slug").json()["results"]
    assert [each["slug"] for each in service] == [each["slug"] for each in stock]
    assert len(service) > 20
    assert without_empty_texts(json.loads(json.dumps(stock))) == service


def without_empty_texts(value: Any) -> Any:
    """The same with null where there is an empty text."""
    if isinstance(value, dict):
        return {name: without_empty_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_empty_texts(each) for each in value]
    return None if value == "" else value


def test_the_client_without_wrk_makes_every_request_another(recorder: int) -> None:
    found = drive(recorder, paths=["/a/{n}", "/b/{n}"], method="POST", body='{"slug": "{n}"}')

    assert found["requests"] > 0
    assert (found["refused"], found["failed"]) == (0, 0)
    paths = [path for _method, path, _body in Recorder.asked]
    assert len(set(paths)) == len(paths)
    assert {path[:3] for path in paths} == {"/a/", "/b/"}
    assert all(json.loads(body)["slug"] == path[3:] for _method, path, body in Recorder.asked)


def test_the_client_without_wrk_counts_what_is_refused(recorder: int) -> None:
    found = drive(recorder, paths=["/missing"])

    assert found["requests"] == found["refused"] > 0


def test_the_table_says_which_targets_are_met_which_are_not_and_which_were_not_measured(
    results: dict[str, Any],
) -> None:
    lines = report.table(results).splitlines()

    assert "| list of 50, uncached, against stock DRF | ≥ 4 × | 5 × | yes |" in lines
    assert "| time of the first page, 100,000 against 1,000 | ≤ 1.5 × | 2 × | **no** |" in lines
    assert "| detail, uncached, against stock DRF | ≥ 3 × | – | not measured |" in lines
    assert "| memory of a worker after 100,000 addresses | ≤ 200 MB | 90 MB | yes |" in lines
    assert any("django-ninja | not there yet" in line for line in lines)


def test_what_was_measured_on_less_than_a_target_says_has_no_verdict(results: dict[str, Any]) -> None:
    results["memory"]["worker"][-1]["addresses"] = 2_000
    results["growth"][0]["times_the_smallest"] = {"1000": 1.0, "10000": 1.1}

    verdicts = {each["target"]: each["met"] for each in (target.verdict(results) for target in TARGETS)}

    assert verdicts["memory of a worker after 100,000 addresses"] is None
    assert verdicts["time of the first page, 100,000 against 1,000"] is None


def test_the_table_takes_the_place_of_the_last_one_and_leaves_the_page_as_it_is(
    tmp_path: Path, results: dict[str, Any]
) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"Before\n\n{report.BEGIN}\nold\n{report.END}\n\nAfter\n", encoding="utf-8")

    report.put_into(page, report.table(results))
    once = page.read_text(encoding="utf-8")
    report.put_into(page, report.table(results))

    assert once == page.read_text(encoding="utf-8")
    assert once.startswith("Before\n\n")
    assert once.endswith("\n\nAfter\n")
    assert "old" not in once


def test_the_page_on_performance_has_a_place_for_the_table() -> None:
    text = (CHECKOUT / "docs" / "performance.md").read_text(encoding="utf-8")

    assert text.index(report.BEGIN) < text.index(report.END)


def test_the_picture_is_an_svg_with_a_bar_for_each_contender(results: dict[str, Any]) -> None:
    picture = ElementTree.fromstring(draw(results))

    bars = picture.findall("{http://www.w3.org/2000/svg}rect")[1:]
    assert [int(bar.attrib["width"]) for bar in bars] == [560, 112]


def test_the_settings_of_what_it_is_compared_with_still_start() -> None:
    environment = surroundings(DJANGO_SETTINGS_MODULE="benchmarks.comparison.settings")
    command = [sys.executable, "-c", "import django; django.setup()"]
    ran = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
