"""Rating a service by the API: who may, how often, what is refused, and what others get to read of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from rest_framework.request import Request

from initiatives.api.ratings import rater_of
from initiatives.models import Rating, SmartService
from initiatives.models.days import beginning_of, city_day
from tests.api.client import ApiClient
from tests.api.openapi import OpenAPI
from tests.factories import make_rating, make_smart_service
from tests.history.clients import at_once
from tracker.api.models import IdempotencyKey, Token

pytestmark = pytest.mark.django_db(transaction=True)

HAPPY = {"score": "happy", "channel": "mobile"}
AT = "smart-services/parking/ratings/"


@pytest.fixture
def parking() -> SmartService:
    return make_smart_service(slug="parking")


def from_address(address: str, agent: str = "Browser", user: User | None = None) -> ApiClient:
    client = ApiClient(user, REMOTE_ADDR=address)
    client.defaults["HTTP_USER_AGENT"] = agent
    return client


def rate(client: ApiClient, at: str = AT, **fields: Any) -> int:
    status: int = client.send("POST", at, {**HAPPY, **fields}).status_code
    return status


def error_of(response: Any) -> tuple[int, str, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["pointer"], error["code"]


def seals() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM initiatives_ratingseal")
        count: int = cursor.fetchone()[0]
    return count


# Rating --------------------------------------------------------------------------------------------------------------


def test_anybody_rates_and_is_told_what_was_taken(anonymous: ApiClient, parking: SmartService) -> None:
    answer = anonymous.send("POST", AT, {**HAPPY, "comment": "كل شيء واضح\nThanks"})
    assert answer.status_code == 201
    assert answer.json() == {
        **HAPPY, "comment": "كل شيء واضح\nThanks", "comment_state": "pending", "day": f"{city_day()}",
    }  # fmt: skip
    assert answer.headers["Cache-Control"] == "no-store"
    rating = Rating.objects.get()
    assert (rating.smart_service, rating.score, rating.channel) == (parking, "happy", "mobile")
    OpenAPI.in_language().assert_documented(answer)


def test_a_comment_is_not_owed(anonymous: ApiClient, parking: SmartService) -> None:
    answer = anonymous.send("POST", AT, HAPPY).json()
    assert (answer["comment"], answer["comment_state"]) == (None, None)
    assert from_address("192.0.2.9").send("POST", AT, {**HAPPY, "comment": None}).status_code == 201


def test_a_browser_without_a_session_needs_no_csrf_token_and_one_with_a_session_does(
    reader_user: User, parking: SmartService
) -> None:
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(f"/api/v1/{AT}", HAPPY, "application/json").status_code == 201
    stranger.force_login(reader_user)
    refused = stranger.post(f"/api/v1/{AT}", HAPPY, "application/json")
    assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs/problems#csrf_failed")


@pytest.mark.parametrize(
    ("scopes", "status"), [(["ratings:write"], 201), (["*"], 201), (["smart-services:write"], 403)]
)
def test_a_token_needs_the_scope(reader_user: User, parking: SmartService, scopes: list[str], status: int) -> None:
    plaintext = Token.issue(user=reader_user, name="Test", scopes=scopes)[1]
    assert ApiClient().send("POST", AT, HAPPY, Authorization=f"Bearer {plaintext}").status_code == status


@pytest.mark.parametrize("state", ["draft", "in_review", "withdrawn"])
def test_a_service_that_is_not_published_is_not_there_not_even_for_curators(
    anonymous: ApiClient, curator: ApiClient, state: str
) -> None:
    make_smart_service(slug="parking", state=state)
    for client in (anonymous, curator):
        for body in (b'{"score": "happy", "channel": "web"}', b"{}", b"[]"):
            assert client.send("POST", AT, body).status_code == 404
        assert client.read(AT).status_code == 404
    assert not Rating.objects.exists()


def test_a_duplicate_leads_to_the_service_that_it_was_merged_into(anonymous: ApiClient, parking: SmartService) -> None:
    make_smart_service(slug="parking-2", replaced_by=parking)
    make_smart_service(slug="gone", replaced_by=make_smart_service(state="withdrawn"))
    for method in ("GET", "POST"):
        answer = anonymous.send(method, "smart-services/parking-2/ratings/", HAPPY)
        assert answer.status_code == 308
        assert answer.headers["Location"] == f"http://testserver/api/v1/{AT}"
        OpenAPI.in_language().assert_documented(answer)
        assert anonymous.send(method, "smart-services/gone/ratings/", HAPPY).status_code == 404
    assert not Rating.objects.exists()


# Once a day ----------------------------------------------------------------------------------------------------------


def test_a_second_rating_on_a_day_is_refused_and_told_when_the_next_may_come(parking: SmartService) -> None:
    client = from_address("192.0.2.1")
    assert rate(client) == 201
    refused = client.send("POST", AT, {**HAPPY, "score": "unhappy"})
    assert error_of(refused) == (409, "#", "already_rated")
    midnight = beginning_of(city_day() + timedelta(days=1))
    assert midnight.isoformat() in refused.json()["detail"]
    left = (midnight - datetime.now(UTC)).total_seconds()
    assert left <= int(refused.headers["Retry-After"]) <= left + 60
    OpenAPI.in_language().assert_documented(refused)
    assert rate(client, f"smart-services/{make_smart_service().slug}/ratings/") == 201
    assert Rating.objects.filter(smart_service=parking).count() == 1


def test_a_refused_body_does_not_use_up_the_day(parking: SmartService) -> None:
    client = from_address("192.0.2.1")
    assert rate(client, score="ecstatic") == 400
    assert rate(client) == 201


def test_who_signed_in_is_one_person_wherever_they_are_and_a_stranger_is_their_address_and_program(
    reader_user: User, staff_user: User, parking: SmartService
) -> None:
    assert rate(from_address("192.0.2.1", user=reader_user)) == 201
    assert rate(from_address("192.0.2.2", "Other", reader_user)) == 409
    assert rate(from_address("192.0.2.1", user=staff_user)) == 201
    assert rate(from_address("192.0.2.1")) == 201
    assert rate(from_address("192.0.2.1")) == 409
    assert rate(from_address("192.0.2.1", "Other")) == 201
    assert rate(from_address("192.0.2.2")) == 201


def test_a_household_has_one_address_however_many_it_takes(parking: SmartService) -> None:
    assert rate(from_address("2001:db8:1:2::1")) == 201
    assert rate(from_address("2001:db8:1:2:ffff:1:2:3")) == 409
    assert rate(from_address("2001:db8:1:3::1")) == 201


def test_what_a_client_says_of_its_address_counts_for_nothing_but_what_a_proxy_of_ours_says_does(
    settings: Any, parking: SmartService
) -> None:
    client = from_address("192.0.2.1")
    assert client.send("POST", AT, HAPPY).status_code == 201
    for claimed in ("203.0.113.9", "203.0.113.9, 203.0.113.10"):
        assert client.send("POST", AT, HAPPY, **{"X-Forwarded-For": claimed}).status_code == 409
    settings.TRACKER_BEHIND_PROXY = True
    told = [
        rater_of(Request(RequestFactory().get("/", headers={"X-Forwarded-For": addresses})))
        for addresses in ("203.0.113.9, 198.51.100.7", "198.51.100.7")
    ]
    assert told[0] == told[1] == "198.51.100.7 "


def test_the_same_person_at_once_is_taken_once(parking: SmartService, reader_user: User) -> None:
    clients = [from_address("192.0.2.1", user=reader_user) for _each in range(16)]
    statuses = at_once([lambda client=client: _closing(lambda: rate(client)) for client in clients])  # type: ignore[misc]
    assert sorted(statuses) == [201] + [409] * 15
    assert Rating.objects.count() == 1


def test_sixteen_people_at_once_are_all_taken(parking: SmartService) -> None:
    clients = [from_address(f"192.0.2.{number}") for number in range(16)]
    statuses = at_once([lambda client=client: _closing(lambda: rate(client)) for client in clients])  # type: ignore[misc]
    assert statuses == [201] * 16
    assert Rating.objects.count() == seals() == 16


def _closing(call: Any) -> Any:
    try:
        return call()
    finally:
        connection.close()


def test_on_the_next_day_one_may_rate_again_and_nothing_is_left_of_the_day_before(
    parking: SmartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = from_address("192.0.2.1")
    assert rate(client) == 201
    with connection.cursor() as cursor:
        cursor.execute("SELECT day, key FROM initiatives_ratingkey")
        ((first_day, first_key),) = cursor.fetchall()
    tomorrow = city_day() + timedelta(days=1)
    monkeypatch.setattr("initiatives.rating.city_day", lambda: tomorrow)
    assert rate(client) == 201
    assert rate(client) == 409
    with connection.cursor() as cursor:
        cursor.execute("SELECT day, key FROM initiatives_ratingkey")
        ((day, key),) = cursor.fetchall()
    assert (first_day, day) == (tomorrow - timedelta(days=1), tomorrow)
    assert bytes(first_key) != bytes(key)
    assert seals() == 1
    assert set(Rating.objects.values_list("day", flat=True)) == {first_day, day}


def test_a_server_whose_clock_is_behind_does_not_begin_the_day_again(
    parking: SmartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, today = from_address("192.0.2.1"), city_day()
    monkeypatch.setattr("initiatives.rating.city_day", lambda: today + timedelta(days=1))
    assert rate(client) == 201
    monkeypatch.setattr("initiatives.rating.city_day", lambda: today)
    assert rate(client) == 409


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 26, 19, 59, 59, tzinfo=UTC), date(2026, 11, 26)),
        (datetime(2026, 11, 26, 20, 0, 0, tzinfo=UTC), date(2026, 11, 27)),
    ],
)
def test_the_day_is_the_citys(moment: datetime, day: date) -> None:
    assert city_day(moment) == day
    assert make_rating(rated_at=moment).day == day


# Nobody knows who ----------------------------------------------------------------------------------------------------


def test_no_row_of_the_database_tells_who_rated(reader_user: User, parking: SmartService) -> None:
    client = from_address("192.0.2.77", "Peculiar-Agent", reader_user)
    assert client.send("POST", AT, HAPPY, **{"Idempotency-Key": "once"}).status_code == 201
    assert rate(from_address("192.0.2.78", "Peculiar-Agent")) == 201
    assert not IdempotencyKey.objects.exists()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT coalesce(string_agg(one::text, ' '), '') FROM \"{table}\" one")
            text = cursor.fetchone()[0]
            assert "192.0.2.7" not in text
            assert "Peculiar-Agent" not in text
        columns = {field.column for field in Rating._meta.concrete_fields}
        assert columns == {"id", "smart_service_id", "score", "channel", "comment", "comment_state", "rated_at", "day"}
        cursor.execute(
            "SELECT relpersistence FROM pg_class WHERE relname IN ('initiatives_ratingkey', 'initiatives_ratingseal')"
        )
        assert cursor.fetchall() == [("u",), ("u",)]


# Bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"channel": "web"}, "#/score", "required"),
        ({"score": "happy"}, "#/channel", "required"),
        ({**HAPPY, "score": "HAPPY"}, "#/score", "invalid_choice"),
        ({**HAPPY, "score": None}, "#/score", "null"),
        ({**HAPPY, "score": ["happy"]}, "#/score", "invalid_choice"),
        ({**HAPPY, "channel": "fax"}, "#/channel", "invalid_choice"),
        ({**HAPPY, "comment": "x" * 1_001}, "#/comment", "max_length"),
        ({**HAPPY, "comment": 7}, "#/comment", "invalid"),
        ({**HAPPY, "comment": "a\u202eb"}, "#/comment", "control_character"),
        ({**HAPPY, "comment": "a\u2066b"}, "#/comment", "control_character"),
        ({**HAPPY, "comment": "a\x1b[31m"}, "#/comment", "control_character"),
        ({**HAPPY, "comment": "a\x9bb"}, "#/comment", "control_character"),
        ({**HAPPY, "comment": "a\x00b"}, "#/comment", "nul_character"),
        ({**HAPPY, "comment_state": "shown"}, "#/comment_state", "unknown_field"),
        ({**HAPPY, "rated_at": "2020-01-01T00:00:00Z"}, "#/rated_at", "unknown_field"),
        ({**HAPPY, "day": "2020-01-01"}, "#/day", "unknown_field"),
        ({**HAPPY, "smart_service": "other"}, "#/smart_service", "unknown_field"),
        ({**HAPPY, "id": 1}, "#/id", "unknown_field"),
        ([HAPPY], "#", "invalid"),
        ([], "#", "invalid"),
        ("happy", "#", "invalid"),
        (None, "#", "null"),
    ],
)
def test_what_is_no_rating_is_refused(
    anonymous: ApiClient, parking: SmartService, body: Any, pointer: str, code: str
) -> None:
    answer = anonymous.send("POST", AT, body)
    assert error_of(answer) == (400, pointer, code)
    OpenAPI.in_language().assert_documented(answer)
    assert not Rating.objects.exists()
    assert seals() == 0


def test_other_refusals(anonymous: ApiClient, parking: SmartService) -> None:
    assert anonymous.send("POST", AT, b"").json()["type"].endswith("#empty_body")
    assert anonymous.send("POST", AT, b" " * 20_000_000).status_code == 413
    assert (
        anonymous.generic("POST", f"/api/v1/{AT}", b"score=happy", "application/x-www-form-urlencoded").status_code
        == 415
    )
    assert anonymous.send("POST", f"{AT}?dry_run=true", HAPPY).status_code == 400
    for method in ("PUT", "PATCH", "DELETE"):
        assert anonymous.send(method, AT, HAPPY).status_code == 405
    for slug in ("nowhere", "parking%00", "PARKING", "'"):
        assert anonymous.send("POST", f"smart-services/{slug}/ratings/", HAPPY).status_code == 404
    assert not Rating.objects.exists()


# Reading comments ----------------------------------------------------------------------------------------------------


def test_only_comments_that_were_let_through_are_read_newest_first_and_of_the_time_the_day(
    anonymous: ApiClient, curator: ApiClient, parking: SmartService
) -> None:
    duplicate = make_smart_service(replaced_by=parking)
    for number, (service, state) in enumerate(
        [(parking, "shown"), (duplicate, "shown"), (parking, "pending"), (parking, "refused"), (parking, "shown")]
    ):
        moment = datetime(2026, 3, 1 + number, 21, tzinfo=UTC)
        make_rating(smart_service=service, comment=f"{state} {number}", comment_state=state, rated_at=moment)
    make_rating(smart_service=parking)
    make_rating(comment="elsewhere", comment_state="shown")
    for client in (anonymous, curator):
        answer = client.read(AT)
        body = answer.json()
        assert [each["comment"] for each in body["results"]] == ["shown 4", "shown 1", "shown 0"]
        assert body["results"][0] == {"score": "happy", "channel": "web", "comment": "shown 4", "day": "2026-03-06"}
        assert (body["count"], body["next"]) == (3, None)
        OpenAPI.in_language().assert_documented(answer)
    page = anonymous.read(AT, limit=2, offset=1, count="none").json()
    assert [each["comment"] for each in page["results"]] == ["shown 1", "shown 0"]
    assert anonymous.read(AT, score="happy").json()["type"].endswith("#unknown_parameter")
    assert anonymous.read(AT, limit=10**9).status_code == 400


def test_comments_are_never_answered_from_what_was_kept(anonymous: ApiClient, parking: SmartService) -> None:
    rating = make_rating(smart_service=parking, comment="Good", comment_state="shown")
    first = anonymous.read(AT)
    assert first.json()["count"] == 1
    assert "ETag" not in first.headers
    Rating.objects.filter(pk=rating.pk).moderate(Rating.CommentState.REFUSED)
    assert anonymous.read(AT).json()["count"] == 0


def test_a_script_in_a_comment_is_text_on_every_page(anonymous: ApiClient, parking: SmartService) -> None:
    make_rating(smart_service=parking, comment="<script>alert(1)</script>", comment_state="shown")
    page = anonymous.get(f"/api/v1/{AT}", headers={"accept": "text/html"})
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<script>alert(1)" not in page.content.decode()
    assert "&lt;script&gt;alert(1)" in page.content.decode()


@pytest.mark.parametrize("form", ["csv", "xlsx", "ndjson"])
def test_there_is_no_table_of_comments_in_which_a_formula_could_run(
    anonymous: ApiClient, parking: SmartService, form: str
) -> None:
    make_rating(smart_service=parking, comment='=HYPERLINK("https://evil.example")', comment_state="shown")
    assert anonymous.read(AT, format=form).status_code == 400
    assert anonymous.get(f"/api/v1/{AT}", headers={"accept": "text/csv"}).status_code == 406
