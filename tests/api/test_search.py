"""Searching: readers find what they mean, however they spell it, and nothing that they may not see."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initiatives.models import Initiative, Organization
from tests import factories
from tests.api.client import ApiClient
from tests.api.collections.cases import CASES
from tests.api.collections.suite import CollectionCase, refusals
from tests.api.test_search_everywhere import hits
from tracker.search import MOST_RANKED, Search, index_of

pytestmark = pytest.mark.django_db


# As people spell -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("خدمات ذكية", "الخدمات"),
        ("الخدمات الذكية", "خدمات"),
        ("الخدمات الذكية", "خدمة"),
        ("للخدمات", "الخدمات"),
        ("والخدمات", "خدمات"),
        ("بالخدمات", "الخدمات"),
        ("فعالية بدبي", "دبي"),
        ("مؤسسات وهيئات", "هيئات"),
        ("حكومة دبي", "الحكومة"),
        ("الشؤون الحكومية", "حكومي"),
        ("مُؤَشِّرُ السَّعَادَة", "مؤشر السعادة"),
        ("مؤشر السعادة", "مُؤَشِّر"),
        ("إدارة الأحوال", "احوال ادارة"),
        ("هيئه قديمة", "هيئة"),
        ("مستشفي راشد", "مستشفى"),
        ("دبـــي", "دبي"),
        ("دبي ٢٠٢١", "2021"),
        ("دبي 2021", "٢٠٢١"),
        ("لا\u200cسلكي", "لاسلكي"),
        ("«منصّة»،الخدمات", "منصة خدمات"),
    ],
)
def test_arabic_is_found_with_and_without_marks_article_and_endings(
    anonymous: ApiClient, written: str, sought: str
) -> None:
    organization = factories.make_organization(name_ar=written)
    factories.make_organization(name_ar="غير ذلك")
    assert anonymous.slugs("organizations/", q=sought) == [organization.slug]
    assert hits(anonymous, sought) == [f"organizations/{organization.slug}"]


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("Smart services", "service"),
        ("A smart service", "services"),
        ("CITIES", "city"),
        ("City", "cities"),
        ("Café", "cafe"),
        ("Straße", "STRASSE"),
        ("Dubai's roads", "dubai"),
        ("Dubai roads", "Dubai’s"),
        ("IT/OT-ready", "ot ready"),
        ("smartdubai.ae", "smartdubai"),
        ("U4SSC 4G", "u4ssc"),
        ("The Office of Dubai", "an office for Dubai"),
        ("co\u00adoperation", "cooperation"),
    ],
)
def test_english_is_found_in_any_case_and_number(anonymous: ApiClient, written: str, sought: str) -> None:
    organization = factories.make_organization(name_en=written)
    factories.make_organization(name_en="Something else")
    assert anonymous.slugs("organizations/", q=sought) == [organization.slug]
    assert hits(anonymous, sought) == [f"organizations/{organization.slug}"]


@pytest.mark.parametrize("sought", ["blockch", "dubai blockc", "البلوك", "بلوك", "دبي والبلو"])
def test_the_last_word_may_be_unfinished(anonymous: ApiClient, sought: str) -> None:
    organization = factories.make_organization(name_en="Dubai Blockchain", name_ar="دبي للبلوكتشين والبلوكتشين")
    factories.make_organization()
    assert anonymous.slugs("organizations/", q=sought) == [organization.slug]


def test_only_the_last_word_may_be_unfinished(anonymous: ApiClient) -> None:
    factories.make_organization(name_en="Dubai Blockchain")
    assert anonymous.slugs("organizations/", q="blockch dubai") == []


def test_all_words_must_be_found_in_whichever_language_and_text(anonymous: ApiClient) -> None:
    both = factories.make_organization(
        name_en="Traffic", name_ar="طرق", aliases_ar=["مرور"], role_en="Licences drivers"
    )
    factories.make_organization(name_en="Traffic")
    assert anonymous.slugs("organizations/", q="traffic طرق مرور driver") == [both.slug]
    assert anonymous.slugs("organizations/", q="traffic طرق مرور pilot") == []


@pytest.mark.parametrize("sought", ["the", "في", "the of"])
def test_small_words_count_where_there_are_no_others(anonymous: ApiClient, sought: str) -> None:
    organization = factories.make_organization(name_en="The House of", name_ar="بيت في")
    factories.make_organization()
    assert anonymous.slugs("organizations/", q=sought) == [organization.slug]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_collection_finds_its_records_by_every_text_of_theirs(case: CollectionCase, anonymous: ApiClient) -> None:
    record = case.make()
    index = index_of(case.model)
    assert index is not None
    searched = [column for columns in index.columns.values() for column in columns]
    texts = [
        field.name
        for field in case.model._meta.concrete_fields
        if field.name.endswith(("_en", "_ar")) and isinstance(field, (models.CharField, models.TextField, ArrayField))
    ]
    assert set(texts) <= set(searched)
    shown = case.viewset.serializer_class().fields
    for column in searched:
        assert column in shown or column.removesuffix("_en").removesuffix("_ar") in shown
        value: Any = "quicksilver" if column != "slug" else "quicksilver-1"
        if isinstance(case.model._meta.get_field(column), ArrayField):
            value = ["other", value]
        before = getattr(record, column)
        case.rows().filter(pk=record.pk).update(**{column: value})
        found = f"{case.name}/{value if column == 'slug' else record.slug}"
        assert anonymous.slugs(case.path, q="quicksilver") == [found.partition("/")[2]], column
        if column == searched[0]:
            assert hits(anonymous, "quicksilver") == [found]
        case.rows().filter(pk=record.pk).update(**{column: before})
    assert hits(anonymous, "quicksilver") == []


def test_a_text_of_any_length_can_be_written_and_is_searched_at_its_beginning(anonymous: ApiClient) -> None:
    long = " ".join(f"word{number} كلمة{number}" for number in range(100_000))
    organization = factories.make_organization(name_en="Long", role_en=f"first {long} last", role_ar=f"x{'ي' * 9_000}")
    assert anonymous.slugs("organizations/", q="first word7") == [organization.slug]
    assert anonymous.slugs("organizations/", q="last") == []


# The order -----------------------------------------------------------------------------------------------------------


def make_happy() -> list[str]:
    """Organizations that have to do with happiness, nearest first."""
    made = [
        factories.make_organization(slug="z", name_en="Happiness"),
        factories.make_organization(slug="y", name_en="Happiness Meter"),
        factories.make_organization(slug="x", name_en="The Council for the Happiness of All", role_en="Happiness"),
        factories.make_organization(slug="w", name_en="Council", aliases_en=["Happiness"]),
        factories.make_organization(slug="a", name_en="Council", role_en="It measures happiness."),
        factories.make_organization(slug="b", name_en="Council", role_en="It measures happiness."),
    ]
    return [organization.slug for organization in made]


def test_what_is_called_so_comes_before_what_mentions_it(anonymous: ApiClient) -> None:
    in_order = make_happy()
    assert anonymous.slugs("organizations/", q="happiness") == in_order
    assert hits(anonymous, "happiness") == [f"organizations/{slug}" for slug in in_order]


def test_it_does_so_among_too_many_to_be_told_apart(anonymous: ApiClient) -> None:
    make_happy()
    Organization.objects.bulk_create(
        Organization(slug=f"m-{number:03}", name_en="Council", role_en="Happiness") for number in range(MOST_RANKED)
    )
    rest = ["a", "b", *(f"m-{number:03}" for number in range(MOST_RANKED)), "w"]
    assert anonymous.slugs("organizations/", q="happiness", limit=1000) == ["z", "y", "x", *rest]
    assert hits(anonymous, "happiness", limit=3) == ["organizations/z", "organizations/y", "organizations/x"]


def test_an_order_that_is_asked_for_comes_before_rank(anonymous: ApiClient) -> None:
    in_order = make_happy()
    assert anonymous.slugs("organizations/", q="happiness", ordering="slug") == sorted(in_order)
    assert anonymous.slugs("organizations/", q="happiness", ordering="-slug") == sorted(in_order)[::-1]


def test_pages_have_everything_once_and_filters_narrow_it(anonymous: ApiClient) -> None:
    in_order = make_happy()
    walked, query = [], {"q": "happiness", "limit": 2, "fields": "slug"}
    page = anonymous.read("organizations/", **query).json()
    while True:
        walked += [record["slug"] for record in page["results"]]
        assert page["count"] == len(in_order)
        if page["next"] is None:
            break
        page = anonymous.get(page["next"]).json()
    assert walked == in_order
    assert anonymous.slugs("organizations/", q="happiness", name="Council") == ["w", "a", "b"]
    assert anonymous.slugs("organizations/", q="happiness", slug__in="a,y", count="none") == ["y", "a"]


@pytest.mark.parametrize("how_many", [7, MOST_RANKED + 7])
def test_what_was_found_is_walked_by_cursor_in_the_order_of_its_rank(anonymous: ApiClient, how_many: int) -> None:
    for number in range(how_many):
        words = "Metro" if number % 3 else "On the metro and its lines"
        factories.make_organization(**{"name_en" if number % 2 else "role_en": words})
    everything = anonymous.slugs("organizations/", q="metro", limit=1_000)
    assert len(everything) == how_many
    walked, page = [], anonymous.read("organizations/", q="metro", cursor="start", limit=how_many // 2).json()
    while True:
        walked += [record["slug"] for record in page["results"]]
        if page["next"] is None:
            break
        page = anonymous.get(page["next"]).json()
    assert walked == everything


def test_computed_members_can_be_filtered_and_ordered_by_too(anonymous: ApiClient) -> None:
    source = factories.make_source()
    low, high = (
        factories.make_initiative(title_en="Paperless", stated_progress=n, progress_source=source) for n in (10, 90)
    )
    assert anonymous.slugs("initiatives/", q="paperless", progress__gt=50) == [high.slug]
    assert anonymous.slugs("initiatives/", q="paperless", ordering="progress") == [low.slug, high.slug]


# Refusals and attacks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "where", "code"),
    [
        ("q=", "q", "no_word"),
        ("q=%20", "q", "no_word"),
        ("q=%26%7C!:*()%3C-%3E'%22%5C", "q", "no_word"),
        ("q=%D9%8E", "q", "no_word"),
        (f"q={'a' * 501}", "q", "too_long"),
        (f"q={'%D8%A8' * 10_000}", "q", "too_long"),
        ("q=a&q=b", "q", "repeated"),
        ("q=a%00b", "q", "invalid"),
        ("q=a&limit=0", "limit", "out_of_range"),
        ("q=a&as_of=never", "as_of", "invalid"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(anonymous: ApiClient, query: str, where: str, code: str) -> None:
    for path in ("organizations/", "search/"):
        response = anonymous.get(f"/api/v1/{path}?{query}")
        assert (where, code) in refusals(response)


@pytest.mark.parametrize(
    "words",
    [
        "a'b",
        "a & !b | (c <-> d):*",
        "'; DROP TABLE initiatives_organization; --",
        "%s %(name)s {} \\ \\\\",
        "a" * 500,
        "㌖" * 500,
        "\ufdfa" * 500,
        "a " * 250,
        "ال ال ال",
        "\u202eabc\u202c",
        "\U0001f600 a",
        "a\ud7ff\ue000\uffff",
        "1e5 -3 0x1f 3.14 007",
        "e\u0301\u0301\u0301",
    ],
)
def test_operators_quotes_and_oddities_are_only_words(anonymous: ApiClient, words: str) -> None:
    factories.make_organization()
    for path in ("organizations/", "search/"):
        assert anonymous.read(path, q=words).status_code == 200


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_whatever_makes_search_fail(anonymous: ApiClient, words: str) -> None:
    response = anonymous.read("organizations/", q=words)
    assert response.status_code in (200, 400)
    json.loads(response.content)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(categories=["L", "M", "N", "P", "Zs"]), min_size=1, max_size=80))
def test_whatever_a_record_is_called_finds_it(anonymous: ApiClient, name: str) -> None:
    organization = factories.make_organization(slug="named", name_en="", name_ar=name, aliases_en=["x"])
    response = anonymous.read("organizations/", q=name, fields="slug")
    if response.status_code == 200:
        assert {"slug": "named"} in response.json()["results"]
    else:
        assert refusals(response) == [("q", "no_word")]
    organization.delete()


# The database --------------------------------------------------------------------------------------------------------


def questions(read: Callable[[], Any]) -> int:
    """How many queries a reading takes."""
    asked: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        assert read().status_code == 200
    return len(asked)


def test_a_search_takes_as_many_queries_for_many_records_as_for_one(anonymous: ApiClient) -> None:
    ContentType.objects.get_for_models(*apps.get_models())
    counts = []
    for more in (1, 9, MOST_RANKED):
        Organization.objects.bulk_create(
            Organization(slug=f"q-{more}-{number}", name_en="Quicksilver") for number in range(more)
        )
        counts.append(
            [
                questions(lambda: anonymous.read("search/", q="quicksilver")),
                questions(lambda: anonymous.read("organizations/", q="quicksilver")),
            ]
        )
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.parametrize("words", ["police", "initiative"])
def test_the_index_is_read_for_rare_words_and_for_common_ones(words: str) -> None:
    numbers = range(3_000)
    Initiative.objects.bulk_create(
        Initiative(slug=f"i-{n}", title_en=f"{'Police' if n % 100 == 0 else 'Water'} initiative {n}") for n in numbers
    )
    with connection.cursor() as cursor:
        # Even where PostgreSQL has counted the words.
        cursor.execute("ALTER INDEX initiative_search ALTER COLUMN 1 SET STATISTICS 100")
        cursor.execute("ALTER INDEX initiative_search ALTER COLUMN 2 SET STATISTICS 100")
        cursor.execute("ANALYZE initiatives_initiative")
    search = Search(words)
    found = search.among(Initiative.objects.all())
    ranked = search.ranked(found, finely=True).order_by("-search_rank", "slug", "pk")[:20]
    for question in (found.values("pk"), ranked):
        plan = question.explain()
        assert "Bitmap Index Scan on initiative_search" in plan
        assert "Seq Scan" not in plan
