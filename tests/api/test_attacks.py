"""Hostile input at real addresses: each attack gets a problem document of 4xx, and nothing is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from initiatives.models import Citation, Initiative, Organization

pytestmark = pytest.mark.django_db

ORGANIZATIONS = "/api/v1/organizations/"
DEEP = 100_000


@pytest.fixture
def attacker() -> Client:
    """Somebody who may write everything, so that only the input can be what is refused."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("attacker"))
    return client


def refused(response: Any) -> dict[str, Any]:
    """The problem document of a refusal that left no trace."""
    assert 400 <= response.status_code < 500, response.content[:300]
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert not Organization.objects.filter(slug__startswith="attack").exists()
    assert not Initiative.objects.filter(slug__startswith="attack").exists()
    problem: dict[str, Any] = response.json()
    return problem


def organization(**fields: Any) -> dict[str, Any]:
    return {"slug": "attack", "name": {"en": "Attack"}, **fields}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (r'{"slug": "attack", "name": {"en": "A\u0000B"}}', "#/name/en"),
        (r'{"slug": "attack", "name": {"en": "A\ud800B"}}', "#/name/en"),
        (r'{"slug": "attack\u202e", "name": {"en": "A"}}', "#/slug"),
        ('{"slug": "attack", "name": {"en": "A"}, "founded_on": NaN}', "#/founded_on"),
        ('{"slug": "attack", "name": {"en": "A"}, "founded_on": 1e999}', "#/founded_on"),
        ('{"slug": "attack", "slug": "attack-2", "name": {"en": "A"}}', None),
        ('{"slug": "attack", "name": {"en": "A"}, "owner": "me"}', "#/owner"),
        ('{"slug": "attack", "name": {"en": "A"}, "id": 1}', "#/id"),
        ('{"slug": "attack", "name": {"en": "A"}, "founded_on": "0000-00-00"}', "#/founded_on"),
        ('{"slug": "attack", "name": {"en": "A"}, "founded_on": "99999-01-01"}', "#/founded_on"),
        ('{"slug": "attack", "name": "A"}', "#/name"),
        ('{"slug": "attack", "name": {"en": ["A"]}}', "#/name/en"),
        ('{"slug": "attack", "name": {"en": "A"}, "parent": {"slug": {}}}', "#/parent"),
        ('{"slug": "attack", "name": {"en": "A"}, "citations": {}}', "#/citations"),
        ('{"slug": "attack", "name": {"en": "A"}, "citations": [[]]}', "#/citations/0"),
        ('{"slug": "attack", "name": {"en": "A"}, "citations": [{"id": 99999999999999999999}]}', None),
        ('{"slug": "attack", "name": {"en": "A"}, "citations": [{"id": true}]}', "#/citations/0/id"),
        ('"attack"', None),
        ("7", None),
        ("null", None),
        ("{", None),
        ("", None),
    ],
)
def test_a_body_that_is_not_as_it_should_be_is_refused_where_it_is_wrong(
    attacker: Client, body: str, pointer: str | None
) -> None:
    problem = refused(attacker.post(ORGANIZATIONS, body, content_type="application/json"))

    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]]


def test_a_body_nested_a_hundred_thousand_deep_is_refused(attacker: Client) -> None:
    body = '{"slug": "attack", "name": ' + "[" * DEEP + "]" * DEEP + "}"
    refused(attacker.post(ORGANIZATIONS, body, content_type="application/json"))


def test_a_body_of_twenty_megabytes_is_refused(attacker: Client) -> None:
    body = json.dumps(organization(role={"en": "x" * 20_000_000}))
    response = attacker.post(ORGANIZATIONS, body, content_type="application/json")

    assert response.status_code == 413
    refused(response)


@pytest.mark.parametrize(
    "number",
    ["1e999", "-1e999", "NaN", "Infinity", '"NaN"', '"1e400"', "9" * 5000, '"' + "9" * 400 + '"', '""', "[]", "{}"],
)
def test_a_number_that_is_none_or_too_large_is_refused(attacker: Client, number: str) -> None:
    body = '{"slug": "attack", "title": {"en": "A"}, "budget_currency": "AED", "budget_amount": ' + number + "}"
    refused(attacker.post("/api/v1/initiatives/", body, content_type="application/json"))


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("nonsense=1", "nonsense"),
        ("fields=slug,nonsense", "fields"),
        ("expand=parent.parent.parent", "expand"),
        ("limit=-1", "limit"),
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=ten", "limit"),
        ("limit=١٠", "limit"),
        ("offset=99999999999999999999", "offset"),
        ("ordering=password", "ordering"),
        ("id=99999999999999999999999", "id"),
        ("founded_on__lt=yesterday", "founded_on__lt"),
        ("parent=nowhere", "parent"),
        ("kind=nonsense", "kind"),
        ("kind=office&kind=municipality", "kind"),
        ("name=%00", None),
        ("name=%ff", None),
        ("name=%zz", None),
        ("name=%ed%a0%80", None),
    ],
)
def test_a_query_that_is_not_as_it_should_be_is_refused_by_name(
    attacker: Client, query: str, parameter: str | None
) -> None:
    problem = refused(attacker.get(f"{ORGANIZATIONS}?{query}"))

    if parameter is not None:
        assert parameter in [error.get("parameter") for error in problem["errors"]]


def test_a_query_of_ten_thousand_parameters_is_refused(attacker: Client) -> None:
    refused(attacker.get(ORGANIZATIONS + "?" + "&".join(f"p{number}=1" for number in range(10_000))))


@pytest.mark.parametrize("record", ["nonsense/x", "organizations/none", "organizations", "a/b/c", "", 7, [], None])
def test_a_citation_of_what_does_not_exist_is_refused(attacker: Client, record: Any) -> None:
    refused(attacker.post("/api/v1/citations/", {"record": record, "source": "none"}, content_type="application/json"))

    assert not Citation.objects.exists()


def test_a_half_good_nested_write_leaves_no_half(attacker: Client) -> None:
    body = {
        "slug": "attack",
        "title": {"en": "A"},
        "milestones": [{"title": {"en": "Fine"}}, {"title": {"en": "Not"}, "weight": "0"}],
    }
    problem = refused(attacker.post("/api/v1/initiatives/", body, content_type="application/json"))

    assert [error["pointer"] for error in problem["errors"]] == ["#/milestones/1/weight"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_of_another_type_is_refused(attacker: Client, content_type: str) -> None:
    refused(attacker.post(ORGANIZATIONS, "slug=attack", content_type=content_type))


def test_a_session_without_its_csrf_token_writes_nothing() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("attacker"))

    response = client.post(ORGANIZATIONS, organization(), content_type="application/json")

    assert response.status_code == 403
    refused(response)
