"""Requests at the same time: real threads, real commits; one wins, the others are told, nothing breaks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from initiatives import models
from tests import factories
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db(transaction=True)

Call = Callable[[], Any]


def at_once(*calls: Call) -> list[int]:
    """The status of each call, all of them made at the same moment in threads and connections of their own."""
    gate = threading.Barrier(len(calls))

    def run(call: Call) -> int:
        try:
            connections["default"].ensure_connection()
            gate.wait(timeout=60)
            status: int = call().status_code
            return status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def call(client: ApiClient, method: str, path: str, body: Any = None) -> Call:
    """A request to be made later, by a client of its own."""
    own = ApiClient()
    own.cookies = client.cookies
    return lambda: own.send(method, path, body)


def test_50_posts_of_one_slug_make_one_record(curator: ApiClient) -> None:
    body = {"slug": "wanted", "name": {"en": "Wanted"}}
    statuses = Counter(at_once(*[call(curator, "POST", "organizations/", body) for _ in range(50)]))
    assert statuses == {201: 1, 409: 49}
    assert models.Organization.objects.count() == 1


def test_posts_without_a_slug_all_find_one(curator: ApiClient) -> None:
    body = {"name": {"en": "Of one name"}}
    assert at_once(*[call(curator, "POST", "organizations/", body) for _ in range(20)]) == [201] * 20
    assert models.Organization.objects.count() == 20


def test_of_two_that_each_close_half_of_a_cycle_one_wins(curator: ApiClient) -> None:
    for _ in range(5):
        first, second = factories.make_organization(), factories.make_organization()
        statuses = at_once(
            call(curator, "PATCH", f"organizations/{first.slug}/", {"parent": second.slug}),
            call(curator, "PATCH", f"organizations/{second.slug}/", {"parent": first.slug}),
        )
        assert sorted(statuses) == [200, 400]
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.parent is None) is not (second.parent is None)


def test_of_two_milestones_that_wait_for_each_other_one_wins(curator: ApiClient) -> None:
    for _ in range(5):
        first, second = factories.make_milestone(), factories.make_milestone()
        statuses = at_once(
            call(curator, "PATCH", f"milestones/{first.slug}/", {"depends_on": [second.slug]}),
            call(curator, "PATCH", f"milestones/{second.slug}/", {"depends_on": [first.slug]}),
        )
        assert sorted(statuses) == [200, 400]
    assert models.MilestoneDependency.objects.count() == 5


def test_of_overlapping_appointments_one_wins(curator: ApiClient) -> None:
    person, organization = factories.make_person(), factories.make_organization()
    body = {"person": person.slug, "organization": organization.slug, "title": {"en": "Head"}}
    calls = [call(curator, "POST", "appointments/", {**body, "start": f"2016-01-{day:02}"}) for day in range(1, 11)]
    assert Counter(at_once(*calls)) == {201: 1, 409: 9}


def test_patches_of_different_fields_both_last(curator: ApiClient) -> None:
    organization = factories.make_organization()
    path = f"organizations/{organization.slug}/"
    for n in range(20):
        statuses = at_once(
            call(curator, "PATCH", path, {"name": {"en": f"Name {n}"}}),
            call(curator, "PATCH", path, {"name": {"ar": f"اسم {n}"}}),
            call(curator, "PATCH", path, {"role": {"en": f"Role {n}"}}),
        )
        assert statuses == [200, 200, 200]
        organization.refresh_from_db()
        assert (organization.name_en, organization.name_ar, organization.role_en) == (
            f"Name {n}",
            f"اسم {n}",
            f"Role {n}",
        )


def test_parts_that_two_writers_add_are_those_of_the_last(curator: ApiClient) -> None:
    platform = factories.make_platform()
    path = f"platforms/{platform.slug}/"
    for n in range(5):
        bodies = [{"capabilities": [{"text": {"en": f"{who} {n}.{p}"}} for p in range(3)]} for who in "ab"]
        assert at_once(*[call(curator, "PATCH", path, body) for body in bodies]) == [200, 200]
        texts = [capability.text_en for capability in platform.capabilities.all()]
        assert texts in [[part["text"]["en"] for part in body["capabilities"]] for body in bodies]


@pytest.mark.parametrize(
    ("path", "member", "value"),
    [
        ("organizations/", "parent", "{slug}"),
        ("statements/", "about", "organizations/{slug}"),
        ("citations/", "record", "organizations/{slug}"),
    ],
)
def test_what_is_being_deleted_is_not_referred_to(curator: ApiClient, path: str, member: str, value: str) -> None:
    source, speaker = factories.make_source(), factories.make_person()
    least: Any = {
        "organizations/": {"name": {"en": "Child"}},
        "statements/": {"gist": {"en": "So"}, "mode": "quote", "speaker": speaker.slug},
        "citations/": {"source": source.slug},
    }[path]
    for _ in range(15):
        organization = factories.make_organization()
        body = {**least, member: value.format(slug=organization.slug)}
        deleted, referred = at_once(
            call(curator, "DELETE", f"organizations/{organization.slug}/"), call(curator, "POST", path, body)
        )
        still_there = models.Organization.objects.filter(pk=organization.pk).exists()
        assert (deleted, referred) in ([(409, 201)] if still_there else [(204, 400), (204, 409), (204, 201)])
        if referred == 201:
            newest = curator.read(path, ordering="-id", limit=1).json()["results"]
            # A citation that was there in time went with its record.
            assert (newest and newest[0][member] is not None) or path == "citations/"
        assert not models.Citation.objects.filter(object_id=organization.pk).exists() or still_there
