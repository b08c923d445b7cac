"""A synthetic city: the same for the same seed, whole, in both languages, and like any other records."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, Q

from initiatives.city import city
from initiatives.models import Indicator, Initiative, Milestone, MilestoneDependency, Organization
from tests.api.client import ApiClient
from tracker.api import collections
from tracker.history.tracking import tracked

pytestmark = pytest.mark.django_db

ARABIC = re.compile("[\u0621-\u064a]")


def generate(initiatives: int = 25, seed: int = 1) -> str:
    out = StringIO()
    call_command("generate_city", "--initiatives", str(initiatives), "--seed", str(seed), stdout=out)
    return out.getvalue().strip()


def tables() -> list[str]:
    models = apps.get_app_config("initiatives").get_models(include_auto_created=True)
    return [model._meta.db_table for model in models]


def rows() -> dict[str, list[Any]]:
    """Every row of the domain, timestamps included."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f'SELECT to_jsonb(t) FROM "{table}" t ORDER BY id')
            found[table] = [json.loads(row[0]) for row in cursor.fetchall()]
    return found


def rows_in_an_empty_database(*sizes: int, seed: int = 1) -> dict[str, list[Any]]:
    """The rows of a city that grows to these sizes where there is nothing else; afterwards there is nothing again."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for table in tables():
                cursor.execute(f'ALTER TABLE "{table}" ALTER COLUMN id RESTART')
        for size in sizes:
            generate(size, seed)
        found = rows()
        transaction.set_rollback(True)
    return found


def test_the_same_seed_makes_the_same_rows_in_two_empty_databases() -> None:
    first = rows_in_an_empty_database(25)
    second = rows_in_an_empty_database(25)

    assert len(first["initiatives_initiative"]) == 25
    assert first == second


def test_another_seed_makes_another_city() -> None:
    first = rows_in_an_empty_database(25)
    second = rows_in_an_empty_database(25, seed=2)

    titles = [{row["title_en"] for row in each["initiatives_initiative"]} for each in (first, second)]
    assert len(first["initiatives_initiative"]) == len(second["initiatives_initiative"])
    assert titles[0] != titles[1]


def test_a_city_that_was_interrupted_goes_on_to_what_it_would_have_been(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(city, "BOROUGH", 20)

    assert rows_in_an_empty_database(20, 40, 47) == rows_in_an_empty_database(47)


def test_generating_a_city_again_writes_nothing() -> None:
    generate()
    before = rows()

    assert generate() == "0 rows written."
    assert rows() == before


def test_two_cities_stand_beside_each_other_and_beside_the_curated_registry() -> None:
    call_command("load_registry", stdout=StringIO())
    curated = Organization.objects.count()

    generate(seed=1)
    generate(seed=11)

    assert Initiative.objects.filter(slug__startswith="city1-").count() == 25
    assert Initiative.objects.filter(slug__startswith="city11-").count() == 25
    out = StringIO()
    call_command("load_registry", stdout=out)
    assert out.getvalue().startswith("0 records created, 0 changed, ")
    assert Organization.objects.exclude(slug__regex="^city[0-9]").count() == curated


@pytest.mark.parametrize(
    ("initiatives", "seed", "said"),
    [(0, 1, "--initiatives is 0"), (-5, 1, "--initiatives is -5"), (5, -1, "--seed is -1")],
)
def test_what_no_city_can_be_is_refused(initiatives: int, seed: int, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        generate(initiatives, seed)

    assert not Organization.objects.exists()


@pytest.mark.parametrize("size", [24, 26])
def test_a_city_of_the_same_seed_and_another_size_is_refused_and_nothing_is_written(size: int) -> None:
    generate()
    before = rows()

    with pytest.raises(CommandError, match="already a city of seed 1, with 25 initiatives"):
        generate(size)

    assert rows() == before


@pytest.mark.parametrize("size", [1, 60])
def test_a_reader_finds_something_in_every_collection(size: int, anonymous: ApiClient) -> None:
    generate(size)

    counts = {name: anonymous.read(f"{name}/", limit=1).json()["count"] for name in collections.names()}

    assert [name for name, count in counts.items() if not count] == []


def test_every_text_is_in_both_languages_and_the_arabic_one_is_arabic() -> None:
    generate()

    for table, found in rows().items():
        names = {name.removesuffix("_ar") for row in found for name in row if name.endswith("_ar")}
        for row, name in ((row, name) for row in found for name in names):
            english, arabic = row[f"{name}_en"], row[f"{name}_ar"]
            assert bool(english) == bool(arabic), (table, name, row)
            assert not arabic or ARABIC.search(str(arabic)), (table, name, row)


def test_an_initiative_has_three_partners_four_milestones_and_every_tenth_a_year_of_observations() -> None:
    generate(60)

    initiatives = Initiative.objects.annotate(
        partners=Count("involvements", distinct=True), steps=Count("milestones", distinct=True)
    )
    assert {(each.partners, each.steps) for each in initiatives} == {(3, 4)}
    assert Indicator.objects.count() == 6
    assert {each.observations.count() for each in Indicator.objects.all()} == {52}
    assert MilestoneDependency.objects.exists()


def test_initiatives_are_in_hierarchies_and_in_every_stage() -> None:
    generate(300)

    depths = {
        initiative.kind: (initiative.parent is not None, initiative.parent and initiative.parent.kind)
        for initiative in Initiative.objects.select_related("parent")
    }
    assert depths == {
        "programme": (False, None),
        "initiative": (True, "programme"),
        "project": (True, "initiative"),
    }
    assert {"planned", "active", "completed"} <= set(Initiative.objects.values_list("status", flat=True))
    late = Milestone.objects.filter(completed_on=None, due_on__lt="2026-10-01")
    assert late.exists()
    assert Milestone.objects.filter(completed_on__isnull=False).exists()
    states = Initiative.objects.aggregate(all=Count("pk"), published=Count("pk", filter=Q(state="published")))
    assert states["all"] * 0.8 < states["published"] < states["all"]


@pytest.mark.django_db(transaction=True)
def test_each_borough_is_one_revision_that_says_what_made_it_and_holds_all_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(city, "BOROUGH", 20)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(number), 0) FROM history_revision")
        (before,) = cursor.fetchone()

        said = generate(45)

        cursor.execute(
            "SELECT actor, reason, (SELECT count(*) FROM history_change WHERE revision_id = revision.id) "
            "FROM history_revision revision WHERE number > %s ORDER BY number",
            [before],
        )
        revisions = cursor.fetchall()
        counts = []
        for each in tracked():
            cursor.execute(f'SELECT count(*) FROM "{each.table}"')
            counts += cursor.fetchone()
    assert [(actor, reason) for actor, reason, _count in revisions] == [
        ("generate_city", f"Synthetic city of seed 1, borough {number}") for number in (1, 2, 3)
    ]
    assert sum(count for _actor, _reason, count in revisions) == sum(counts)
    assert said == f"{sum(counts)} rows written."


def test_postgresql_knows_afterwards_how_large_the_tables_are() -> None:
    generate()

    counted = Milestone.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'initiatives_milestone'")
        assert cursor.fetchone() == (counted,)
