"""Data between the public and the private sector: who knows of a dataset, who is told where it is, by whose leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from initiatives.models import Dataset, DatasetAccess, Organization, SharingAgreement
from tests.access.people import Cast, make_member
from tests.api.client import ApiClient
from tests.factories import make_dataset, make_distribution, make_organization
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db

LINK = "https://data.example/traffic.csv"
TODAY = datetime.now(UTC).date()
CLASSIFICATIONS = ("open", "confidential", "sensitive", "secret")


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast.of_everybody()


@pytest.fixture
def company(db: None) -> Organization:
    return make_organization(slug="company", sector="private")


@pytest.fixture
def asker(company: Organization) -> ApiClient:
    return ApiClient(make_member(company, "publisher"))


def dataset_of(owner: Organization, classification: str, **fields: Any) -> Dataset:
    dataset = make_dataset(publisher=owner, classification=classification, **fields)
    make_distribution(dataset=dataset, access_url=LINK)
    return dataset


def asked(asker: ApiClient, of: Dataset, **fields: Any) -> Any:
    body = {"dataset": of.slug, "recipient": "company", "purpose": {"en": "Planning bus lines"}, **fields}
    return asker.send("POST", "agreements/", body)


def approved(cast: Cast, asker: ApiClient, dataset: Dataset, **limits: Any) -> str:
    slug = asked(asker, dataset).json()["slug"]
    answer = cast.clients["publisher"].send("POST", f"agreements/{slug}/approve/", limits)
    assert answer.status_code == 200, answer.content
    return str(slug)


# By reader: which classifications they know of, and of which they see where the data are.
KNOWN = {
    "anonymous": (2, 1),
    "outsider": (2, 1),
    "manager elsewhere": (3, 1),
    "contributor": (4, 4),
    "publisher above": (4, 4),
    "curator": (4, 4),
}


@pytest.mark.parametrize("role", KNOWN)
def test_a_classification_says_who_knows_of_a_dataset_and_who_sees_where_it_is(cast: Cast, role: str) -> None:
    knows, sees = KNOWN[role]
    client = cast.clients[role]
    for number, classification in enumerate(CLASSIFICATIONS):
        dataset = dataset_of(cast.own, classification)
        one = client.read(f"datasets/{dataset.slug}/")
        assert one.status_code == (200 if number < knows else 404), classification
        assert (dataset.slug in client.slugs("datasets/")) is (number < knows)
        if number < knows:
            assert (LINK in one.content.decode()) is (number < sees), classification
    exported = b"".join(client.read("datasets/", format="csv").streaming_content).decode()
    assert exported.count(LINK) == sees


def test_a_request_is_approved_within_limits_and_tells_where_the_data_are(cast: Cast, asker: ApiClient) -> None:
    dataset = dataset_of(cast.own, "sensitive")
    made = asked(asker, dataset)
    assert made.status_code == 201, made.content
    at = f"agreements/{made.json()['slug']}/"
    assert (made.json()["status"], made.json()["provider"]["slug"]) == ("requested", cast.own.slug)
    assert ApiClient().read(at).status_code == 404
    access = f"datasets/{dataset.slug}/access/"
    assert asker.send("POST", access, b"").status_code == 403
    until = str(TODAY + timedelta(days=30))
    limits = {"terms": {"en": "Aggregates only"}, "valid_until": until, "decision": {"en": "For a month"}}
    assert asker.send("POST", f"{at}approve/", limits).status_code == 403
    assert cast.clients["contributor"].send("POST", f"{at}approve/", limits).status_code == 403
    answer = cast.clients["publisher"].send("POST", f"{at}approve/", limits)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["status"], answer.json()["in_force"], answer.json()["valid_until"]) == (
        "approved",
        True,
        until,
    )
    told = asker.send("POST", access, b"")
    assert told.json()[0]["access_url"] == LINK
    assert LINK not in asker.read(f"datasets/{dataset.slug}/").content.decode()
    (noted,) = cast.clients["publisher"].read(f"{at}accesses/").json()["results"]
    assert noted["username"].startswith("publisher")
    assert asker.read(f"{at}accesses/").status_code == 404


def test_a_request_is_refused_for_a_reason(cast: Cast, asker: ApiClient) -> None:
    slug = asked(asker, dataset_of(cast.own, "confidential")).json()["slug"]
    provider = cast.clients["publisher"]
    assert provider.send("POST", f"agreements/{slug}/refuse/", {}).status_code == 400
    refused = provider.send("POST", f"agreements/{slug}/refuse/", {"decision": {"ar": "لا حاجة"}})
    assert refused.json()["status"] == "refused"
    assert asker.read(f"agreements/{slug}/").json()["decision"]["ar"] == "لا حاجة"
    assert provider.send("POST", f"agreements/{slug}/approve/", {}).status_code == 409
    assert ApiClient().read(f"agreements/{slug}/").status_code == 404


@pytest.mark.parametrize(
    ("limits", "works"),
    [
        ({}, True),
        ({"valid_from": str(TODAY), "valid_until": str(TODAY)}, True),
        ({"valid_until": str(TODAY - timedelta(days=1))}, False),
        ({"valid_from": str(TODAY + timedelta(days=1))}, False),
    ],
)
def test_an_agreement_holds_from_its_first_day_to_its_last_and_ends_by_itself(
    cast: Cast, asker: ApiClient, limits: dict[str, str], works: bool
) -> None:
    dataset = dataset_of(cast.own, "secret")
    SharingAgreement.objects.create(
        slug="made", dataset=dataset, provider=cast.own, recipient=Organization.objects.get(slug="company"),
        purpose_en="Planning", status="approved", **limits,
    )  # fmt: skip
    assert asker.read("agreements/made/").json()["in_force"] is works
    assert asker.read(f"datasets/{dataset.slug}/").status_code == (200 if works else 404)
    assert asker.send("POST", f"datasets/{dataset.slug}/access/", b"").status_code == (200 if works else 404)
    assert DatasetAccess.objects.count() == works


def test_a_revoked_agreement_and_a_removed_member_are_told_nothing(cast: Cast, asker: ApiClient) -> None:
    dataset = dataset_of(cast.own, "confidential")
    slug = approved(cast, asker, dataset)
    former = make_member(Organization.objects.get(slug="company"), "contributor")
    access = f"datasets/{dataset.slug}/access/"
    assert ApiClient(former).send("POST", access, b"").status_code == 200
    former.memberships.all().delete()
    assert ApiClient(former).send("POST", access, b"").status_code == 403
    assert ApiClient().send("POST", access, b"").status_code == 401
    assert cast.clients["publisher"].send("POST", f"agreements/{slug}/revoke/", {}).status_code == 400
    ended = cast.clients["publisher"].send("POST", f"agreements/{slug}/revoke/", {"decision": {"en": "Misused"}})
    assert ended.json()["status"] == "revoked"
    assert asker.send("POST", access, b"").status_code == 403


def test_one_asks_for_an_organization_of_ones_own_and_decides_nothing(cast: Cast, asker: ApiClient) -> None:
    dataset = dataset_of(cast.own, "confidential")
    member = ApiClient(make_member(Organization.objects.get(slug="company"), "contributor"))
    assert asked(member, dataset).status_code == 403
    assert asked(cast.clients["manager elsewhere"], dataset).status_code == 403
    assert asked(ApiClient(), dataset).status_code == 401
    for fields in (
        {"status": "approved"}, {"terms": {"en": "All"}}, {"decision": {"en": "Yes"}}, {"provider": cast.other.slug},
        {"in_force": True}, {"created_at": "2017-01-01T00:00:00Z"}, {"dataset": "nowhere"},
    ):  # fmt: skip
        assert asked(asker, dataset, **fields).status_code == 400, fields
    assert asked(asker, dataset_of(cast.own, "secret")).status_code == 400
    slug = asked(asker, dataset).json()["slug"]
    assert asker.send("PATCH", f"agreements/{slug}/", {"purpose": {"en": "Other"}}).status_code == 403
    assert asker.send("DELETE", f"agreements/{slug}/", b"").status_code == 403
    assert SharingAgreement.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_past_of_data_that_are_no_longer_open_is_closed(cast: Cast) -> None:
    dataset = dataset_of(cast.own, "open", slug="traffic")
    before = current_revision()
    public = ApiClient()
    assert LINK in public.read("datasets/traffic/", as_of=before).content.decode()
    Dataset.objects.filter(pk=dataset.pk).update(classification="confidential")
    for path in ("datasets/traffic/", "datasets/traffic/history/", "changes/"):
        assert LINK not in public.read(path).content.decode(), path
    assert LINK not in public.read("datasets/traffic/", as_of=before).content.decode()
    Dataset.objects.filter(pk=dataset.pk).update(classification="secret")
    for path in ("datasets/traffic/", "datasets/traffic/history/"):
        assert public.read(path).status_code == 404, path
    assert public.read("datasets/traffic/", as_of=before).status_code == 404
    assert LINK in cast.clients["curator"].read("datasets/traffic/", as_of=before).content.decode()
