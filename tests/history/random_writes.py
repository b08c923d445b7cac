"""Random writes to the small registry, as Hypothesis draws them: by the API, by the ORM and by SQL.

A write may be refused, for what refers to a record or by a rule; then it leaves nothing, which is as good.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from hypothesis import strategies as st

from initiatives.models import (
    Dataset,
    Goal,
    Initiative,
    Milestone,
    Organization,
    Person,
    Pillar,
    ProgressUpdate,
    SmartService,
)
from initiatives.workflow import merge
from tracker.api import collections

Draw = Callable[[st.SearchStrategy[Any]], Any]

TEXTS = st.text(alphabet="aé دبيى'\"\\{}%,", min_size=1, max_size=12).filter(lambda text: text.strip())
DAYS = st.dates().filter(lambda day: 1900 < day.year < 2100).map(str) | st.none()
# Collections whose records nobody knows by a name have another text.
TEXT_OF = {"citations": "note", "agreements": "purpose", "observations": "date_note", "partnerships": "description"}
MOVES = {
    "milestones": ("initiative", "initiatives"),
    "agreements": ("dataset", "datasets"),
    "observations": ("indicator", "indicators"),
    "statements": ("engagement", "engagements"),
}


def slugs(collection: str) -> list[str]:
    model: Any = collections.model_named(collection)
    return list(model.objects.order_by("pk").values_list("slug", flat=True))


def one_of(draw: Draw, values: Any) -> Any:
    return draw(st.sampled_from(list(values)))


def some_of(draw: Draw, values: Any) -> list[Any]:
    found = list(values)
    return draw(st.lists(st.sampled_from(found), unique=True)) if found else []


def send(curator: Client, draw: Draw, collection: str, body: dict[str, Any]) -> None:
    """Patch some record of the collection."""
    known = slugs(collection)
    if known:
        answer = curator.patch(f"/api/v1/{collection}/{one_of(draw, known)}/", body, "application/json")
        assert answer.status_code in (200, 400, 409), answer.content


def change_text(curator: Client, draw: Draw) -> None:
    collection = one_of(draw, collections.names())
    model: Any = collections.model_named(collection)
    send(curator, draw, collection, {TEXT_OF.get(collection) or model.label: {"en": draw(TEXTS), "ar": draw(TEXTS)}})


def create(curator: Client, draw: Draw) -> None:
    collection = one_of(draw, ["people", "organizations"])
    answer = curator.post(f"/api/v1/{collection}/", {"name": {"ar": draw(TEXTS)}}, "application/json")
    assert answer.status_code == 201, answer.content


def delete(curator: Client, draw: Draw) -> None:
    collection = one_of(draw, collections.names())
    known = slugs(collection)
    if known:
        answer = curator.delete(f"/api/v1/{collection}/{one_of(draw, known)}/")
        assert answer.status_code in (204, 409), answer.content


def change_parts_of_an_initiative(curator: Client, draw: Draw) -> None:
    involvements = [
        {"organization": slug, "role": one_of(draw, ["lead", "partner", "funder"])}
        for slug in some_of(draw, slugs("organizations"))
    ]
    milestones = [{"title": {"en": draw(TEXTS)}, "due_on": draw(DAYS)} for _ in range(draw(st.integers(0, 2)))]
    send(curator, draw, "initiatives", {"involvements": involvements, "milestones": milestones})


def change_parts_of_an_engagement(curator: Client, draw: Draw) -> None:
    people = some_of(draw, slugs("people"))
    body = {
        "participations": [{"person": slug, "role": "participant"} for slug in people],
        "agenda": [{"subject": {"ar": draw(TEXTS)}} for _ in range(draw(st.integers(0, 2)))],
    }
    send(curator, draw, "engagements", body)


def change_links(curator: Client, draw: Draw) -> None:
    pillars, goals = some_of(draw, slugs("pillars")), some_of(draw, slugs("goals"))
    send(curator, draw, "initiatives", {"pillars": pillars, "goals": goals})


def move(curator: Client, draw: Draw) -> None:
    collection = one_of(draw, MOVES)
    field, owners = MOVES[collection]
    known = slugs(owners)
    if known:
        send(curator, draw, collection, {field: one_of(draw, known)})


def cite_another(curator: Client, draw: Draw) -> None:
    owners = one_of(draw, ["initiatives", "datasets", "organizations"])
    known = slugs(owners)
    if known:
        send(curator, draw, "citations", {"record": f"{owners}/{one_of(draw, known)}"})


def change_dates(curator: Client, draw: Draw) -> None:
    send(curator, draw, "milestones", {"forecast_on": draw(DAYS), "completed_on": draw(DAYS)})


def publish_or_withdraw(curator: Client, draw: Draw) -> None:
    model: Any = one_of(draw, [Initiative, SmartService, Dataset, ProgressUpdate])
    row = model.objects.order_by("pk").first()
    if row is not None:
        one_of(draw, [row.publish, row.withdraw])()


def change_many(curator: Client, draw: Draw) -> None:
    with transaction.atomic():
        Organization.objects.update(role_ar=draw(TEXTS))
        Milestone.objects.filter(completed_on=None).update(weight=draw(st.decimals("0.01", 999, places=2)))
        for goal in Goal.objects.all():
            goal.stated_by.set(some_of(draw, Person.objects.order_by("pk")))


def write_sql(curator: Client, draw: Draw) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE initiatives_person SET aliases_en = aliases_en || %s::varchar", [draw(TEXTS)])
        cursor.execute("DELETE FROM initiatives_involvement WHERE role = %s", [one_of(draw, ["lead", "funder"])])


def merge_two(curator: Client, draw: Draw) -> None:
    model: Any = one_of(draw, [Organization, Person, Initiative, Pillar])
    rows = list(model.objects.filter(replaced_by=None).order_by("pk"))
    if len(rows) > 1:
        duplicate, into = draw(st.permutations(rows))[:2]
        with suppress(IntegrityError, ValidationError):
            merge(duplicate=duplicate, into=into)


WRITES: list[Callable[[Client, Draw], None]] = [
    change_text,
    create,
    delete,
    change_parts_of_an_initiative,
    change_parts_of_an_engagement,
    change_links,
    move,
    cite_another,
    change_dates,
    publish_or_withdraw,
    change_many,
    write_sql,
    merge_two,
]
