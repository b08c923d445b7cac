"""The loaded registry shows every fact that it was made to hold, where docs/coverage.md says, and says who says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import transaction
from django.db.models import Q
from django.test import Client
from pytest_django import DjangoDbBlocker

from initiatives.models import Citation, Source
from initiatives.models.records import Part, Record

COVERAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
ROW = re.compile(r"^\| (?P<fact>.+) \| `(?P<url>/.+)` \| `(?P<where>/.+)` \| `(?P<value>.+)` \|$", re.MULTILINE)


class Row(NamedTuple):
    """A line of the coverage table."""

    fact: str
    url: str
    where: str
    value: Any


def rows() -> list[Row]:
    found = ROW.finditer(COVERAGE.read_text(encoding="utf-8"))
    return [Row(row["fact"], row["url"], row["where"], json.loads(row["value"])) for row in found]


def at(document: Any, pointer: str) -> Any:
    """What stands in a JSON document where an RFC 6901 pointer points."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name) if isinstance(document, list) else name]
    return document


@pytest.fixture(scope="module")
def reader(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Client]:
    """Somebody who is not signed in, before the curated registry; nothing of it remains for other tests."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_registry", verbosity=0)
        yield Client()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def read(reader: Client) -> Callable[[str], Any]:
    """The answer of an address, asked once: many facts stand in one answer."""

    @cache
    def answer(url: str) -> Any:
        response = reader.get(url, headers={"accept": "application/json"})
        assert response.status_code == 200, response.content.decode()
        return response.json()

    return answer


def test_every_line_of_the_table_is_read() -> None:
    lines = [line for line in COVERAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    headings = [line for line in lines if line.startswith("| Fact |")]
    assert len(rows()) == len(lines) - len(headings) > 0


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{number} {row.fact}") for number, row in enumerate(rows())])
def test_the_address_shows_the_fact(read: Callable[[str], Any], row: Row) -> None:
    assert at(read(row.url), row.where) == row.value


def test_every_record_and_every_part_of_one_says_where_it_is_from(reader: Client) -> None:
    unsourced = []
    for model in apps.get_app_config("initiatives").get_models():
        if issubclass(model, (Record, Part)) and model is not Citation:
            # A source is its own evidence, unless it is a law that another source reports.
            owing = Q(kind=Source.Kind.LAW) if model is Source else Q()
            unsourced += list(model._base_manager.filter(owing, citations__isnull=True))
    assert unsourced == []


def test_disagreeing_claims_stand_side_by_side(read: Callable[[str], Any]) -> None:
    for collection, slug, field in [
        ("initiatives", "smart-dubai-initiative", "actual_start"),
        ("initiatives", "smart-dubai-initiative", "involvements"),
        ("smart-services", "dubainow", "releases"),
        ("strategies", "smart-dubai-2021", "start"),
    ]:
        record = read(f"/api/v1/{collection}/{slug}/")
        claims = {each["claimed_value"] for each in record["citations"] if field in each["fields"]}
        assert len(claims) > 1, (slug, field, claims)
        assert not record[field]
