"""A token opens what its scopes and its owner's permissions open, until it expires, is revoked, or its owner leaves."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.api.machinery.test_problems import kind, problem
from tracker.api.models import Token

pytestmark = [pytest.mark.urls("tests.api.machinery.urls"), pytest.mark.django_db]

GROUPS = "/api/machinery/groups/"
WHOAMI = "/api/machinery/read-only/"


@pytest.fixture
def editor() -> User:
    """A member of staff who may write groups."""
    user = User.objects.create_user("group-editor", password="a-long-passphrase", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__model="group"))
    return user


def bearer(plaintext: str) -> dict[str, Any]:
    return {"headers": {"authorization": f"Bearer {plaintext}"}}


def refused(client: Client, plaintext: str) -> str:
    """The kind of the 401 that a token gets, on an address that needs none."""
    response = client.get(WHOAMI, **bearer(plaintext))
    assert response["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    return kind(problem(response, 401))


def test_a_token_acts_as_its_owner(client: Client, editor: User) -> None:
    _token, plaintext = Token.issue(user=editor, name="test")
    assert client.get(WHOAMI, **bearer(plaintext)).json()["user"] == "group-editor"
    response = client.post(GROUPS, {"name": "New"}, "application/json", **bearer(plaintext))
    assert response.status_code == 201


def test_the_scheme_is_read_in_any_case(client: Client, editor: User) -> None:
    _token, plaintext = Token.issue(user=editor, name="test")
    response = client.get(WHOAMI, headers={"authorization": f"bearer {plaintext}"})
    assert response.json()["user"] == "group-editor"


def test_the_plaintext_is_nowhere_in_the_database(editor: User) -> None:
    token, plaintext = Token.issue(user=editor, name="test")
    secret = plaintext.removeprefix(f"{token.prefix}_")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(api_token)::text FROM api_token")
        assert secret not in cursor.fetchone()[0]
    assert plaintext not in str(token)
    assert token.digest not in str(token)


def test_a_tampered_token_is_refused(client: Client, editor: User) -> None:
    _token, plaintext = Token.issue(user=editor, name="test")
    other = "a" if plaintext[-1] != "a" else "b"
    for wrong in (plaintext[:-1] + other, plaintext + "a", plaintext[:-1], plaintext.upper(), plaintext[:12]):
        assert refused(client, wrong) == "token_invalid"


def test_an_unknown_token_is_refused(client: Client) -> None:
    assert refused(client, "trk_aaaaaaaa_" + "a" * 43) == "token_invalid"


@pytest.mark.parametrize("value", ["", "two words", "trk_\u00e9"])
def test_a_malformed_token_is_refused(client: Client, value: str) -> None:
    assert refused(client, value) == "token_malformed"


def test_an_expired_token_is_refused(client: Client, editor: User) -> None:
    token, plaintext = Token.issue(user=editor, name="test", expires_at=timezone.now() + timedelta(days=1))
    assert client.get(WHOAMI, **bearer(plaintext)).status_code == 200
    ended = timezone.now() - timedelta(seconds=1)
    Token.objects.filter(pk=token.pk).update(created_at=ended - timedelta(days=1), expires_at=ended)
    assert refused(client, plaintext) == "token_expired"
    assert Token.verify(plaintext) is None


def test_a_revoked_token_is_refused_at_once(client: Client, editor: User) -> None:
    token, plaintext = Token.issue(user=editor, name="test")
    assert Token.verify(plaintext) == token
    token.revoke()
    assert refused(client, plaintext) == "token_revoked"
    assert Token.verify(plaintext) is None


def test_the_token_of_someone_who_left_is_refused(client: Client, editor: User) -> None:
    _token, plaintext = Token.issue(user=editor, name="test")
    User.objects.update(is_active=False)
    assert refused(client, plaintext) == "user_inactive"
    assert Token.verify(plaintext) is None


@pytest.mark.parametrize("scope", ["*", "*:write", "groups:write"])
def test_a_scope_that_reaches_the_collection_lets_write(client: Client, editor: User, scope: str) -> None:
    _token, plaintext = Token.issue(user=editor, name="test", scopes=[scope])
    assert client.post(GROUPS, {"name": "New"}, "application/json", **bearer(plaintext)).status_code == 201


@pytest.mark.parametrize("scope", ["*:read", "groups:read", "group:write", "initiatives:write"])
def test_a_write_outside_of_the_scope_is_forbidden(client: Client, editor: User, scope: str) -> None:
    _token, plaintext = Token.issue(user=editor, name="test", scopes=[scope])
    document = problem(client.post(GROUPS, {"name": "New"}, "application/json", **bearer(plaintext)), 403)
    assert kind(document) == "token_scope"
    assert "groups:write" in document["detail"]
    assert scope in document["detail"]


def test_a_read_outside_of_the_scope_sees_what_anybody_sees(client: Client, editor: User) -> None:
    _token, plaintext = Token.issue(user=editor, name="test", scopes=["groups:write"])
    assert client.get(WHOAMI, **bearer(plaintext)).json()["user"] == ""
    assert client.get(GROUPS, **bearer(plaintext)).status_code == 200


def test_a_token_does_not_reach_further_than_its_owner(client: Client, editor: User) -> None:
    _token, plaintext = Token.issue(user=editor, name="test")
    editor.user_permissions.clear()
    document = problem(client.post(GROUPS, {"name": "New"}, "application/json", **bearer(plaintext)), 403)
    assert kind(document) == "permission_denied"


@pytest.mark.parametrize("scopes", [[], ["everything"], ["groups"], ["groups:delete"], ["*", "Groups:read"], ["*\n"]])
def test_a_scope_that_means_nothing_is_refused(editor: User, scopes: list[str]) -> None:
    with pytest.raises(ValidationError):
        Token.issue(user=editor, name="test", scopes=scopes)


def test_use_is_noted_at_most_once_a_minute(client: Client, editor: User) -> None:
    token, plaintext = Token.issue(user=editor, name="test")
    client.get(WHOAMI, **bearer(plaintext))
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    with CaptureQueriesContext(connection) as queries:
        client.get(WHOAMI, **bearer(plaintext))
    assert not [query for query in queries if query["sql"].startswith("UPDATE")]
    Token.objects.update(last_used_at=first - timedelta(minutes=2))
    client.get(WHOAMI, **bearer(plaintext))
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at >= first


def test_a_new_secret_key_leaves_tokens_valid_while_the_old_one_is_a_fallback(editor: User, settings: Any) -> None:
    settings.TRACKER_TOKEN_PEPPER = ""
    _token, plaintext = Token.issue(user=editor, name="test")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-" * 6
    assert Token.verify(plaintext)
    settings.SECRET_KEY_FALLBACKS = []
    assert Token.verify(plaintext) is None


def test_the_command_prints_the_token_once_and_nothing_else(client: Client, editor: User) -> None:
    printed, said = StringIO(), StringIO()
    options = ["--user", "group-editor", "--name", "nightly", "--scopes", "groups:read", "--expires-in", "30"]
    call_command("create_token", *options, stdout=printed, stderr=said)
    token = Token.verify(printed.getvalue().strip())
    assert token is not None
    assert (token.user, token.name, token.scopes) == (editor, "nightly", ["groups:read"])
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert printed.getvalue().strip() not in said.getvalue()


@pytest.mark.parametrize(
    "options",
    [
        ["--user", "nobody"],
        ["--user", "group-editor", "--expires-in", "0"],
        ["--user", "group-editor", "--expires-in", "99999999"],
        ["--user", "group-editor", "--scopes", "all"],
    ],
)
def test_the_command_refuses_what_makes_no_token(editor: User, options: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_token", "--name", "x", *options)
    assert not Token.objects.exists()


def test_admin_shows_a_new_token_once_and_never_its_digest(admin_client: Client, admin_user: User) -> None:
    form = {"user": admin_user.pk, "name": "dashboard", "scopes": "*", "expires_at_0": "", "expires_at_1": ""}
    page = admin_client.post("/admin/api/token/add/", form, follow=True).content.decode()
    token = Token.objects.get()
    plaintext = page.partition('<code dir="ltr">')[2].partition("</code>")[0]
    assert Token.verify(plaintext) == token
    for url in ("/admin/api/token/", f"/admin/api/token/{token.pk}/change/"):
        later = admin_client.get(url).content.decode()
        assert token.prefix in later
        assert plaintext not in later
        assert token.digest not in later


def test_admin_revokes_tokens(admin_client: Client, admin_user: User) -> None:
    token, plaintext = Token.issue(user=admin_user, name="test")
    admin_client.post("/admin/api/token/", {"action": "revoke", "_selected_action": [token.pk]})
    assert Token.verify(plaintext) is None


def test_admin_lets_nobody_but_a_superuser_act_for_others(client: Client, editor: User, admin_user: User) -> None:
    editor.user_permissions.add(*Permission.objects.filter(content_type__app_label="api"))
    Token.issue(user=admin_user, name="of the superuser")
    client.force_login(editor)
    form = {"user": admin_user.pk, "name": "borrowed", "scopes": "*", "expires_at_0": "", "expires_at_1": ""}
    assert client.post("/admin/api/token/add/", form).status_code == 200
    assert not Token.objects.filter(name="borrowed").exists()
    assert "of the superuser" not in client.get("/admin/api/token/").content.decode()
