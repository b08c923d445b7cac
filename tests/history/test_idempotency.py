"""A POST that is sent again under its Idempotency-Key writes nothing more and gets the answer of the first."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives.models import Organization
from tests.history.clients import API, Program, at_once, curator, pointers
from tracker.api.authentication import TokenAuthentication
from tracker.api.models import ANSWERS_LIVE, IdempotencyKey, Token
from tracker.api.whole_writes import WholeWrites
from tracker.history.models import Revision

pytestmark = pytest.mark.django_db(transaction=True)

ORGANIZATIONS = "organizations/"
OFFICE: dict[str, Any] = {"slug": "office", "name": {"en": "Office", "ar": "مكتب"}}
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
SECRET = "do-not-keep-this"


class SecretView(WholeWrites):
    """Makes an organization, and answers with a secret."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = ()
    answers_with_secret = frozenset({"post"})

    def post(self, request: Request) -> Response:
        body: Any = request.data
        made = Organization.objects.create(name_en=body["name"])
        return Response({"secret": SECRET}, 201, headers={"Location": made.get_absolute_url()})


urlpatterns: list[Any] = [path("api/v1/secrets/", SecretView.as_view()), path("", include("tracker.urls"))]


@pytest.fixture
def program() -> Program:
    return curator()


def is_replay(response: Any) -> bool:
    return bool(response.headers.get("Idempotency-Replayed") == "true")


def same(one: Any, other: Any) -> bool:
    names = ("Location", "ETag", "X-Revision", "Content-Type")
    return (one.status_code, one.content) == (other.status_code, other.content) and all(
        one.headers.get(name) == other.headers.get(name) for name in names
    )


def test_a_retry_gets_the_first_answer_and_writes_nothing(program: Program) -> None:
    first = program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    revisions = Revision.objects.count()
    again = program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    assert first.status_code == 201
    assert first["Location"].endswith("/organizations/office/")
    assert same(first, again)
    assert (is_replay(first), is_replay(again)) == (False, True)
    assert (Organization.objects.count(), Revision.objects.count()) == (1, revisions)


def test_without_a_slug_a_retry_makes_no_second_record(program: Program) -> None:
    body = {"name": {"en": "Office"}}
    assert same(*[program.post(ORGANIZATIONS, body, Idempotency_Key=KEY) for _time in range(2)])
    assert Organization.objects.get().slug == "office"


def test_the_first_answer_is_given_even_after_the_record_changed(program: Program) -> None:
    first = program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    program.patch("organizations/office/", {"country": "AE"})
    assert same(first, program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY))
    assert program.get("organizations/office/").json()["country"] == "AE"


def test_a_body_that_is_only_spelled_differently_is_the_same(program: Program) -> None:
    first = program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    spelled = r'{ "name": {"ar":"\u0645\u0643\u062a\u0628", "en" : "Office"}, "slug":"office" }'
    assert same(first, program.post(ORGANIZATIONS, spelled, Idempotency_Key=KEY))


@pytest.mark.parametrize(
    ("address", "body"),
    [
        (ORGANIZATIONS, {**OFFICE, "country": "AE"}),
        (ORGANIZATIONS, [OFFICE]),
        ("organizations/?format=json", OFFICE),
        ("platforms/", OFFICE),
        ("organizations/office/merge/", OFFICE),
    ],
)
def test_the_key_of_another_request_is_422(program: Program, address: str, body: Any) -> None:
    program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    refused = program.post(address, body, Idempotency_Key=KEY)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("#idempotency_key_reused")
    assert Organization.objects.count() == 1


def test_a_list_is_answered_once_too(program: Program) -> None:
    body = [{"name": {"en": f"Office {number}"}} for number in range(3)]
    assert same(*[program.post(ORGANIZATIONS, body, Idempotency_Key=KEY) for _time in range(2)])
    assert Organization.objects.count() == 3


def test_an_action_is_answered_once_too(program: Program) -> None:
    for slug in ("office", "bureau"):
        Organization.objects.create(slug=slug, name_en=slug)
    merge = partial(program.post, "organizations/bureau/merge/", {"into": "office"})
    first = merge(Idempotency_Key=KEY)
    assert first.status_code == 200
    assert same(first, merge(Idempotency_Key=KEY))
    assert merge().status_code == 409


def test_the_keys_of_two_users_do_not_meet(program: Program) -> None:
    other = curator("other")
    program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    assert other.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY).status_code == 409
    assert other.post(ORGANIZATIONS, {"name": {"en": "Bureau"}}, Idempotency_Key=KEY).status_code == 201


def test_another_token_of_the_same_user_gets_the_answer_only_where_it_may_write(program: Program) -> None:
    first = program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    for scope, expected in (("organizations:write", 201), ("people:write", 403)):
        plaintext = Token.issue(user=program.user, name="Second", scopes=[scope])[1]
        headers = {"Authorization": f"Bearer {plaintext}", "Idempotency-Key": KEY}
        again = Client().post(API + ORGANIZATIONS, OFFICE, "application/json", headers=headers)
        assert again.status_code == expected
        assert expected != 201 or same(first, again)


def test_who_may_no_longer_write_gets_no_answer(program: Program) -> None:
    program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    User.objects.update(is_superuser=False)
    assert program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY).status_code == 403
    program.user.user_permissions.set(Permission.objects.filter(codename="add_organization"))
    assert program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "two words", "k" * 256, "ключ", "a,\tb"])
def test_a_malformed_key_is_400(program: Program, key: str) -> None:
    refused = program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=key)
    assert refused.status_code == 400
    assert refused.json()["type"].endswith("#invalid_header")
    assert not Organization.objects.exists()


@pytest.mark.parametrize("key", ["k", "~" * 255, f'"{KEY}"'])
def test_any_other_key_is_taken(program: Program, key: str) -> None:
    assert same(*[program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=key) for _time in range(2)])


def test_a_refusal_is_not_kept_so_that_the_key_serves_the_corrected_request(program: Program) -> None:
    refused = program.post(ORGANIZATIONS, {**OFFICE, "country": "??"}, Idempotency_Key=KEY)
    assert pointers(refused) == {"#/country": "invalid_country"}
    assert program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY).status_code == 201


def test_a_conflict_is_not_kept(program: Program) -> None:
    there = Organization.objects.create(slug="office", name_en="Old")
    assert program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY).status_code == 409
    there.delete()
    assert program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY).status_code == 201


def test_a_failure_of_the_server_is_not_kept(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Organization, "save", lambda *_args, **_kwargs: 1 / 0)
        assert program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY).status_code == 500
    answer = program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    assert (answer.status_code, is_replay(answer)) == (201, False)


def test_a_dry_run_is_not_kept(program: Program) -> None:
    assert program.post("organizations/?dry_run=true", OFFICE, Idempotency_Key=KEY).status_code == 200
    assert program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY).status_code == 201


def test_after_24_hours_the_key_is_free(program: Program) -> None:
    program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    IdempotencyKey.objects.update(created_at=timezone.now() - ANSWERS_LIVE + timedelta(minutes=1))
    assert is_replay(program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY))
    IdempotencyKey.objects.update(created_at=timezone.now() - ANSWERS_LIVE)
    body = {"name": {"en": "Bureau"}}
    assert program.post(ORGANIZATIONS, body, Idempotency_Key=KEY).status_code == 201
    assert is_replay(program.post(ORGANIZATIONS, body, Idempotency_Key=KEY))


def test_expired_keys_go_with_the_next_keyed_request_or_by_command(program: Program, capsys: Any) -> None:
    for number in range(3):
        program.post(ORGANIZATIONS, {"name": {"en": str(number)}}, Idempotency_Key=str(number))
    IdempotencyKey.objects.update(created_at=timezone.now() - ANSWERS_LIVE)
    program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    kept = IdempotencyKey.objects.get()
    call_command("purge_idempotency_keys")
    assert IdempotencyKey.objects.get() == kept
    IdempotencyKey.objects.update(created_at=timezone.now() - ANSWERS_LIVE)
    call_command("purge_idempotency_keys")
    assert not IdempotencyKey.objects.exists()
    assert capsys.readouterr().out.splitlines()[-1] == "Deleted 1 expired idempotency keys."


@pytest.mark.urls("tests.history.test_idempotency")
def test_an_answer_with_a_secret_is_not_kept_and_yet_given_once(program: Program) -> None:
    body = {"name": "Office"}
    first = program.post("secrets/", body, Idempotency_Key=KEY)
    assert first.json() == {"secret": SECRET}
    again = program.post("secrets/", body, Idempotency_Key=KEY)
    assert again.status_code == 409
    assert again.json()["type"].endswith("#answer_not_kept")
    assert again["Location"] == first["Location"]
    assert Organization.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(kept::text, '') FROM api_idempotencykey kept")
        kept = cursor.fetchone()[0]
    assert SECRET not in kept


def test_neither_the_key_nor_the_token_is_kept(program: Program) -> None:
    program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(kept::text, '') FROM api_idempotencykey kept")
        kept = cursor.fetchone()[0]
    assert "Office" in kept
    assert KEY not in kept
    assert program.plaintext not in kept


# At the same moment --------------------------------------------------------------------------------------------------


def test_50_requests_with_one_key_make_one_record_and_get_one_answer(program: Program) -> None:
    for body in ({"name": {"en": "Office"}}, [{"name": {"en": "Bureau"}}]):
        key = f"{KEY}-{type(body).__name__}"
        answers = at_once([partial(program.post, ORGANIZATIONS, body, Idempotency_Key=key)] * 50)
        assert Counter(answer.status_code for answer in answers) == {201: 50}
        assert all(same(answers[0], answer) for answer in answers)
        assert Counter(map(is_replay, answers)) == {False: 1, True: 49}
    assert sorted(Organization.objects.values_list("slug", flat=True)) == ["bureau", "office"]
    refused = program.post(ORGANIZATIONS, {"name": {"en": "Other"}}, Idempotency_Key=f"{KEY}-dict")
    assert refused.status_code == 422


@contextmanager
def slug_being_taken() -> Iterator[threading.Event]:
    """Another transaction is about to make the office; it commits, or not, when told to."""
    inserted, end = threading.Event(), threading.Event()

    def insert() -> None:
        with transaction.atomic():
            Organization.objects.create(slug="office", name_en="Other")
            inserted.set()
            end.wait(10)
            transaction.set_rollback(True)
        connections.close_all()

    thread = threading.Thread(target=insert)
    thread.start()
    inserted.wait(10)
    try:
        yield end
    finally:
        end.set()
        thread.join()


def test_who_comes_while_the_first_is_still_running_waits_for_its_answer(program: Program) -> None:
    answers: list[Any] = []

    def post() -> None:
        answers.append(program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY))
        connections.close_all()

    with slug_being_taken() as end:
        threads = [threading.Thread(target=post) for _time in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        assert answers == []
        end.set()
        for thread in threads:
            thread.join()
    assert [answer.status_code for answer in answers] == [201, 201]
    assert same(*answers)
    assert Counter(map(is_replay, answers)) == {False: 1, True: 1}


def test_the_database_connection_of_a_first_that_is_killed_takes_its_key_along(program: Program) -> None:
    answers: list[Any] = []

    def post() -> None:
        answers.append(program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY))
        connections.close_all()

    with slug_being_taken():
        first = threading.Thread(target=post)
        first.start()
        time.sleep(0.5)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            assert cursor.fetchall() == [(True,)]
        first.join()
    assert answers[0].status_code == 503
    answer = program.post(ORGANIZATIONS, OFFICE, Idempotency_Key=KEY)
    assert (answer.status_code, is_replay(answer)) == (201, False)
