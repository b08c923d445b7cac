"""A list asks the database as many questions for a hundred records as for one, however wide one asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from tests.api.client import ApiClient
from tests.api.collections.suite import CollectionCase
from tracker.api import collections
from tracker.api.selection import expandable


def expansions(case: CollectionCase) -> list[str]:
    """No reference, every reference, every reference and every one of theirs."""
    once, twice = [], []
    for name, target in expandable(case.viewset.serializer_class).items():
        viewset = collections.viewset_of(target)
        once.append(name)
        twice += [f"{name}.{inner}" for inner in expandable(viewset.serializer_class)]
    return ["", ",".join(once), ",".join(twice)]


def questions(client: ApiClient, case: CollectionCase, expand: str) -> list[str]:
    """The queries that a list takes."""
    asked: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        page = client.read(case.path, limit=100, ordering="-id", **({"expand": expand} if expand else {})).json()
    assert len(page["results"]) == min(case.count(), 100)
    return asked


def test_a_list_takes_as_many_queries_for_a_hundred_records_as_for_one(
    case: CollectionCase, anonymous: ApiClient
) -> None:
    wide = expansions(case)
    # The first who asks for a content type looks it up, and then it stays known.
    ContentType.objects.get_for_models(*apps.get_models())

    def counts_with(variants: list[int]) -> list[int]:
        for n in variants:
            case.rich(n)
        return [len(questions(anonymous, case, expand)) for expand in wide]

    one, ten = counts_with([0]), counts_with([0] * 9)
    assert one == ten
    every_variant = counts_with([*range(1, case.variants)])
    for _row in range(90):
        case.make()
    assert counts_with([]) == every_variant
