"""Removing a value from all of history, which leaves a revision that says so."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from initiatives.models import Engagement, Initiative, Organization, Person
from tests.history.log import assert_history_is_whole
from tests.history.mirror import Mirror, curator, whole_registry
from tracker.api.models import IdempotencyKey
from tracker.history.models import Revision
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "Private name"
STORED = "SELECT count(*) FROM {table} row WHERE row::text LIKE '%%' || %s || '%%'"


def redact(record: str, field: str, **options: Any) -> str:
    out = StringIO()
    call_command("redact", record, field=field, reason=options.pop("reason", "A court order"), stdout=out, **options)
    return out.getvalue()


def found_in_database(text: str) -> list[str]:
    """The tables in which a text still is."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(STORED.format(table=connection.ops.quote_name(table)), [text])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def told(*paths: str, **parameters: Any) -> str:
    """All that a curator is told at these addresses."""
    client = curator()
    return json.dumps([client.get(f"/api/v1/{path}", parameters).json() for path in paths], ensure_ascii=False)


@pytest.fixture
def person() -> Person:
    """Somebody whose name was written, kept for a while and changed."""
    person = Person.objects.create(slug="somebody", name_en=SECRET, name_ar="اسم")
    person.honorific_en = "Dr"
    person.save()
    person.name_en = "Public name"
    person.save()
    return person


def test_a_value_is_gone_from_everywhere_and_a_revision_says_why(person: Person) -> None:
    mirror = Mirror(curator())
    mirror.follow()
    printed = redact("people/somebody", "name", value=SECRET)
    assert "2 versions" in printed
    assert found_in_database(SECRET) == []
    last = Revision.objects.get(number=current_revision())
    assert (last.number, last.actor, last.reason) == (4, "redact", "A court order")
    assert SECRET not in told("people/somebody/history/", "changes/", "revisions/1/", "revisions/4/")
    for number in (1, 2, 3, 4):
        assert SECRET not in told("people/somebody/", "people/", as_of=number)
    assert "Public name" in told("people/somebody/")
    assert "اسم" in told("people/somebody/", as_of=1)
    entry = curator().get("/api/v1/people/somebody/history/").json()["results"][0]
    assert (entry["revision"], entry["reason"], entry["changes"]) == (4, "A court order", [])
    mirror.follow()
    assert mirror.without_empty() == whole_registry()
    assert_history_is_whole()


def test_without_a_value_all_that_the_field_ever_held_goes_from_the_record_too() -> None:
    office = Organization.objects.create(slug="office", name_en="Office", role_en="First role", role_ar="دور")
    office.role_en = "Second role"
    office.save()
    redact("organizations/office", "role")
    for text in ("First role", "Second role", "دور"):
        assert found_in_database(text) == []
    assert Organization.objects.get().role_en == ""
    assert current_revision() == 3
    assert_history_is_whole()


def test_one_language_of_a_text_can_be_removed_alone() -> None:
    Organization.objects.create(slug="office", name_en="Office", role_en="Role", role_ar="دور")
    redact("organizations/office", "role.en")
    record = curator().get("/api/v1/organizations/office/?as_of=1").json()
    assert record["role"] == {"en": None, "ar": "دور"}


def test_the_past_alone_can_be_redacted(person: Person) -> None:
    redact("people/somebody", "name.en", past_only=True)
    assert Person.objects.get().name_en == "Public name"
    assert found_in_database(SECRET) == []
    redacted_now = curator().get("/api/v1/people/somebody/history/").json()["results"][0]
    assert redacted_now["reason"] == "A court order"


def test_a_deleted_record_is_redacted_as_well(person: Person) -> None:
    person.delete()
    redact("people/somebody", "name", value=SECRET)
    assert found_in_database(SECRET) == []
    assert Revision.objects.get(number=current_revision()).reason == "A court order"
    assert SECRET not in told("people/somebody/history/")


def test_a_part_is_redacted_by_its_id() -> None:
    visit = Engagement.objects.create(slug="visit", kind="visit", title_en="Visit")
    item = visit.participations.create(position=1, group_en=SECRET, group_ar="مدراء", role="participant")
    other = Engagement.objects.create(slug="other", kind="visit", title_en="Visit")
    with pytest.raises(CommandError, match="never had a part"):
        redact("engagements/other", "group", part=f"participation/{item.pk}")
    redact("engagements/visit", "group.en", part=f"participation/{item.pk}")
    assert found_in_database(SECRET) == []
    item.refresh_from_db()
    assert (item.group_en, item.group_ar, other.participations.count()) == ("", "مدراء", 0)
    assert_history_is_whole()


def test_numbers_dates_references_and_items_of_lists_can_be_removed() -> None:
    office = Organization.objects.create(slug="office", name_en="Office", aliases_en=["Known", "Alias"])
    Initiative.objects.create(
        slug="plan",
        title_en="Plan",
        lead=office,
        planned_start=date(2017, 4, 16),
        budget_amount="1234.50",
        budget_currency="AED",
    )
    Initiative.objects.update(budget_amount=None, budget_currency="")
    redact("initiatives/plan", "budget_amount", value="1234.50", past_only=True)
    redact("initiatives/plan", "planned_start", value="2017-04-16")
    redact("initiatives/plan", "lead")
    redact("organizations/office", "aliases.en", value="Alias")
    past = curator().get("/api/v1/initiatives/plan/?as_of=2").json()
    assert (past["budget_amount"], past["planned_start"], past["lead"]) == (None, None, None)
    assert Initiative.objects.get().planned_start is None
    assert Organization.objects.get().aliases_en == ["Known"]
    assert curator().get("/api/v1/organizations/office/?as_of=1").json()["aliases"]["en"] == ["Known"]
    assert_history_is_whole()


def test_what_cannot_be_empty_is_replaced_by_what_one_says(person: Person) -> None:
    Person.objects.update(slug="another")
    with pytest.raises(CommandError, match="cannot be empty"):
        redact("people/another", "slug", value="somebody")
    redact("people/another", "slug", value="somebody", replace_with="redacted")
    assert curator().get("/api/v1/people/redacted/?as_of=1").status_code == 200
    assert curator().get("/api/v1/people/somebody/?as_of=1").status_code == 404
    assert curator().get("/api/v1/people/another/").status_code == 200


def test_a_record_that_cannot_be_without_the_value_is_left_whole() -> None:
    Person.objects.create(slug="somebody", name_en=SECRET)
    with pytest.raises(CommandError, match="--past-only") as refused:
        redact("people/somebody", "name")
    assert "cannot be without" in str(refused.value)
    assert Person.objects.get().name_en == SECRET
    assert current_revision() == 1
    redact("people/somebody", "name.en", value=SECRET, replace_with="Withheld")
    assert found_in_database(SECRET) == []
    assert curator().get("/api/v1/people/somebody/?as_of=1").json()["name"]["en"] == "Withheld"


def test_answers_that_are_kept_for_retries_forget_the_value_too() -> None:
    body = {"slug": "somebody", "name": {"en": SECRET, "ar": "اسم سري"}}
    client = curator()
    key = {"Idempotency-Key": "k-1"}
    client.post("/api/v1/people/", body, "application/json", headers=key)
    other = client.post(
        "/api/v1/people/", {"name": {"en": "Other"}}, "application/json", headers={"Idempotency-Key": "k-2"}
    )
    redact("people/somebody", "name.ar")
    assert IdempotencyKey.objects.filter(body=None).count() == 1
    retried = client.post("/api/v1/people/", body, "application/json", headers=key)
    assert (retried.status_code, other.status_code) == (409, 201)
    assert Person.objects.count() == 2


@pytest.mark.parametrize(
    ("record", "options", "message"),
    [
        ("people/nobody", {}, "no record"),
        ("nothing/somebody", {}, "no collection"),
        ("somebody", {}, "no collection"),
        ("people/somebody", {"field": "nome"}, "There is no field"),
        ("people/somebody", {"reason": "  "}, "Say why"),
        ("people/somebody", {"value": "Nobody"}, "Nothing was removed"),
        ("people/somebody", {"value": SECRET, "reason": f"It was {SECRET}"}, "do not repeat"),
        ("people/somebody", {"field": "created_at"}, "cannot be empty"),
        ("people/somebody", {"field": "slug", "replace_with": "Not a slug"}, "lower-case"),
        ("people/somebody", {"part": "outcome/1"}, "never had a part"),
    ],
)
def test_what_makes_no_sense_is_refused(person: Person, record: str, options: dict[str, Any], message: str) -> None:
    last = current_revision()
    with pytest.raises(CommandError, match=message):
        redact(record, **{"field": "name", **options})
    assert current_revision() == last
    assert found_in_database(SECRET) == ["history_change"]


def test_what_is_computed_is_redacted_by_what_it_is_computed_from() -> None:
    Initiative.objects.create(slug="plan", title_en="Plan", planned_start=date(2017, 1, 1))
    with pytest.raises(CommandError, match="computed"):
        redact("initiatives/plan", "status")


def test_the_public_reads_that_something_was_redacted_but_not_what(person: Person) -> None:
    redact("people/somebody", "name", value=SECRET)
    answer = Client().get(f"/api/v1/revisions/{current_revision()}/").json()
    assert (answer["reason"], answer["actor"], answer["changes"]) == ("A court order", None, [])
