"""How often one may ask: exactly so often, whoever asks at once; whose requests count for whom; what one is told."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import translation

from tests import factories as make
from tests.api.client import ApiClient
from tests.api.wsgi import Server
from tracker.api import throttles
from tracker.api.counters import WAYS, Counters, counters
from tracker.api.models import Token
from tracker.api.rates import Rate

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/organizations/"
WRITTEN = re.compile(r'"[a-z-]+";r=\d+;t=\d+(, "[a-z-]+";r=\d+;t=\d+)*')


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> Iterator[None]:
    counters.clear()
    yield
    counters.clear()


@pytest.fixture
def rates(settings: Any) -> dict[str, Rate | None]:
    settings.TRACKER_RATES = {}
    found: dict[str, Rate | None] = settings.TRACKER_RATES
    return found


def bearer(user: User, **options: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {Token.issue(user=user, name='test', **options)[1]}"}


def left(answer: Any) -> dict[str, int]:
    """What is left of each limit, as an answer tells it."""
    told = answer.headers["RateLimit"]
    assert WRITTEN.fullmatch(told), told
    return {name: int(rest) for name, rest in re.findall(r'"([a-z-]+)";r=(\d+)', told)}


def problem(answer: Any) -> dict[str, Any]:
    """The document of a 429, which is as it should be."""
    status = answer.status if hasattr(answer, "status") else answer.status_code
    document: dict[str, Any] = json.loads(answer.body if hasattr(answer, "body") else answer.content)
    assert (status, document["status"], document["type"]) == (429, 429, "/api/docs/problems#throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert f"t={answer.headers['Retry-After']}" in answer.headers["RateLimit"]
    return document


# Exactly so often ---------------------------------------------------------------------------------------------------


def in_threads(ask: Any, threads: int = 20, times: int = 10) -> Counter[Any]:
    def one(_number: int) -> list[Any]:
        try:
            return [ask() for _time in range(times)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return Counter(each for found in pool.map(one, range(threads)) for each in found)


def test_of_200_requests_by_20_threads_exactly_100_are_admitted(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(100, 60)
    server = Server()
    assert in_threads(lambda: server.ask(LIST).status) == {200: 100, 429: 100}


def test_of_200_requests_with_one_token_by_20_threads_exactly_100_are_admitted(
    rates: dict[str, Rate | None], curator_user: User
) -> None:
    rates["token"] = Rate(100, 60)
    header = bearer(curator_user)["authorization"]
    server = Server()
    assert in_threads(lambda: server.ask("/api/", HTTP_AUTHORIZATION=header).status) == {200: 100, 429: 100}


def test_processes_that_were_forked_count_together() -> None:
    mine = Counters()
    reading, writing = os.pipe()
    children = [_child_that_counts(mine, writing) for _child in range(4)]
    os.close(writing)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    with os.fdopen(reading, "rb") as told:
        assert sorted(int(line) for line in told.read().split()) == list(range(1, 2_001))


def _child_that_counts(mine: Counters, pipe: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            for _time in range(500):
                os.write(pipe, b"%d\n" % mine.count("somebody", 60)[0])
            os._exit(0)
        finally:
            os._exit(1)
    return child


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_a_process_that_stops_while_it_counts_holds_nobody_up(end: str) -> None:
    mine = Counters(buckets=1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        mine.locks[0].acquire()
        os.write(writing, b"locked")
        os.kill(os.getpid(), signal.SIGKILL if end == "killed" else signal.SIGSTOP)
    os.read(reading, 6)
    assert [mine.count("somebody", 60)[0] for _time in range(3)] == [1, 2, 3]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)


def test_a_window_that_is_over_begins_anew() -> None:
    mine = Counters()
    assert [mine.count("somebody", 60)[0] for _time in range(3)] == [1, 2, 3]
    assert mine.count("somebody else", 0)[0] == 1
    assert mine.count("somebody else", 60)[0] == 1
    assert mine.count("somebody else", 60)[0] == 2


def test_where_too_many_ask_at_once_who_has_asked_least_is_forgotten() -> None:
    mine = Counters(buckets=1)
    for number in range(WAYS):
        for _time in range(number + 2):
            mine.count(f"client {number}", 60)
    for number in range(100):
        assert mine.count(f"passer-by {number}", 60)[0] == 1
    assert mine.count(f"client {WAYS - 1}", 60)[0] == WAYS + 2


# Whose requests count for whom --------------------------------------------------------------------------------------


def test_each_address_counts_for_itself(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(1, 60)
    server = Server()
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"):
        assert [server.ask("/api/", REMOTE_ADDR=address).status for _time in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8::1", "2001:db8::ffff:2"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8:0:0:1::")],
)
def test_addresses_of_one_client_count_together(rates: dict[str, Rate | None], one: str, other: str) -> None:
    rates["anonymous"] = Rate(1, 60)
    server = Server()
    assert [server.ask("/api/", REMOTE_ADDR=address).status for address in (one, other)] == [200, 429]


def test_nobody_gets_more_by_making_an_address_up(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(1, 60)
    server = Server()
    answers = [server.ask("/api/", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}").status for number in range(3)]
    assert answers == [200, 429, 429]


def test_behind_a_proxy_its_word_counts_and_not_the_clients(rates: dict[str, Rate | None], settings: Any) -> None:
    settings.TRACKER_BEHIND_PROXY = True
    rates["anonymous"] = Rate(1, 60)
    server = Server()
    answers = [
        server.ask("/api/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=told).status
        for told in ("192.0.2.7", "198.51.100.1, 192.0.2.7", "made up, 192.0.2.7", "192.0.2.8", "nonsense", "nonsense")
    ]
    assert answers == [200, 429, 429, 200, 200, 429]


def test_users_and_tokens_count_for_themselves_wherever_they_are(
    rates: dict[str, Rate | None], curator_user: User, staff_user: User
) -> None:
    rates.update({"user": Rate(1, 60), "token": Rate(1, 60), "anonymous": Rate(1, 60)})
    headers = [bearer(curator_user), bearer(curator_user), bearer(staff_user)]
    for each in headers:
        answers = [ApiClient(REMOTE_ADDR=f"192.0.2.{n}").get("/api/", headers=each) for n in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
    for user in (curator_user, staff_user):
        client = ApiClient(user)
        assert [client.get("/api/").status_code for _time in range(2)] == [200, 429]
    assert ApiClient().get("/api/").status_code == 200


def test_reads_and_writes_count_apart(rates: dict[str, Rate | None], curator: ApiClient) -> None:
    rates.update({"user": Rate(2, 60), "user-writes": Rate(1, 60)})
    body = {"name": {"en": "One"}, "sector": "public"}
    first = curator.send("POST", "organizations/", body)
    assert (first.status_code, left(first)) == (201, {"user-writes": 0})
    refused = curator.send("POST", "organizations/", {**body, "name": {"en": "Two"}})
    problem(refused)
    assert [curator.get(LIST).status_code for _time in range(3)] == [200, 200, 429]
    assert curator.get(LIST).status_code == 429


@pytest.mark.urls("tests.api.machinery.urls")
def test_a_view_may_have_a_rate_of_its_own_for_its_writes(rates: dict[str, Rate | None]) -> None:
    rates.update({"anonymous": Rate(9, 60), "anonymous-writes": Rate(9, 60), "ratings": Rate(1, 60)})
    client = ApiClient()
    first, second = (client.post("/api/machinery/rare/", {}, "application/json") for _time in range(2))
    assert (first.status_code, left(first)) == (200, {"anonymous-writes": 8, "ratings": 0})
    assert first.headers["RateLimit-Policy"] == '"anonymous-writes";q=9;w=60, "ratings";q=1;w=60'
    problem(second)
    assert left(client.get("/api/machinery/rare/")) == {"anonymous": 8}


def test_attempts_with_tokens_that_are_none_count_for_the_address(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(2, 60)
    guesses = [{"authorization": f"Bearer trk_{number:08}_{'a' * 43}"} for number in range(4)]
    answers = [ApiClient().get(LIST, headers=guess) for guess in guesses]
    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]
    problem(answers[-1])


def test_refusals_count(rates: dict[str, Rate | None], reader: ApiClient) -> None:
    rates["user-writes"] = Rate(2, 60)
    answers = [reader.send("POST", "organizations/", {}).status_code for _time in range(4)]
    assert answers == [403, 403, 429, 429]


def test_cookies_that_sign_nobody_in_count_for_the_address(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(2, 60)
    server = Server()
    answers = [server.ask("/api/", HTTP_COOKIE=f"sessionid=none{number}").status for number in range(4)]
    assert answers == [200, 200, 429, 429]


def test_pages_and_probes_do_not_count(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(1, 60)
    for path in ("/", "/healthz", "/account/login/"):
        answers = [ApiClient().get(path) for _time in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert "RateLimit" not in answers[0].headers


# What one is told ---------------------------------------------------------------------------------------------------


def test_every_answer_tells_what_is_left(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(10, 60)
    server = Server()
    tag = server.ask(LIST).headers["ETag"]
    assert server.ask(LIST).headers["RateLimit-Policy"] == '"anonymous";q=10;w=60'
    unchanged = server.ask(LIST, HTTP_IF_NONE_MATCH=tag)
    assert (unchanged.status, left(unchanged)) == (304, {"anonymous": 7})
    missing = server.ask(f"{LIST}nowhere/")
    assert (missing.status, left(missing)) == (404, {"anonymous": 6})
    assert left(server.ask("/api/docs/problems")) == {"anonymous": 5}


def test_what_is_kept_for_all_tells_each_how_they_stand(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(10, 60)
    make.make_organization()
    server = Server()
    for expected in (9, 8, 7):
        answer = server.ask(LIST)
        assert (left(answer), server.asked) == ({"anonymous": expected}, 1)
    other = server.ask(LIST, REMOTE_ADDR="192.0.2.9")
    assert (left(other), server.asked) == ({"anonymous": 9}, 1)


def test_who_comes_too_often_is_told_when_to_come_again_in_their_language(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(1, 60)
    server = Server()
    server.ask(LIST)
    english, arabic = (server.ask(LIST, HTTP_ACCEPT_LANGUAGE=language) for language in ("en", "ar"))
    assert "Try again in" in problem(english)["detail"]
    with translation.override("ar"):
        assert problem(arabic)["title"] == str(translation.gettext("Too many requests"))
    assert left(english) == {"anonymous": 0}
    assert english.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert english.headers["X-Request-ID"]
    assert server.asked <= 1


def test_who_is_refused_is_refused_by_django_as_well(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(1, 60)
    client = ApiClient()
    assert client.get(LIST).status_code == 200
    assert problem(client.get(LIST))["errors"] == []


def test_a_refusal_of_a_post_closes_nothing_half(rates: dict[str, Rate | None]) -> None:
    rates["anonymous-writes"] = Rate(1, 60)
    server = Server()
    answers = [server.ask(LIST, REQUEST_METHOD="POST") for _time in range(2)]
    assert [answer.status for answer in answers] == [401, 429]
    problem(answers[-1])


def test_who_comes_too_often_is_logged_once_for_each_window(
    rates: dict[str, Rate | None], caplog: pytest.LogCaptureFixture
) -> None:
    rates["anonymous"] = Rate(1, 60)
    server = Server()
    with caplog.at_level(logging.INFO, "tracker.security"):
        for _time in range(5):
            server.ask(LIST)
    assert [record.getMessage() for record in caplog.records] == [
        f"refused 429 throttled user=- token=- address=192.0.2.1 GET {LIST}"
    ]


# No limit -----------------------------------------------------------------------------------------------------------


def test_without_a_rate_nobody_is_refused_and_nothing_told(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = None
    server = Server()
    for _time in range(5):
        answer = server.ask(LIST)
        assert answer.status == 200
        assert "RateLimit" not in answer.headers


def test_counters_that_fail_let_everybody_pass_and_say_so_once(
    rates: dict[str, Rate | None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rates["anonymous"] = Rate(1, 60)
    broken = Counters()
    broken.table.close()
    monkeypatch.setattr(throttles, "counters", broken)
    monkeypatch.setattr(throttles.failures, "said_at", float("-inf"))
    server = Server()
    assert [server.ask(LIST).status for _time in range(3)] == [200] * 3
    assert [record.getMessage() for record in caplog.records if record.name == "tracker.api.throttles"] == [
        "Requests cannot be counted; everybody passes."
    ]


def test_whose_address_is_unknown_is_not_counted(rates: dict[str, Rate | None]) -> None:
    rates["anonymous"] = Rate(1, 60)
    server = Server()
    assert [server.ask("/api/", REMOTE_ADDR="").status for _time in range(3)] == [200] * 3
