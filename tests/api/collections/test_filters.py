"""Every collection is filtered by all of its columns and references, and ordered by all that has an order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import django_filters
from django.db import models

from initiatives.models.records import Record
from tests.api.client import ApiClient
from tests.api.collections.suite import CollectionCase, refusals
from tracker.api import column_filters, reference_filters
from tracker.api.ordering import orderings

# Of these, any text is a value that some record might have.
OPEN = (column_filters.TextIn, column_filters.BilingualFilter, column_filters.FoldedTextFilter)
LESS, MORE = ("lt",), ("gt",)


def filters_of(case: CollectionCase) -> dict[str, Any]:
    return dict(case.viewset.filterset_class.base_filters)


def takes_any_text(each: Any) -> bool:
    if isinstance(each, reference_filters.ReferencesIn):
        return False
    return (
        isinstance(each, OPEN) or type(each) is django_filters.CharFilter or isinstance(each, column_filters.ArrayHolds)
    )


def value_of(row: Any, each: Any) -> str | None:
    """What a filter is given to find a row; None where the row has no value."""
    if isinstance(each, column_filters.BilingualFilter):
        text: str = getattr(row, f"{each.field_name}_ar") or getattr(row, f"{each.field_name}_en")
        return text[:4] if each.lookup_expr == "icontains" else text
    value = getattr(row, each.field_name)
    if isinstance(value, models.Manager):
        value = value.first()
    if isinstance(value, list):
        value = value[0] if value else None
    if value in (None, ""):
        return None
    if isinstance(value, models.Model):
        if isinstance(each, reference_filters.AnyReferenceFilter):
            return f"{value.collection}/{value.slug}" if isinstance(value, Record) else None
        return str(getattr(value, "slug", None))
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def computed(case: CollectionCase, row: Any) -> Any:
    """The row with what a query computes of it."""
    return case.rows().with_computed().get(pk=row.pk)


def test_every_filter_finds_the_rows_that_have_its_value(case: CollectionCase, curator: ApiClient) -> None:
    rows = [computed(case, row) for row in case.rich_rows()]
    plain = computed(case, case.make())
    untried = set()
    for name, each in filters_of(case).items():
        if each.lookup_expr == "isnull":
            continue
        known = [(row, value) for row in rows if (value := value_of(row, each)) is not None]
        if not known:
            untried.add(name)
            continue
        row, value = known[0]
        found = curator.slugs(case.path, **{name: value})
        assert (row.slug in found) is (each.lookup_expr not in (*LESS, *MORE)), name
        if each.lookup_expr in ("exact", "in") and value_of(plain, each) != value:
            assert plain.slug not in found, name
    assert untried <= {"replaced_by", "replaced_by__in"}


def test_comparisons_tell_before_from_after(case: CollectionCase, curator: ApiClient) -> None:
    rows = [computed(case, row) for row in case.rich_rows(3)]
    for name, each in filters_of(case).items():
        if each.lookup_expr not in (*LESS, *MORE):
            continue
        values = {row.slug: getattr(row, each.field_name) for row in rows}
        known = sorted(value for value in values.values() if value is not None)
        bound = known[len(known) // 2]
        found = set(curator.slugs(case.path, **{name: bound.isoformat() if hasattr(bound, "isoformat") else bound}))
        expected = {
            slug
            for slug, value in values.items()
            if value is not None and (value < bound if each.lookup_expr == "lt" else value > bound)
        }
        assert found & set(values) == expected, name


def test_isnull_tells_the_known_from_the_unknown(case: CollectionCase, curator: ApiClient) -> None:
    rows = [computed(case, case.rich(0)), computed(case, case.make())]
    for name, each in filters_of(case).items():
        if each.lookup_expr != "isnull":
            continue
        known, unknown = (curator.slugs(case.path, **{name: truth}) for truth in ("false", "true"))
        assert not set(known) & set(unknown)
        for row in rows:
            value = getattr(row, each.field_name)
            is_unknown = not value.exists() if isinstance(value, models.Manager) else value is None
            assert (row.slug in unknown) is is_unknown, name
            assert (row.slug in known) is not is_unknown, name


def test_a_value_that_cannot_be_is_refused_by_name(case: CollectionCase, anonymous: ApiClient) -> None:
    of_any_text, asking, refused = [], [], []
    for name, each in filters_of(case).items():
        if takes_any_text(each) and not each.extra.get("choices"):
            of_any_text.append(name)
        elif isinstance(each, (reference_filters.ReferencesIn, reference_filters.AnyReferenceFilter)):
            asking.append(name)
        else:
            refused.append(name)
    wrong = "no such value"
    assert anonymous.slugs(case.path, **dict.fromkeys(of_any_text, wrong)) == []
    told = refusals(anonymous.read(case.path, **dict.fromkeys(refused, wrong)))
    assert [where for where, _code in told] == refused
    # These ask the database, once all others are as they can be.
    for name in asking:
        assert [where for where, _code in refusals(anonymous.read(case.path, **{name: wrong}))] == [name]


def test_the_refusal_of_a_choice_lists_the_choices(case: CollectionCase, anonymous: ApiClient) -> None:
    choices = {name: each.extra["choices"] for name, each in filters_of(case).items() if each.extra.get("choices")}
    response = anonymous.read(case.path, **dict.fromkeys(choices, "no such value"))
    details = {error["parameter"]: error["detail"] for error in response.json()["errors"]}
    for name, valid in choices.items():
        assert all(str(value) in details[name] for value, _label in valid)


def test_a_filter_without_a_value_is_refused(case: CollectionCase, anonymous: ApiClient) -> None:
    for nothing in ("", " "):
        told = refusals(anonymous.read(case.path, **dict.fromkeys(filters_of(case), nothing)))
        assert [where for where, _code in told] == list(filters_of(case))


def test_a_filter_given_twice_is_refused(case: CollectionCase, anonymous: ApiClient) -> None:
    for name in ("slug", "id", "created_at__lt"):
        response = anonymous.get(f"/api/v1/{case.path}?{name}=1&{name}=2")
        assert [where for where, _code in refusals(response)] == [name]


def test_filters_narrow_each_other(case: CollectionCase, anonymous: ApiClient) -> None:
    row, other = case.make(), case.make()
    assert anonymous.slugs(case.path, slug=row.slug, id=row.pk) == [row.slug]
    assert anonymous.slugs(case.path, slug=row.slug, id=other.pk) == []


def test_every_ordering_goes_both_ways_with_unknowns_last(case: CollectionCase, anonymous: ApiClient) -> None:
    rows = [case.rich(0), case.make(), case.rich(1), case.rich(2), case.make()]
    by_slug = {row.slug: computed(case, row) for row in rows}
    only = ",".join(by_slug)
    for name, field in orderings(case.viewset()).items():
        is_text = isinstance(field, (models.CharField, models.TextField))
        sorted_values = []
        for ordering in (name, f"-{name}"):
            slugs = anonymous.slugs(case.path, ordering=ordering, slug__in=only)
            assert sorted(slugs) == sorted(by_slug)
            values = [getattr(by_slug[slug], name) for slug in slugs]
            known = [value for value in values if value is not None and (value != "" or field.choices)]
            assert values[: len(known)] == known, ordering
            sorted_values.append(known)
        up, down = sorted_values
        assert up == down[::-1], name
        if not is_text:
            assert up == sorted(up), name


def test_several_orderings_apply_in_turn(case: CollectionCase, anonymous: ApiClient) -> None:
    rows = [case.make() for _ in range(3)]
    newest_first = [row.slug for row in reversed(rows)]
    only = ",".join(newest_first)
    assert anonymous.slugs(case.path, ordering="-id,slug", slug__in=only) == newest_first


def test_an_ordering_that_there_is_not_is_refused_with_those_that_there_are(
    case: CollectionCase, anonymous: ApiClient
) -> None:
    for ordering in ("no_such_field", "slug,no_such_field", "", "slug,", "--slug", "slug__length", "?"):
        response = anonymous.read(case.path, ordering=ordering)
        assert refusals(response) == [("ordering", "invalid")]
        assert "created_at" in response.json()["detail"]
