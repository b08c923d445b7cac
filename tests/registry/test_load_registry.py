"""Loading registry files and writing them back."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from initiatives.models import Initiative, Organization, Platform, Strategy

pytestmark = pytest.mark.django_db

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes registry files into a folder, by the names of their collections."""

    def files(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return files


def load(path: Path | None = None) -> str:
    out = StringIO()
    call_command("load_registry", *([path] if path else []), stdout=out)
    return out.getvalue().strip()


def refusal(path: Path) -> str:
    with pytest.raises(CommandError) as refused:
        load(path)
    return str(refused.value)


def rows() -> dict[str, list[Any]]:
    """Every row of the domain, timestamps included."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("initiatives").get_models(include_auto_created=True):
            cursor.execute(f'SELECT to_jsonb(t) FROM "{model._meta.db_table}" t ORDER BY id')
            found[model._meta.db_table] = [row[0] for row in cursor.fetchall()]
    return found


def test_loading_the_curated_registry_again_changes_nothing_and_creates_nothing() -> None:
    load()
    before = rows()

    answer = load()

    assert answer.startswith("0 records created, 0 changed, ")
    assert rows() == before


def test_export_then_load_into_an_empty_database_then_export_is_byte_identical(tmp_path: Path) -> None:
    load()
    call_command("export_registry", tmp_path / "first", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for model in apps.get_app_config("initiatives").get_models(include_auto_created=True):
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')
        cursor.execute("SET session_replication_role = origin")
    assert not Organization.objects.exists()

    load(tmp_path / "first")
    call_command("export_registry", tmp_path / "second", stdout=StringIO())

    first = {file.name: file.read_bytes() for file in (tmp_path / "first").iterdir()}
    second = {file.name: file.read_bytes() for file in (tmp_path / "second").iterdir()}
    assert len(first) > 10
    assert second == first


def test_loading_an_export_over_the_same_records_changes_nothing(tmp_path: Path) -> None:
    load()
    call_command("export_registry", tmp_path, stdout=StringIO())
    before = rows()

    assert load(tmp_path).startswith("0 records created, 0 changed, ")
    assert rows() == before


def test_records_may_refer_forwards_and_in_circles(write: Write) -> None:
    path = write(
        organizations="""
- {slug: a, name: {en: A}, parent: b}
- {slug: b, name: {en: B}, successor: a}
""",
        initiatives="""
- slug: i
  title: {en: I}
  lead: a
  milestones:
    - {slug: first, title: {en: First}, depends_on: [second]}
    - {slug: second, title: {en: Second}}
""",
    )

    load(path)

    assert Organization.objects.get(slug="a").parent == Organization.objects.get(slug="b")
    assert Organization.objects.get(slug="b").successor == Organization.objects.get(slug="a")
    first = Initiative.objects.get(slug="i").milestones.get(slug="first")
    assert [awaited.slug for awaited in first.depends_on.all()] == ["second"]


def test_a_changed_file_changes_only_what_it_says(write: Write) -> None:
    text = "- {slug: p, name: {en: P}, capabilities: [{text: {en: One}}, {text: {en: TWO}}, {text: {en: Three}}]}"
    load(write(platforms=text.replace("TWO", "Two")))
    before = {part.position: part.pk for part in Platform.objects.get(slug="p").capabilities.all()}

    assert load(write(platforms=text)) == "0 records created, 1 changed, 0 as they should be."

    after = Platform.objects.get(slug="p").capabilities.all()
    assert {part.position: part.pk for part in after} == before
    assert [part.text_en for part in after] == ["One", "TWO", "Three"]


def test_pillars_keep_their_order_when_loaded_again(write: Write) -> None:
    text = "- {slug: s, title: {en: S}, pillars: [{slug: x, name: {en: X}}, {slug: y, name: {en: Y}}]}"
    load(write(strategies=text))
    load(write(strategies=text.replace("en: S}", "en: Strategy}")))

    strategy = Strategy.objects.get(slug="s")
    assert [(pillar.position, pillar.slug) for pillar in strategy.pillars.all()] == [(1, "x"), (2, "y")]
    assert strategy.title_en == "Strategy"


def test_every_error_is_reported_with_its_file_record_and_field_and_nothing_is_loaded(write: Write) -> None:
    path = write(
        organizations="""
- {slug: fine, name: {en: Fine}}
- {slug: no-name, name: {}}
- {slug: backwards, name: {en: B}, founded_on: '2020-01-02', dissolved_on: '2020-01-01'}
- {slug: unknown, name: {en: U}, nme: 1, parent: nowhere, country: ae, founded_on: 2015-02-30}
""",
        initiatives="""
- {slug: light, title: {en: L}, milestones: [{title: {en: M}, weight: -1}]}
""",
    )

    told = refusal(path)

    folder = path.name
    for line in (
        f"{folder}/organizations.yaml: no-name: name: ",
        f"{folder}/organizations.yaml: backwards: dissolved_on: ",
        f"{folder}/organizations.yaml: unknown: nme: ",
        f"{folder}/organizations.yaml: unknown: parent: There is no record with the slug “nowhere”",
        f"{folder}/organizations.yaml: unknown: country: ",
        f"{folder}/organizations.yaml: unknown: founded_on: ",
        f"{folder}/initiatives.yaml: light: milestones/0/weight: ",
    ):
        assert line in told
    assert "Nothing was loaded: 7 errors." in told
    assert not Organization.objects.exists()


def test_a_rule_that_only_the_database_knows_loads_nothing_either(write: Write) -> None:
    cycle = "- {slug: a, name: {en: A}, parent: b}\n- {slug: b, name: {en: B}, parent: a}\n- {slug: c, name: {en: C}}"

    assert "cycle" in refusal(write(organizations=cycle))
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("organizations", "{slug: a}", "Expected a list of records."),
        ("organizations", "- just text", "record 1: slug: Expected a mapping with a slug."),
        ("organizations", "- {slug: a, slug: b}", "the key “slug” stands twice"),
        ("organizations", "- {slug: a, name: {en: A}}\n- {slug: a, name: {en: A}}", "already stands in"),
        ("organizations", "- {slug: [", "organizations.yaml"),
        ("organizations", "- !!python/object:os.system {slug: a}", "could not determine a constructor"),
        ("organisations", "- {slug: a}", "There is no such collection."),
    ],
)
def test_a_broken_file_is_refused_with_the_reason(write: Write, name: str, text: str, expected: str) -> None:
    assert expected in refusal(write(**{name: text}))
    assert not Organization.objects.exists()


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    assert "There are no .yaml files in this folder." in refusal(tmp_path)
    assert "There is no such folder." in refusal(tmp_path / "nowhere")


def test_a_withdrawn_record_stays_withdrawn_through_export_and_load(tmp_path: Path, write: Write) -> None:
    load(write(initiatives="- {slug: i, title: {en: I}}"))
    Initiative.objects.get(slug="i").withdraw()
    call_command("export_registry", tmp_path / "out", stdout=StringIO())

    Initiative.objects.all().delete()
    load(tmp_path / "out")

    assert Initiative.objects.get(slug="i").state == "withdrawn"


def test_country_codes_and_version_numbers_are_text(write: Write) -> None:
    load(write(organizations="- {slug: oslo, name: {en: Oslo}, country: NO}"))

    assert Organization.objects.get(slug="oslo").country == "NO"
