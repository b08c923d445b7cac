"""API3:2023, reading: no column that an answer does not show is told by any other way of asking."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.fields import GenericForeignKey

import initiatives.api.urls  # noqa: F401  (it registers the collections)
from initiatives import models as domain
from initiatives.api.examples import EXAMPLES
from tests import factories as make
from tests.api.client import ApiClient
from tests.api.examples import post_all_examples
from tracker.api import collections
from tracker.api.models import Token

pytestmark = pytest.mark.django_db

COLLECTIONS = list(EXAMPLES)
SECRET = "zzqxsecretqxzz"
LOOKUPS = ("", "__startswith", "__icontains", "__regex", "__iregex", "__gt", "__in", "__isnull", "__contains")
# Where a list would lead to people's accounts, if it followed what it is told.
ACCOUNTS = (
    "user__password", "owner__password", "created_by__password", "memberships__user__password", "api_tokens__digest",
    "webhooks__owner__email", "lead__memberships__user__username", "provider__memberships__user__email",
    "publisher__webhooks__link", "organization__webhooks__secret", "parent__memberships__role", "dashboards__owner",
)  # fmt: skip


def serializer_of(collection: str) -> Any:
    return collections.viewset_of(collections.model_named(collection)).serializer_class()


def hidden(collection: str) -> Iterator[str]:
    """Columns and relations of a model of which its answers have nothing."""
    model: Any = collections.model_named(collection)
    serializer = serializer_of(collection)
    shown = set(serializer.fields) | {field.source.partition(".")[0] for field in serializer.fields.values()}
    shown |= {f"{name}_{language}" for name in serializer.fields for language in ("en", "ar")}
    for generic in model._meta.private_fields:
        # What it refers to is shown, in one.
        if isinstance(generic, GenericForeignKey) and generic.name in shown:
            shown |= {generic.ct_field, generic.fk_field}
    for field in model._meta.get_fields():
        if field.name not in shown and field.name != "state":
            yield field.name


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_hidden_columns_cannot_be_asked_for(anonymous: ApiClient, collection: str) -> None:
    names = [*hidden(collection), *ACCOUNTS]
    known = collections.viewset_of(collections.model_named(collection)).filterset_class.base_filters
    filters = {f"{name}{lookup}" for name in names for lookup in LOOKUPS} - set(known)
    assert refused(anonymous.read(f"{collection}/", **dict.fromkeys(filters, "a"))) == filters
    for name in names:
        for parameter, value in (("ordering", f"-{name}"), ("fields", name), ("omit", name), ("expand", name)):
            assert refused(anonymous.read(f"{collection}/", **{parameter: value})) == {parameter}, value


def refused(answer: Any) -> set[str]:
    """The parameters that a refusal names."""
    assert answer.status_code == 400, answer.content[:300]
    return {error["parameter"] for error in answer.json()["errors"]}


def test_no_filter_compares_by_a_pattern_of_the_client_s() -> None:
    for viewset in collections.viewsets():
        assert [name for name in viewset.filterset_class.base_filters if name.endswith("regex")] == []


def test_exports_have_no_column_that_the_list_has_not(curator: ApiClient, anonymous: ApiClient) -> None:
    post_all_examples(curator)
    for collection in COLLECTIONS:
        shown = set(anonymous.read(f"{collection}/", limit=1).json()["results"][0])
        lines = b"".join(anonymous.read(f"{collection}/", format="ndjson").streaming_content).splitlines()
        assert {name for line in lines for name in json.loads(line)} == shown
        table = b"".join(anonymous.read(f"{collection}/", format="csv").streaming_content).decode()
        columns = next(csv.reader(io.StringIO(table.removeprefix("\ufeff"))))
        assert {stem(name) for name in columns} <= {stem(name) for name in shown}, collection


def stem(name: str) -> str:
    """A column's name without its language."""
    return name.removesuffix("_en").removesuffix("_ar")


@pytest.fixture
def secrets(curator_user: User) -> None:
    """What nobody but its owner may ever read, beside a record that everybody reads."""
    organization = make.make_organization(slug="open", name_en="Open")
    member = User.objects.create_user(f"{SECRET}-name", email=f"{SECRET}@example.org", password=SECRET)
    domain.Membership.objects.create(user=member, organization=organization, role="manager")
    webhook = domain.Webhook.objects.create(owner=member, name=SECRET, link=f"https://8.8.8.8/{SECRET}")
    webhook.organizations.add(organization)
    domain.Dashboard.objects.create(owner=member, title_en=SECRET, visibility="private")
    Token.issue(user=member, name=SECRET)
    make.make_initiative(slug="draft", title_en=SECRET, state="draft", lead=organization)


PLACES = [
    "organizations/", "organizations/open/", "organizations/open/history/", "organizations/?format=ndjson",
    "organizations/?format=csv", "organizations/?expand=parent", "initiatives/", "initiatives/?format=csv",
    f"initiatives/?q={SECRET}", f"search/?q={SECRET}", "changes/", "changes.atom", "revisions/", "search/?q=open",
    "initiatives/draft/history/", "initiatives/draft/", "initiatives/?ordering=title_en", "webhooks/",
    "initiatives/?as_of=1", f"initiatives/?title_en__icontains={SECRET}", "citations/", "milestones/",
]  # fmt: skip


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("place", PLACES)
def test_nobody_reads_of_accounts_or_drafts_anywhere(anonymous: ApiClient, reader: ApiClient, place: str) -> None:
    for client in (anonymous, reader):
        answer: Any = client.get(f"/api/v1/{place}", headers={"accept": "*/*"})
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        # A search says what it was asked for, in the links to its pages.
        said = text.replace(f"q={SECRET}".encode(), b"").replace(f"icontains={SECRET}".encode(), b"")
        assert SECRET.encode() not in said, place


@pytest.mark.usefixtures("secrets")
def test_all_revisions_tell_nothing_of_them_either(anonymous: ApiClient) -> None:
    for revision in anonymous.read("revisions/", limit=1000).json()["results"]:
        assert SECRET.encode() not in anonymous.get(revision["url"]).content


def test_a_draft_that_somebody_guesses_is_as_absent_as_any(anonymous: ApiClient, reader: ApiClient) -> None:
    make.make_initiative(slug="draft", state="draft")
    for client in (anonymous, reader):
        hidden_one, none = (client.read(f"initiatives/{slug}/") for slug in ("draft", "none"))
        assert (hidden_one.status_code, none.status_code) == (404, 404)
        assert hidden_one.json() == none.json()
        assert client.read("milestones/", initiative="draft").json() == {
            **client.read("milestones/", initiative="none").json(),
            "detail": client.read("milestones/", initiative="draft").json()["detail"],
            "errors": client.read("milestones/", initiative="draft").json()["errors"],
        }
