"""Every operation of the OpenAPI document is carried out once, and answers as the document says it does."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User

from initiatives.api.examples import EXAMPLES
from tests import factories
from tests.api.client import ApiClient
from tests.api.examples import written
from tests.api.openapi import OpenAPI

pytestmark = pytest.mark.django_db(transaction=True)


class Witness:
    """Sends requests as a curator, holds the answers against the document, and remembers which operations answered."""

    def __init__(self, curator: ApiClient) -> None:
        self.curator = curator
        self.openapi = OpenAPI.in_language()
        self.seen: set[str] = set()

    def ask(self, method: str, path: str, body: Any = None, succeeds: bool = True) -> Any:
        answer = self.curator.send(method, path, b"" if body is None else body)
        assert (answer.status_code < 300) is succeeds, (method, path, answer.content[:500])
        return self.note(answer)

    def get(self, address: str) -> Any:
        answer = self.curator.get(address, headers={"accept": "*/*"})
        assert answer.status_code == 200, (address, answer.content[:500])
        return answer if address in ("/api/schema/", "/api/v1/changes.atom") else self.note(answer)

    def note(self, answer: Any) -> Any:
        self.openapi.assert_documented(answer)
        request = answer.wsgi_request
        self.seen.add(self.openapi.operation_at(request.method, request.path)["operationId"])
        return answer


def the_life_of_an_example(witness: Witness, collection: str) -> None:
    """All that can be done with a record, until it and those that it refers to are gone."""
    *others, last = EXAMPLES[collection]
    body = written(collection, last)
    at = f"{collection}/{body['slug']}/"
    witness.get(f"/api/v1/{collection}/")
    witness.get(f"/api/v1/{at}")
    witness.ask("PUT", at, body)
    witness.ask("PATCH", at, {"slug": body["slug"]})
    revision = witness.ask("PATCH", f"{collection}/", [{"slug": body["slug"]}]).headers["X-Revision"]
    witness.get(f"/api/v1/{at}history/")
    witness.ask("POST", f"{at}merge/", {"into": "nowhere"}, succeeds=False)
    witness.ask("DELETE", f"{collection}/", [body["slug"]])
    witness.ask("POST", f"{at}restore/", {"revision": int(revision)})
    for each in (last, *reversed(others)):
        witness.ask("DELETE", f"{collection}/{each['slug']}/")


def the_life_of_a_webhook(witness: Witness) -> None:
    body = {"name": "Mirror", "link": "http://127.0.0.1:9/hook"}
    at = f"webhooks/{witness.ask('POST', 'webhooks/', body).json()['id']}/"
    for address in ("webhooks/", at, f"{at}deliveries/"):
        witness.get(f"/api/v1/{address}")
    witness.ask("PUT", at, body)
    witness.ask("PATCH", at, {"name": "Other"})
    for verb in ("test", "resume", "rotate-secret"):
        witness.ask("POST", f"{at}{verb}/")
    witness.ask("POST", f"{at}replay/", {"since": 0})
    witness.ask("DELETE", at)


def the_life_of_a_dashboard(witness: Witness) -> None:
    body = {"title": {"en": "Mine"}, "widgets": [{"title": {"en": "All"}, "query": "people/", "display": "count"}]}
    at = f"dashboards/{witness.ask('POST', 'dashboards/', body).json()['id']}/"
    witness.get("/api/v1/dashboards/?owner=me")
    witness.get(f"/api/v1/{at}")
    witness.ask("PUT", at, body)
    key = witness.ask("PATCH", at, {"visibility": "link"}).json()["link"].split("/")[-2]
    witness.get(f"/api/v1/dashboards/shared/{key}/")
    for address in (f"{at}copy/", f"dashboards/shared/{key}/copy/", f"{at}rotate-link/"):
        witness.ask("POST", address)
    witness.ask("DELETE", at)


def the_life_of_a_follower(witness: Witness) -> None:
    followed = factories.make_organization()
    at = f"me/following/organizations/{followed.slug}/"
    witness.ask("PUT", at)
    followed.name_en = "Another name"
    followed.save()
    for address in ("me/following/", "me/feed/", "me/digest/"):
        witness.get(f"/api/v1/{address}")
    witness.ask("POST", "me/feed/seen/", {"revision": 1})
    witness.ask("PATCH", "me/digest/", {"digest": "daily"})
    witness.ask("DELETE", at)


def what_people_say_of(witness: Witness, service: str) -> None:
    witness.ask("POST", f"smart-services/{service}/ratings/", {"score": "happy", "channel": "web"})
    witness.get(f"/api/v1/smart-services/{service}/ratings/")
    entity, pillar = EXAMPLES["organizations"][0]["slug"], EXAMPLES["pillars"][0]["slug"]
    for path in (f"smart-services/{service}/", f"organizations/{entity}/", f"pillars/{pillar}/", ""):
        witness.get(f"/api/v1/{path}happiness/")


def the_life_of_a_token(witness: Witness) -> None:
    at = f"me/tokens/{witness.ask('POST', 'me/tokens/', {'name': 'Laptop', 'scopes': ['*']}).json()['id']}/"
    for address in ("me/tokens/", at):
        witness.get(f"/api/v1/{address}")
    witness.ask("PATCH", at, {"name": "Desktop"})
    witness.ask("DELETE", at)


def the_publication_of(witness: Witness, record: Any) -> None:
    """Every step of a record that is in review, and its next version."""
    at = f"{type(record).collection}/{record.slug}/"
    for step in ("return", "submit", "withdraw", "approve"):
        witness.ask("POST", f"{at}{step}/", {"comment": "For a reason"})
    witness.get(f"/api/v1/{at}steps/")
    witness.ask("PUT", f"{at}next-version/", {"slug": f"{record.slug}-renamed"})
    witness.get(f"/api/v1/{at}next-version/")
    witness.ask("DELETE", f"{at}next-version/")


def the_report_on_an_initiative(witness: Witness) -> None:
    initiative = factories.make_initiative()
    at = f"initiatives/{initiative.slug}/progress-updates/"
    update = factories.make_progress_update(initiative=initiative, state="in_review")
    one = f"{at}{update.pk}/"
    for step in ("return", "submit", "withdraw", "approve"):
        witness.ask("POST", f"{one}{step}/", {"comment": "For a reason"})
    witness.ask("PATCH", one, {"health": "off_track"})
    body = {"on": "2017-04-16", "health": "on_track", "text": {"en": "On the way"}}
    witness.ask("DELETE", f"{at}{witness.ask('POST', at, body).json()['id']}/")
    for address in (at, one, "me/owed/"):
        witness.get(f"/api/v1/{address}")


def the_life_of_members(witness: Witness) -> None:
    organization = factories.make_organization()
    curator = User.objects.get(username="curator")
    EmailAddress.objects.create(user=curator, email="curator@example.org", verified=True)
    body = {"organization": organization.slug, "email": "curator@example.org", "role": "contributor"}
    for verb in ("accept", "decline"):
        at = f"invitations/{witness.ask('POST', 'invitations/', body).json()['id']}/"
        witness.get(f"/api/v1/{at}")
        witness.ask("POST", f"{at}{verb}/")
    witness.ask("DELETE", f"invitations/{witness.ask('POST', 'invitations/', body).json()['id']}/")
    one = f"memberships/{witness.get('/api/v1/memberships/').json()['results'][0]['id']}/"
    witness.get(f"/api/v1/{one}")
    witness.ask("PATCH", one, {"role": "publisher"})
    witness.ask("DELETE", one)
    wish = {"organization": organization.slug}
    for verb in ("refuse", "accept"):
        at = f"join-requests/{witness.ask('POST', 'join-requests/', wish).json()['id']}/"
        witness.get(f"/api/v1/{at}")
        witness.ask("POST", f"{at}{verb}/", {"comment": "Because"})
    other = {"organization": factories.make_organization().slug}
    witness.ask("DELETE", f"join-requests/{witness.ask('POST', 'join-requests/', other).json()['id']}/")
    for address in ("invitations/", "join-requests/"):
        witness.get(f"/api/v1/{address}")


def the_sharing_of_data(witness: Witness) -> None:
    dataset = factories.make_dataset(classification="confidential")
    why = {"decision": {"en": "Because"}}
    for verb in ("approve", "refuse"):
        agreement = factories.make_sharing_agreement(dataset=dataset, status="requested")
        witness.ask("POST", f"agreements/{agreement.slug}/{verb}/", why)
        witness.get(f"/api/v1/agreements/{agreement.slug}/accesses/")
        if verb == "approve":
            witness.ask("POST", f"agreements/{agreement.slug}/revoke/", why)
    witness.ask("POST", f"datasets/{dataset.slug}/access/")


def test_every_operation_answers_as_documented(curator: ApiClient, settings: Any) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    witness = Witness(curator)
    for collection, bodies in EXAMPLES.items():
        for body in bodies:
            witness.ask("POST", f"{collection}/", written(collection, body))
    witness.get("/api/v1/search/?q=dubai")
    witness.get(f"/api/v1/indicators/{EXAMPLES['indicators'][0]['slug']}/total/")
    # A service that was rated stays: one that no other example needs to be gone.
    rated = factories.make_smart_service(provider=factories.make_organization())
    what_people_say_of(witness, rated.slug)
    for collection in reversed(list(EXAMPLES)):
        the_life_of_an_example(witness, collection)
    the_life_of_a_webhook(witness)
    the_life_of_a_dashboard(witness)
    the_life_of_a_follower(witness)
    the_life_of_a_token(witness)
    makers = (
        factories.make_smart_service,
        factories.make_dataset,
        factories.make_initiative,
        factories.make_observation,
    )
    for make in makers:
        the_publication_of(witness, make(state="in_review"))
    the_report_on_an_initiative(witness)
    the_life_of_members(witness)
    the_sharing_of_data(witness)
    for address in ("/api/", "/api/v1/", "/api/v1/changes/", "/api/v1/revisions/", "/api/v1/revisions/1/"):
        witness.get(address)
    # These two are no JSON; their contents have tests of their own.
    for address in ("/api/schema/", "/api/v1/changes.atom"):
        witness.seen.add(witness.openapi.operation_at("GET", witness.get(address).wsgi_request.path)["operationId"])
    assert {operation["operationId"] for *_place, operation in witness.openapi.operations()} - witness.seen == set()


def test_a_merge_that_succeeds_is_as_documented(curator: ApiClient) -> None:
    witness = Witness(curator)
    one, other = factories.make_organization(), factories.make_organization()
    witness.ask("POST", f"organizations/{one.slug}/merge/", {"into": other.slug})
    assert witness.seen == {"organizations_merge"}


@pytest.mark.parametrize("address", ["webhooks/", "webhooks/{webhook}/deliveries/", "revisions/", "changes/"])
def test_lists_that_are_no_collections_take_as_many_queries_for_ten_as_for_one(
    curator: ApiClient, settings: Any, django_assert_max_num_queries: Any, address: str
) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    counts = []
    first = 0
    for many in (1, 9):
        for _each in range(many):
            organization = factories.make_organization()
            body = {"name": "M", "link": "http://127.0.0.1:9/hook", "organizations": [organization.slug]}
            made = curator.send("POST", "webhooks/", body).json()["id"]
            first = first or made
            curator.send("POST", f"webhooks/{first}/test/", b"")
        path = f"/api/v1/{address.format(webhook=first)}"
        curator.get(path)
        with django_assert_max_num_queries(60) as asked:
            answer = curator.get(path)
        assert len(answer.json()["results"]) >= many
        counts.append(len(asked))
    assert counts[0] == counts[1]
