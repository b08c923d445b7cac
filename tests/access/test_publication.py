"""Publication by the API: drafts, reviews with reasons, next versions that the public does not see, locked periods."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
from django.db import connection

from initiatives.models import Indicator, NextVersion, Observation, SmartService
from tests.access.people import Cast
from tests.api.client import ApiClient
from tests.factories import make_indicator, make_observation, make_smart_service
from tracker.history.models import Revision

pytestmark = pytest.mark.django_db

NEXT = {"name": {"en": "Parking, second edition"}, "releases": [{"version": "2.0", "released_on": "2017-05-01"}]}


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast.of_everybody()


@pytest.fixture
def contributor(cast: Cast) -> ApiClient:
    return cast.clients["contributor"]


@pytest.fixture
def publisher(cast: Cast) -> ApiClient:
    return cast.clients["publisher"]


@pytest.fixture
def public() -> ApiClient:
    return ApiClient()


def drafted(contributor: ApiClient, cast: Cast) -> str:
    body = {"slug": "parking", "name": {"en": "Parking", "ar": "مواقف"}, "provider": cast.own.slug}
    answer = contributor.send("POST", "smart-services/", body)
    assert answer.status_code == 201, answer.content
    return "smart-services/parking/"


def step(client: ApiClient, at: str, name: str, comment: str = "") -> Any:
    return client.send("POST", f"{at}{name}/", {"comment": comment})


@pytest.mark.django_db(transaction=True)
def test_a_draft_is_returned_with_a_reason_corrected_and_published(
    cast: Cast, contributor: ApiClient, publisher: ApiClient, public: ApiClient
) -> None:
    at = drafted(contributor, cast)
    assert step(contributor, at, "submit").json()["state"] == "in_review"
    assert contributor.send("PATCH", at, {"name": {"en": "Other"}}).status_code == 403
    assert step(publisher, at, "return").status_code == 400
    assert step(publisher, at, "return", "Say what it costs").json()["state"] == "draft"
    told = contributor.read(f"{at}steps/").json()["results"]
    assert [(each["kind"], each["comment"]) for each in told] == [("returned", "Say what it costs"), ("submitted", "")]
    assert contributor.send("PATCH", at, {"description": {"en": "Free"}}).status_code == 200
    assert step(contributor, at, "submit").status_code == 200
    assert public.read(at).status_code == 404
    assert step(publisher, at, "approve", "Well done").json()["state"] == "published"
    assert public.read(at).json()["description"]["en"] == "Free"
    last = Revision.objects.numbered().order_by("-number").first()
    assert last is not None
    assert last.reason == "Well done"
    assert last.actor.startswith("publisher")


def test_publishers_skip_the_review(cast: Cast, publisher: ApiClient, public: ApiClient) -> None:
    at = drafted(publisher, cast)
    assert step(publisher, at, "submit").json()["state"] == "published"
    assert public.read(at).status_code == 200
    assert publisher.send("PATCH", at, {"name": {"en": "New name"}}).status_code == 200


def test_what_is_withdrawn_owes_a_reason_and_can_come_back(cast: Cast, publisher: ApiClient, public: ApiClient) -> None:
    at = drafted(publisher, cast)
    step(publisher, at, "submit")
    assert step(publisher, at, "withdraw").status_code == 400
    assert step(publisher, at, "withdraw", "Out of service").json()["state"] == "withdrawn"
    assert public.read(at).status_code == 404
    assert step(publisher, at, "submit").json()["state"] == "published"


def test_the_public_sees_the_record_as_it_is_until_its_next_version_is_approved(
    cast: Cast, contributor: ApiClient, publisher: ApiClient, public: ApiClient
) -> None:
    at = drafted(publisher, cast)
    step(publisher, at, "submit")
    refused = contributor.send("PATCH", at, NEXT)
    assert refused.status_code == 403
    assert "next-version/" in refused.json()["detail"]
    written = contributor.send("PUT", f"{at}next-version/", NEXT)
    assert written.status_code == 200, written.content
    assert written.json()["before"]["name"] == {"en": "Parking", "ar": "مواقف"}
    assert step(contributor, at, "submit").status_code == 200
    assert contributor.send("PUT", f"{at}next-version/", NEXT).status_code == 409
    assert public.read(at).json()["name"]["en"] == "Parking"
    assert public.read(f"{at}next-version/").status_code == 404
    assert step(publisher, at, "return", "Name the date").status_code == 200
    assert contributor.send("PUT", f"{at}next-version/", NEXT).status_code == 200
    assert step(contributor, at, "submit").status_code == 200
    assert step(publisher, at, "approve").status_code == 200
    now = public.read(at).json()
    assert (now["name"]["en"], now["current_version"]) == ("Parking, second edition", "2.0")
    assert contributor.read(f"{at}next-version/").status_code == 404


def test_a_next_version_of_what_has_changed_since_is_not_carried_out(
    cast: Cast, contributor: ApiClient, publisher: ApiClient
) -> None:
    at = drafted(publisher, cast)
    step(publisher, at, "submit")
    contributor.send("PUT", f"{at}next-version/", NEXT)
    publisher.send("PATCH", at, {"name": {"en": "Changed meanwhile"}})
    refused = step(publisher, at, "approve")
    assert refused.status_code == 409
    assert "name" in refused.json()["detail"]
    contributor.send("PUT", f"{at}next-version/", NEXT)
    assert step(publisher, at, "approve").status_code == 200


def test_a_next_version_that_a_patch_would_refuse_is_refused(
    cast: Cast, contributor: ApiClient, publisher: ApiClient
) -> None:
    at = drafted(publisher, cast)
    step(publisher, at, "submit")
    hidden = make_smart_service(provider=cast.other, state="draft").provider
    bodies: list[Any] = [
        {},
        {"nonsense": 1},
        {"state": "published"},
        {"name": {"en": "", "ar": ""}},
        [],
        [{"name": {"en": "A"}}],
        {"created_at": 1},
    ]
    for body in [*bodies, {"provider": "nowhere"}, {"releases": [{"id": 1, "version": "1"}]}]:
        assert contributor.send("PUT", f"{at}next-version/", body).status_code == 400, body
    assert hidden
    assert not NextVersion.objects.exists()


def test_a_next_version_is_discarded(cast: Cast, contributor: ApiClient, publisher: ApiClient) -> None:
    at = drafted(publisher, cast)
    step(publisher, at, "submit")
    contributor.send("PUT", f"{at}next-version/", NEXT)
    assert contributor.send("DELETE", f"{at}next-version/", b"").status_code == 204
    assert contributor.send("DELETE", f"{at}next-version/", b"").status_code == 404


def test_an_observation_that_was_returned_keeps_its_reason_and_counts_when_it_is_published(
    cast: Cast, contributor: ApiClient, publisher: ApiClient, public: ApiClient
) -> None:
    indicator = make_indicator(organization=cast.own, slug="happiness")
    make_observation(indicator=indicator, on=date(2016, 1, 1), stated_value=80)
    body = {"slug": "h-2017", "indicator": "happiness", "on": "2017-01-01", "stated_value": "90"}
    assert contributor.send("POST", "observations/", body).json()["state"] == "draft"
    at = "observations/h-2017/"
    step(contributor, at, "submit")
    step(publisher, at, "return", "Which survey?")
    assert contributor.read(f"{at}steps/").json()["results"][0]["comment"] == "Which survey?"
    assert float(public.read("indicators/happiness/").json()["latest_value"]) == 80
    assert public.read("indicators/happiness/total/").json()["observations"] == 1
    step(contributor, at, "submit")
    step(publisher, at, "approve")
    assert float(public.read("indicators/happiness/").json()["latest_value"]) == 90
    assert public.read("indicators/happiness/total/").json()["observations"] == 2


def test_observations_of_a_locked_period_stay_as_they_are(cast: Cast, curator: ApiClient) -> None:
    indicator = make_indicator(organization=cast.own, slug="happiness")
    early, late = (make_observation(indicator=indicator, on=date(2017, month, 1)) for month in (1, 6))
    assert curator.send("PATCH", "indicators/happiness/", {"locked_until": "2017-03-31"}).status_code == 200
    publisher = cast.clients["publisher"]
    refused = publisher.send("PATCH", f"observations/{early.slug}/", {"stated_value": "7"})
    assert refused.status_code == 400
    assert "locked" in refused.json()["detail"]
    assert refused.json()["errors"][0]["pointer"] == "#/on"
    assert publisher.send("PATCH", f"observations/{late.slug}/", {"on": "2017-02-01"}).status_code == 400
    body = {"indicator": "happiness", "on": "2017-02-01", "stated_value": "1"}
    assert publisher.send("POST", "observations/", body).status_code == 400
    assert curator.send("DELETE", f"observations/{early.slug}/", b"").status_code == 400
    assert publisher.send("PATCH", f"observations/{late.slug}/", {"stated_value": "7"}).status_code == 200
    assert curator.send("PATCH", "indicators/happiness/", {"locked_until": None}).status_code == 200
    assert publisher.send("PATCH", f"observations/{early.slug}/", {"stated_value": "7"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_reviewers_who_approve_and_return_at_once_one_comes_first(cast: Cast) -> None:
    service = make_smart_service(provider=cast.own, state="in_review")
    answers: list[int] = []
    start = threading.Barrier(8)

    def decide(client: ApiClient, name: str) -> None:
        start.wait()
        answers.append(step(client, f"smart-services/{service.slug}/", name, "Why").status_code)
        connection.close()

    clients = [(cast.clients["publisher"], "approve"), (cast.clients["manager above"], "return")] * 4
    threads = [threading.Thread(target=decide, args=each) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(409) + answers.count(200) == 8
    state = SmartService.objects.get(pk=service.pk).state
    assert state in ("published", "draft")
    # A draft may still be approved; what is published is returned no more.
    assert answers.count(200) in (1, 2)


def test_lists_say_the_state_and_are_filtered_by_it(cast: Cast, contributor: ApiClient) -> None:
    make_smart_service(provider=cast.own, state="draft", slug="a-draft")
    make_smart_service(provider=cast.own, slug="public")
    assert contributor.slugs("smart-services/", state="draft") == ["a-draft"]
    assert ApiClient().slugs("smart-services/", state="draft") == []
    assert Indicator.objects.count() == Observation.objects.count() == 0
