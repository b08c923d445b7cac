"""A list as one stream: every record, in order, in a form that other programs and spreadsheets take."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from typing import Any

import pytest
from django.db import connection

from initiatives.models import Organization
from tests import factories as make
from tests.api.client import ApiClient
from tests.api.collections.cases import CASES
from tests.api.collections.suite import refusals
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anonymous() -> ApiClient:
    return ApiClient()


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def table_of(answer: Any) -> list[dict[str, str]]:
    text = text_of(answer)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def many_organizations(count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO initiatives_organization (slug, name_en, name_ar, aliases_en, aliases_ar, kind, sector,"
            " country, role_en, role_ar, website, created_at, updated_at)"
            " SELECT 'organization-' || lpad(n::text, 6, '0'), 'Organization ' || n, 'جهة ' || n,"
            " '{}', '{}', '', '', '', '', '', '', now(), now() FROM generate_series(1, %s) n",
            [count],
        )


def test_lines_are_the_records_of_the_list_in_its_order(anonymous: ApiClient) -> None:
    many_organizations(1_203)
    answer = anonymous.read("organizations/", format="ndjson", ordering="-slug")
    assert answer["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="organizations.ndjson"'
    records = [json.loads(line) for line in text_of(answer).splitlines()]
    assert len(records) == 1_203
    assert records[:1_000] == anonymous.read("organizations/", ordering="-slug", limit=1_000).json()["results"]


def test_a_table_has_a_row_for_each_record_and_a_column_for_each_language(anonymous: ApiClient) -> None:
    parent = make.make_organization(slug="parent")
    make.make_organization(
        slug="child",
        name_en="Child",
        name_ar="بَلَديّة",
        parent=parent,
        aliases_en=["One", "Two"],
        founded_on="2015-10-01",
    )
    answer = anonymous.get("/api/v1/organizations/", headers={"accept": "text/csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    child, other = table_of(answer)
    assert other["slug"] == "parent"
    assert (child["slug"], child["name_en"], child["name_ar"], child["parent"]) == ("child", "Child", "بَلَديّة", "parent")
    assert (child["founded_on"], child["website"], json.loads(child["aliases_en"])) == (
        "2015-10-01",
        "",
        ["One", "Two"],
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_collection_can_be_had_as_lines_and_as_a_table(
    case: Any, anonymous: ApiClient, curator: ApiClient
) -> None:
    case.rich_rows()
    for client in (anonymous, curator):
        records = client.read(case.path, limit=1_000).json()["results"]
        lines = text_of(client.read(case.path, format="ndjson")).splitlines()
        assert [json.loads(line) for line in lines] == records
        assert [row["slug"] for row in table_of(client.read(case.path, format="csv"))] == [r["slug"] for r in records]


def test_what_a_spreadsheet_would_run_is_text(anonymous: ApiClient) -> None:
    for attack in ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"):
        Organization.objects.all().delete()
        make.make_organization(name_en=attack, aliases_en=[attack])
        row = table_of(anonymous.read("organizations/", format="csv"))[0]
        assert row["name_en"] == f"'{attack}"
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())


def test_numbers_below_zero_stay_numbers(anonymous: ApiClient) -> None:
    make.make_observation(stated_value="-5.25")
    assert table_of(anonymous.read("observations/", format="csv"))[0]["stated_value"] == "-5.250000"


def test_filters_fields_and_the_past_hold_for_exports(anonymous: ApiClient) -> None:
    first = make.make_organization(slug="first", sector="public", name_en="Then")
    make.make_organization(slug="second", sector="private")
    then = current_revision()
    Organization.objects.filter(pk=first.pk).update(name_en="Now")
    rows = table_of(anonymous.read("organizations/", format="csv", sector="public", fields="slug,name"))
    assert rows == [{"slug": "first", "name_en": "Now", "name_ar": rows[0]["name_ar"]}]
    lines = text_of(anonymous.read("organizations/", format="ndjson", as_of=then, omit="url", ordering="slug"))
    assert json.loads(lines.splitlines()[0])["name"]["en"] == "Then"
    assert Organization.objects.get(pk=first.pk).name_en == "Now"


def test_what_is_hidden_is_in_no_export(anonymous: ApiClient, curator: ApiClient) -> None:
    make.make_initiative(state="draft")
    for form in ("csv", "ndjson"):
        hidden = text_of(anonymous.read("initiatives/", format=form))
        shown = text_of(curator.read("initiatives/", format=form))
        assert len(shown.splitlines()) == len(hidden.splitlines()) + 1


def test_an_export_is_one_snapshot(anonymous: ApiClient) -> None:
    many_organizations(1_200)
    pieces = iter(anonymous.read("organizations/", format="ndjson", fields="slug,name").streaming_content)
    begun = next(pieces)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("UPDATE initiatives_organization SET name_en = 'Changed meanwhile'")
    finally:
        other.close()
    assert b"Changed meanwhile" not in begun + b"".join(pieces)


def test_paging_is_refused_where_the_whole_list_is_asked_for(anonymous: ApiClient) -> None:
    for name, value in (("limit", "5"), ("offset", "5"), ("count", "none")):
        assert refusals(anonymous.read("organizations/", format="csv", **{name: value})) == [(name, "invalid")]


def test_a_record_alone_is_not_exported(anonymous: ApiClient) -> None:
    organization = make.make_organization()
    for form in ("csv", "ndjson"):
        assert refusals(anonymous.read(f"organizations/{organization.slug}/", format=form)) == [("format", "invalid")]


def test_a_refusal_is_a_problem_document_whatever_the_form(anonymous: ApiClient) -> None:
    answer = anonymous.get("/api/v1/organizations/?nonsense=1", headers={"accept": "text/csv"})
    assert refusals(answer) == [("nonsense", "unknown_parameter")]


def test_a_list_ten_times_as_long_takes_no_more_memory(anonymous: ApiClient) -> None:
    def peak(form: str) -> int:
        pieces = anonymous.read("organizations/", format=form).streaming_content
        next(pieces)
        tracemalloc.start()
        for _piece in pieces:
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    many_organizations(1_000)
    short = {form: peak(form) for form in ("ndjson", "csv")}
    Organization.objects.all().delete()
    many_organizations(10_000)
    # The plans of this session are those of a short list until PostgreSQL is told, or finds out, that it has grown.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for form, most in short.items():
        assert peak(form) < 1.5 * most
