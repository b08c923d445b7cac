"""Reading is open; writing needs a member of staff with the model's permission, by session with CSRF or by token."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from tests.api.machinery.test_problems import kind, problem

pytestmark = [pytest.mark.urls("tests.api.machinery.urls"), pytest.mark.django_db]

GROUPS = "/api/machinery/groups/"
VERBS = {"POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


@pytest.fixture
def group() -> Group:
    return Group.objects.create(name="Old")


def write(client: Client, method: str, group: Group, **extra: Any) -> Any:
    url = GROUPS if method == "POST" else f"{GROUPS}{group.pk}/"
    return client.generic(method, url, b'{"name": "New"}', "application/json", **extra)


def member(*permissions: str, staff: bool = True) -> User:
    user = User.objects.create_user("someone", is_staff=staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_anybody_reads(client: Client, group: Group, method: str) -> None:
    assert client.generic(method, GROUPS).status_code == 200
    assert client.generic(method, f"{GROUPS}{group.pk}/").status_code == 200


@pytest.mark.parametrize("method", list(VERBS))
def test_writing_without_signing_in_is_401(client: Client, group: Group, method: str) -> None:
    response = write(client, method, group)
    assert kind(problem(response, 401)) == "not_authenticated"
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert Group.objects.filter(name="Old").exists()


@pytest.mark.parametrize(("method", "verb"), VERBS.items())
def test_staff_with_the_permission_write(client: Client, group: Group, method: str, verb: str) -> None:
    client.force_login(member(f"{verb}_group"))
    assert write(client, method, group).status_code in (200, 201, 204)


@pytest.mark.parametrize(("method", "verb"), VERBS.items())
def test_staff_with_all_other_permissions_do_not(client: Client, group: Group, method: str, verb: str) -> None:
    client.force_login(member(*[f"{other}_group" for other in ("add", "change", "delete", "view") if other != verb]))
    assert kind(problem(write(client, method, group), 403)) == "permission_denied"


@pytest.mark.parametrize(("method", "verb"), VERBS.items())
def test_someone_outside_of_staff_does_not_even_with_the_permission(
    client: Client, group: Group, method: str, verb: str
) -> None:
    client.force_login(member(f"{verb}_group", staff=False))
    problem(write(client, method, group), 403)


def test_a_session_without_the_csrf_token_is_refused(group: Group) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member("add_group"))
    assert kind(problem(write(client, "POST", group), 403)) == "csrf_failed"


def test_a_session_with_the_csrf_token_writes(group: Group) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member("add_group"))
    client.cookies["csrftoken"] = "a" * 32
    assert write(client, "POST", group, headers={"x-csrftoken": "a" * 32}).status_code == 201


def test_a_second_record_of_one_name_is_a_conflict_at_its_field(client: Client, group: Group) -> None:
    client.force_login(member("add_group"))
    document = problem(client.post(GROUPS, {"name": "Old"}, "application/json"), 409)
    assert document["errors"][0]["pointer"] == "#/name"
    assert document["errors"][0]["code"] == "unique"
