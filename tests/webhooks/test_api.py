"""Webhooks by the API: who may have which, what they may say, and that a secret is shown once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, connection
from django.utils import timezone

from initiatives.models import Organization, Webhook
from tests.api.client import ApiClient
from tests.api.openapi import OpenAPI
from tests.factories import make_organization, make_person
from tests.webhooks.conftest import client_of, make_manager
from tests.webhooks.receiver import Receiver, failing
from tracker.api.models import Token
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

Subscribe = Callable[..., Webhook]
LINK = "http://127.0.0.1:9/hook"
BODY = {"name": "Mirror", "link": LINK}


@pytest.fixture
def office(db: None) -> Organization:
    return make_organization(slug="office")


@pytest.fixture
def below(office: Organization) -> Organization:
    return make_organization(slug="below", parent=make_organization(slug="between", parent=office))


@pytest.fixture
def elsewhere(db: None) -> Organization:
    return make_organization(slug="elsewhere")


@pytest.fixture
def manager(office: Organization) -> ApiClient:
    return client_of(make_manager("manager", office))


@pytest.fixture
def permitted() -> ApiClient:
    """A member of staff with all permissions for webhooks and none else."""
    user = User.objects.create_user("permitted", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__model="webhook"))
    return client_of(user)


def created(client: ApiClient, **fields: Any) -> dict[str, Any]:
    response = client.send("POST", "webhooks/", {**BODY, **fields})
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def error_of(response: Any) -> tuple[int, str, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["pointer"], error["code"]


# What it says --------------------------------------------------------------------------------------------------------


def test_a_new_webhook_says_all_of_itself_and_its_secret_once(curator: ApiClient, office: Organization) -> None:
    response = curator.send(
        "POST", "webhooks/", {**BODY, "collections": ["initiatives", "people"], "organizations": ["office"]}
    )
    body = response.json()
    secret = body.pop("secret")
    assert response.headers["Location"] == body["url"]
    assert secret == Webhook.objects.get().secret()
    assert secret.startswith("whsec_")
    assert (body["name"], body["link"], body["owner"]) == ("Mirror", LINK, "curator")
    assert body["collections"] == ["initiatives", "people"]
    assert [each["slug"] for each in body["organizations"]] == ["office"]
    assert (body["cursor"], body["attempts"], body["paused"]) == (current_revision(), 0, None)
    assert curator.get(body["url"]).json() == body
    assert curator.read("webhooks/").json()["results"] == [body]


def test_every_answer_is_as_documented(curator: ApiClient, receiver: Receiver, office: Organization) -> None:
    openapi = OpenAPI.in_language()
    answer = curator.send("POST", "webhooks/", {"name": "Mirror", "link": receiver.link, "organizations": ["office"]})
    openapi.assert_documented(answer)
    path = f"webhooks/{answer.json()['id']}/"
    Webhook.objects.update(paused_at=timezone.now(), pause_reason="gone", failing_since=timezone.now())
    for answer in (
        curator.read("webhooks/"),
        curator.read(path),
        curator.send("POST", f"{path}test/"),
        curator.read(f"{path}deliveries/"),
        curator.send("POST", f"{path}replay/", {"since": 0}),
        curator.send("POST", f"{path}replay/", {"since": -1}),
        curator.send("POST", f"{path}resume/"),
        curator.send("POST", f"{path}rotate-secret/"),
        curator.send("PATCH", path, {"name": "Other"}),
        curator.send("PUT", path, {"name": "Other", "link": receiver.link}),
        curator.send("PATCH", path, {"collections": ["nothing"]}),
        ApiClient().read(path),
        curator.send("DELETE", path),
        curator.read(path),
        curator.send("POST", f"{path}test/"),
    ):
        openapi.assert_documented(answer)


def test_patch_writes_what_it_names_and_put_replaces(curator: ApiClient, office: Organization) -> None:
    path = f"webhooks/{created(curator, collections=['people'], organizations=['office'])['id']}/"
    patched = curator.send("PATCH", path, {"name": "Other"}).json()
    assert (patched["name"], patched["collections"]) == ("Other", ["people"])
    replaced = curator.send("PUT", path, {"name": "Third", "link": LINK}).json()
    assert (replaced["name"], replaced["collections"], replaced["organizations"]) == ("Third", [], [])
    assert curator.send("PUT", path, {"name": "Third"}).status_code == 400
    assert curator.delete(f"/api/v1/{path}").status_code == 204
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"collections": ["initiative"]}, "#/collections/0", "invalid_choice"),
        ({"collections": ["webhooks"]}, "#/collections/0", "invalid_choice"),
        ({"collections": "people"}, "#/collections", "not_a_list"),
        ({"organizations": ["nowhere"]}, "#/organizations", "does_not_exist"),
        ({"organizations": "office"}, "#/organizations", "not_a_list"),
        ({"name": ""}, "#/name", "blank"),
        ({"name": "a" * 101}, "#/name", "max_length"),
        ({"link": None}, "#/link", "null"),
        ({"link": 5}, "#/link", "invalid"),
        ({"cursor": 0}, "#/cursor", "read_only"),
        ({"owner": "curator"}, "#/owner", "read_only"),
        ({"paused": None}, "#/paused", "read_only"),
        ({"salt": "0"}, "#/salt", "unknown_field"),
        ({"secret": "whsec_x"}, "#/secret", "unknown_field"),
    ],
)
def test_bad_input_is_refused_with_its_place(
    curator: ApiClient, fields: dict[str, Any], pointer: str, code: str
) -> None:
    assert error_of(curator.send("POST", "webhooks/", {**BODY, **fields})) == (400, pointer, code)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("body", [[], [BODY], "text", 5, None])
def test_a_body_that_is_no_object_is_refused(curator: ApiClient, body: Any) -> None:
    assert curator.send("POST", "webhooks/", body).status_code == 400
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_they_are_written_one_at_a_time(curator: ApiClient, method: str) -> None:
    assert curator.send(method, "webhooks/", []).status_code == 405


@pytest.mark.parametrize("query", ["as_of=1", "fields=id", "dry_run=true", "limit=-1", "ordering=id"])
def test_an_unknown_parameter_is_refused(curator: ApiClient, query: str) -> None:
    assert curator.get(f"/api/v1/webhooks/?{query}").status_code == 400
    assert curator.send("POST", "webhooks/?dry_run=true", BODY).status_code == 400
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("address", ["webhooks/999/", "webhooks/x/", f"webhooks/{10**30}/", "webhooks/0/deliveries/"])
def test_what_is_not_there_is_404(curator: ApiClient, address: str) -> None:
    assert curator.read(address).status_code == 404


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_browser_is_shown_pages(curator: ApiClient, receiver: Receiver, language: str) -> None:
    path = f"/api/v1/webhooks/{created(curator, link=receiver.link)['id']}/"
    curator.send("POST", path.removeprefix("/api/v1/") + "test/")
    for address in ("/api/v1/webhooks/", path, f"{path}deliveries/", f"{path}test/", f"{path}replay/"):
        page = curator.get(address, headers={"accept": "text/html", "accept-language": language})
        assert page.headers["Content-Type"].startswith("text/html")
        assert page.status_code in (200, 405)


# Who may -------------------------------------------------------------------------------------------------------------


def test_strangers_are_asked_to_sign_in(anonymous: ApiClient, subscribe: Subscribe, receiver: Receiver) -> None:
    path = f"webhooks/{subscribe(receiver).pk}/"
    for address in ("webhooks/", path, f"{path}deliveries/"):
        assert anonymous.read(address).status_code == 401
    assert anonymous.send("POST", "webhooks/", BODY).status_code == 401
    assert anonymous.send("POST", f"{path}rotate-secret/").status_code == 401
    assert anonymous.delete(f"/api/v1/{path}").status_code == 401


def test_who_manages_nothing_and_staff_without_the_permission_subscribe_to_nothing(
    reader: ApiClient, staff: ApiClient, office: Organization, subscribe: Subscribe, receiver: Receiver
) -> None:
    path = f"webhooks/{subscribe(receiver).pk}/"
    contributor = client_of(make_manager("contributor", office, role="contributor"))
    publisher = client_of(make_manager("publisher", office, role="publisher"))
    for client in (reader, staff, contributor, publisher):
        assert client.read("webhooks/").json()["results"] == []
        assert client.read(path).status_code == 404
        assert client.send("POST", "webhooks/", {**BODY, "organizations": ["office"]}).status_code == 403
        assert client.send("PATCH", path, {"name": "Mine"}).status_code == 404
        assert client.send("POST", f"{path}test/").status_code == 404
        assert client.delete(f"/api/v1/{path}").status_code == 404
    assert Webhook.objects.get().name == "Test"


def test_staff_with_the_permission_have_all(permitted: ApiClient, manager: ApiClient, office: Organization) -> None:
    theirs = created(manager, organizations=["office"])
    mine = created(permitted)
    assert [each["id"] for each in permitted.read("webhooks/").json()["results"]] == [theirs["id"], mine["id"]]
    assert permitted.send("PATCH", f"webhooks/{theirs['id']}/", {"name": "Renamed"}).status_code == 200
    assert error_of(permitted.send("PATCH", f"webhooks/{theirs['id']}/", {"organizations": []})) == (
        400, "#/organizations", "not_managed",
    )  # fmt: skip
    assert permitted.delete(f"/api/v1/webhooks/{theirs['id']}/").status_code == 204


def test_staff_who_may_only_look_only_look(staff: ApiClient, staff_user: User, manager: ApiClient) -> None:
    staff_user.user_permissions.add(Permission.objects.get(codename="view_webhook"))
    path = f"webhooks/{created(manager, organizations=['office'])['id']}/"
    assert staff.read(path).status_code == 200
    assert staff.send("PATCH", path, {"name": "Mine"}).status_code == 403
    assert staff.send("POST", f"{path}rotate-secret/").status_code == 403
    assert staff.delete(f"/api/v1/{path}").status_code == 403


def test_a_manager_subscribes_to_what_they_manage_and_what_stands_under_it(
    manager: ApiClient, below: Organization, elsewhere: Organization
) -> None:
    path = f"webhooks/{created(manager, organizations=['office', 'below'])['id']}/"
    for organizations in ([], ["elsewhere"], ["office", "elsewhere"]):
        refused = manager.send("POST", "webhooks/", {**BODY, "organizations": organizations})
        assert error_of(refused) == (400, "#/organizations", "not_managed")
        refused = manager.send("PATCH", path, {"organizations": organizations})
        assert error_of(refused) == (400, "#/organizations", "not_managed")
    assert error_of(manager.send("POST", "webhooks/", BODY)) == (400, "#/organizations", "not_managed")
    assert manager.send("PUT", path, BODY).status_code == 400
    assert Webhook.objects.get().organizations.count() == 2


def test_a_manager_has_their_own_only(manager: ApiClient, elsewhere: Organization, office: Organization) -> None:
    mine = created(manager, organizations=["office"])
    for other in (make_manager("other", elsewhere), make_manager("colleague", office)):
        path = f"webhooks/{mine['id']}/"
        client = client_of(other)
        assert client.read("webhooks/").json()["count"] == 0
        assert client.read(path).status_code == 404
        assert client.read(f"{path}deliveries/").status_code == 404
        assert client.send("PATCH", path, {"name": "Mine"}).status_code == 404
        assert client.send("POST", f"{path}replay/", {"since": 0}).status_code == 404
        assert client.send("POST", f"{path}rotate-secret/").status_code == 404
        assert client.delete(f"/api/v1/{path}").status_code == 404


def test_a_removed_manager_still_sees_and_deletes_their_own_and_nothing_else(
    manager: ApiClient, office: Organization
) -> None:
    path = f"webhooks/{created(manager, organizations=['office'])['id']}/"
    User.objects.get(username="manager").memberships.all().delete()
    assert manager.read(path).status_code == 200
    assert manager.send("POST", "webhooks/", {**BODY, "organizations": ["office"]}).status_code == 403
    for method, address in (("PATCH", path), ("POST", f"{path}resume/"), ("POST", f"{path}test/")):
        assert manager.send(method, address, {"name": "Mine"}).status_code == 403
    assert manager.delete(f"/api/v1/{path}").status_code == 204


def test_a_manager_of_something_else_by_now_cannot_resume(
    manager: ApiClient, office: Organization, elsewhere: Organization
) -> None:
    path = f"webhooks/{created(manager, organizations=['office'])['id']}/"
    User.objects.get(username="manager").memberships.update(organization=elsewhere)
    assert manager.send("POST", f"{path}resume/").status_code == 409
    assert manager.send("POST", f"{path}test/").status_code == 409


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        (["webhooks:read", "changes:read"], 200, 403),
        (["webhooks:write"], 200, 403),
        (["people:write", "changes:read"], 403, 403),
        (["webhooks:write", "changes:read"], 200, 201),
    ],
)
def test_a_token_needs_the_scope_to_have_webhooks_and_to_follow_changes(
    curator_user: User, client: Any, scopes: list[str], reads: int, writes: int
) -> None:
    plaintext = Token.issue(user=curator_user, name="Test", scopes=scopes)[1]
    headers = {"Authorization": f"Bearer {plaintext}"}
    assert client.get("/api/v1/webhooks/", headers=headers).status_code == reads
    answer = client.post("/api/v1/webhooks/", BODY, "application/json", headers=headers)
    assert answer.status_code == writes
    assert writes == 201 or answer.json()["type"].endswith("#token_scope")


# Secrets -------------------------------------------------------------------------------------------------------------


def test_no_answer_but_the_first_holds_the_secret(curator: ApiClient, receiver: Receiver) -> None:
    body = created(curator, link=receiver.link)
    secret = body["secret"].removeprefix("whsec_")
    path = f"webhooks/{body['id']}/"
    curator.send("POST", f"{path}test/")
    for answer in (
        curator.read("webhooks/"),
        curator.read(path),
        curator.read(f"{path}deliveries/"),
        curator.send("PATCH", path, {"name": "Other"}),
        curator.send("POST", f"{path}resume/"),
        curator.send("POST", f"{path}replay/", {"since": 0}),
    ):
        assert answer.status_code == 200
        assert secret not in answer.content.decode()
        assert Webhook.objects.get().salt not in answer.content.decode()


def test_a_rotated_secret_is_another_one(curator: ApiClient) -> None:
    body = created(curator)
    rotated = curator.send("POST", f"webhooks/{body['id']}/rotate-secret/").json()
    webhook = Webhook.objects.get()
    assert rotated["secret"] == webhook.secret() != body["secret"]
    assert webhook.valid_secrets() == [rotated["secret"], body["secret"]]
    assert webhook.old_secret_until is not None
    assert webhook.old_secret_until - timezone.now() <= timedelta(hours=24)


def test_a_repeated_request_is_told_that_it_was_carried_out_and_its_secret_is_nowhere(
    curator: ApiClient,
) -> None:
    first = curator.send("POST", "webhooks/", BODY, **{"Idempotency-Key": "one"})
    again = curator.send("POST", "webhooks/", BODY, **{"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code, Webhook.objects.count()) == (201, 409, 1)
    assert again.json()["type"].endswith("#answer_not_kept")
    assert again.headers["Location"] == first.json()["url"]
    path = f"webhooks/{first.json()['id']}/rotate-secret/"
    rotated = curator.send("POST", path, **{"Idempotency-Key": "two"})
    assert curator.send("POST", path, **{"Idempotency-Key": "two"}).status_code == 409
    assert Webhook.objects.get().secret() == rotated.json()["secret"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(kept::text, '') FROM api_idempotencykey kept")
        kept = cursor.fetchone()[0]
    for answer in (first, rotated):
        assert answer.json()["secret"].removeprefix("whsec_") not in kept


# Actions -------------------------------------------------------------------------------------------------------------


def test_a_test_event_is_sent_at_once_and_answered_with_what_came_of_it(curator: ApiClient, receiver: Receiver) -> None:
    body = created(curator, link=receiver.link)
    answer = curator.send("POST", f"webhooks/{body['id']}/test/").json()
    assert (answer["kind"], answer["status"], answer["events"]) == ("test", 204, 1)
    (event,) = receiver.messages[0].verified_by(body["secret"])
    assert (event["type"], event["data"]) == ("example.registry.webhook.test", {"name": "Mirror"})
    receiver.way = failing(500, b"broken")
    answer = curator.send("POST", f"webhooks/{body['id']}/test/").json()
    assert (answer["status"], answer["excerpt"]) == (500, "broken")
    assert Webhook.objects.get().attempts == 0
    log = curator.read(f"webhooks/{body['id']}/deliveries/").json()
    assert (log["count"], log["results"][0]) == (2, answer)


def test_replay_and_resume_and_a_new_target_set_it_going_again(
    curator: ApiClient, receiver: Receiver, deliver: Callable[[], None]
) -> None:
    path = f"webhooks/{created(curator, link=receiver.link)['id']}/"
    receiver.way = failing(410)
    make_person()
    deliver()
    paused = curator.read(path).json()
    assert paused["paused"]["reason"] == "gone"
    assert paused["attempts"] == 1
    receiver.way = lambda handler: handler.answer(200)
    resumed = curator.send("POST", f"{path}resume/").json()
    assert (resumed["paused"], resumed["attempts"]) == (None, 0)
    deliver()
    assert len(receiver.taken) == 1
    assert curator.send("POST", f"{path}replay/", {"since": 0}).json()["cursor"] == 0
    deliver()
    assert len(receiver.taken) == 2
    curator.send("PATCH", path, {"link": "http://127.0.0.1:9/"})
    make_person()
    deliver()
    assert curator.read(path).json()["next_attempt_at"] is not None
    assert curator.send("PATCH", path, {"link": receiver.link}).json()["next_attempt_at"] is None
    deliver()
    assert len(receiver.taken) == 3


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"since": 10**9}, "#/since", "no_such_revision"),
        ({"since": 10**30}, "#/since", "max_value"),
        ({"since": -1}, "#/since", "min_value"),
        ({"since": "all"}, "#/since", "invalid"),
        ({}, "#/since", "required"),
        ({"since": 0, "until": 5}, "#/until", "unknown_field"),
    ],
)
def test_a_replay_from_nowhere_is_refused(curator: ApiClient, body: Any, pointer: str, code: str) -> None:
    path = f"webhooks/{created(curator)['id']}/replay/"
    assert error_of(curator.send("POST", path, body)) == (400, pointer, code)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"cursor": -1}, "webhook_cursor_not_negative"),
        ({"pause_reason": "gone"}, "webhook_paused_with_reason"),
        ({"paused_at": datetime(2026, 1, 1, tzinfo=UTC)}, "webhook_paused_with_reason"),
    ],
)
def test_the_database_holds_the_rules(
    subscribe: Subscribe, receiver: Receiver, fields: dict[str, Any], rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        subscribe(receiver, **fields)


# Organizations -------------------------------------------------------------------------------------------------------


def test_an_organization_that_webhooks_are_about_is_not_deleted_unnoticed(
    curator: ApiClient, office: Organization
) -> None:
    created(curator, organizations=["office"])
    refused = curator.delete("/api/v1/organizations/office/")
    assert refused.status_code == 409
    assert Webhook.objects.get().organizations.count() == 1


def test_a_merged_organizations_webhooks_are_about_the_one_that_stays(
    curator: ApiClient, office: Organization, elsewhere: Organization
) -> None:
    created(curator, organizations=["office"])
    assert curator.send("POST", "organizations/office/merge/", {"into": "elsewhere"}).status_code == 200
    assert [each.slug for each in Webhook.objects.get().organizations.all()] == ["elsewhere"]
