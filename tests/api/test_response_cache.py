"""What everybody may read is kept under the revision that it was read at: never stale, never somebody else's."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from backports import zstd
from django.core.cache import caches
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from initiatives.models import Initiative, Organization
from tests import factories as make
from tests.api.beside_a_writer import assert_nobody_reads_what_is_old
from tests.api.client import ApiClient
from tests.redis_server import redis_server
from tracker.api.forgiving_cache import ANSWERS, forgiving
from tracker.api.memory_cache import MemoryCache
from tracker.api.response_cache import KeptAnswers
from tracker.history.time_travel import current_revision
from tracker.wsgi import django_application

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/organizations/"


@pytest.fixture(autouse=True)
def _nothing_is_kept_yet() -> Iterator[None]:
    for each in caches.all(initialized_only=True):
        each.clear()
    forgiving.failed_at = float("-inf")
    yield
    caches[ANSWERS].clear()
    forgiving.failed_at = float("-inf")


@pytest.fixture
def anonymous() -> ApiClient:
    return ApiClient()


def tables_read(queries: CaptureQueriesContext) -> set[str]:
    tables = connection.introspection.table_names()
    return {table for table in tables for query in queries if f'"{table}"' in query["sql"]}


def read_counting(client: ApiClient, address: str, **headers: str) -> tuple[Any, set[str]]:
    """An answer, and the tables that were read for it."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address, headers=headers)
    return answer, tables_read(queries)


def test_what_was_asked_before_is_answered_without_the_tables(anonymous: ApiClient) -> None:
    make.make_organization()
    first, tables = read_counting(anonymous, LIST)
    assert "initiatives_organization" in tables
    second, tables = read_counting(anonymous, LIST)
    assert tables == set()
    assert (second.status_code, second.content) == (200, first.content)
    once_only = {"X-Request-ID"}
    assert {name: second[name] for name in second.headers if name not in once_only} == {
        name: first[name] for name in first.headers if name not in once_only
    }
    assert second["X-Request-ID"] != first["X-Request-ID"]


def test_the_order_of_parameters_makes_no_difference(anonymous: ApiClient) -> None:
    make.make_organization(sector="public")
    anonymous.get(f"{LIST}?sector=public&limit=10")
    answer, tables = read_counting(anonymous, f"{LIST}?limit=10&sector=public")
    assert (answer.json()["count"], tables) == (1, set())


def test_any_commit_is_seen_by_the_next_reader(anonymous: ApiClient) -> None:
    organization = make.make_organization(name_en="Before")
    for name in ("One", "Two", "Three"):
        anonymous.get(LIST)
        Organization.objects.filter(pk=organization.pk).update(name_en=name)
        assert anonymous.get(LIST).json()["results"][0]["name"]["en"] == name


def test_no_answer_is_older_than_the_last_commit_before_its_request() -> None:
    @contextmanager
    def reader() -> Iterator[Callable[[], int]]:
        client = ApiClient()

        def ask() -> int:
            answer = client.get(LIST)
            assert answer.status_code == 200, answer.content
            return int(answer.json()["results"][0]["name"]["en"])

        yield ask

    organization = make.make_organization(name_en="0")
    assert_nobody_reads_what_is_old(organization, reader, commits=150, pause=0.005, fewest=50)


def test_a_known_tag_is_answered_304_without_the_tables(anonymous: ApiClient) -> None:
    organization = make.make_organization()
    for address in (LIST, f"{LIST}{organization.slug}/", f"{LIST}?ordering=-slug"):
        tag = anonymous.get(address)["ETag"]
        caches[ANSWERS].clear()
        answer, tables = read_counting(anonymous, address, if_none_match=tag)
        assert (answer.status_code, answer.content, answer["ETag"], tables) == (304, b"", tag, set())
        assert answer["Cache-Control"] == "public, no-cache"
        Organization.objects.filter(pk=organization.pk).update(name_en=address)
        assert anonymous.get(address, headers={"if-none-match": tag}).status_code == 200


def test_whoever_has_any_version_is_told_only_where_there_is_one(anonymous: ApiClient) -> None:
    organization = make.make_organization()
    for _time in range(2):
        assert anonymous.get(f"{LIST}{organization.slug}/", headers={"if-none-match": "*"}).status_code == 304
        assert anonymous.get(f"{LIST}nowhere/", headers={"if-none-match": "*"}).status_code == 404
        assert anonymous.get("/api/v1/happiness/", headers={"if-none-match": "*"}).status_code == 200


def test_a_tag_is_good_for_its_own_address_only(anonymous: ApiClient) -> None:
    organization = make.make_organization()
    tag = anonymous.get(f"{LIST}{organization.slug}/")["ETag"]
    assert anonymous.get(LIST, headers={"if-none-match": tag}).status_code == 200
    assert anonymous.get(f"{LIST}nowhere/", headers={"if-none-match": tag}).status_code == 404


def test_answers_differ_by_host_language_and_form(anonymous: ApiClient) -> None:
    make.make_organization()
    plain = anonymous.get(LIST)
    assert (
        anonymous.get(LIST, headers={"host": "other.localhost"})
        .json()["results"][0]["url"]
        .startswith("http://other.localhost/")
    )
    arabic = anonymous.get(LIST, headers={"accept-language": "ar"})
    assert (plain["Content-Language"], arabic["Content-Language"]) == ("en", "ar")
    assert anonymous.get(LIST, headers={"accept": "text/html"})["Content-Type"].startswith("text/html")
    assert anonymous.get(LIST).content == plain.content


def test_what_a_curator_reads_is_kept_for_nobody(anonymous: ApiClient, curator: ApiClient) -> None:
    hidden = make.make_initiative(state="draft")
    address = f"/api/v1/initiatives/{hidden.slug}/"
    for _ in range(2):
        assert curator.get(address)["Cache-Control"] == "private, no-cache"
        assert anonymous.get(address).status_code == 404
    assert anonymous.get("/api/v1/initiatives/").json()["count"] == 0
    assert curator.get("/api/v1/initiatives/").json()["count"] == 1
    assert anonymous.get("/api/v1/initiatives/").json()["count"] == 0


def test_a_bad_token_is_refused_where_the_answer_is_kept(anonymous: ApiClient) -> None:
    anonymous.get(LIST)
    assert anonymous.get(LIST, headers={"authorization": "Bearer trk_nonsense"}).status_code == 401


def test_refusals_are_not_kept(anonymous: ApiClient) -> None:
    assert anonymous.get(f"{LIST}late/").status_code == 404
    make.make_organization(slug="late")
    assert anonymous.get(f"{LIST}late/").status_code == 200
    assert anonymous.get(f"{LIST}?nonsense=1").status_code == 400
    assert anonymous.get(f"{LIST}?nonsense=1").status_code == 400


def test_a_draft_that_is_published_and_withdrawn_comes_and_goes_at_once(anonymous: ApiClient) -> None:
    initiative: Initiative = make.make_initiative(state="draft")
    address = f"/api/v1/initiatives/{initiative.slug}/"
    for verb, status in ((initiative.publish, 200), (initiative.withdraw, 404)):
        verb()
        assert [anonymous.get(address).status_code for _ in range(2)] == [status, status]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("zstd;q=0, gzip;q=0", ""),
        ("*", "zstd"),
        ("br", ""),
        ("gzip;q=much", ""),
        ("", ""),
    ],
)
def test_long_answers_are_compressed_as_the_client_likes(anonymous: ApiClient, accepted: str, coding: str) -> None:
    for _ in range(20):
        make.make_organization()
    plain = anonymous.get(LIST)
    for _ in range(2):
        answer = anonymous.get(LIST, headers={"accept-encoding": accepted})
        assert answer.get("Content-Encoding", "") == coding
        decoders: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress, "": bytes}
        assert decoders[coding](answer.content) == plain.content
        assert answer.get("Content-Length", str(len(answer.content))) == str(len(answer.content))
        assert (answer["ETag"] == plain["ETag"]) == (coding == "")
        assert {"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie"} <= {
            name.strip() for name in answer["Vary"].split(",")
        }


def test_short_answers_are_sent_as_they_are(anonymous: ApiClient) -> None:
    assert not anonymous.get(LIST, headers={"accept-encoding": "gzip"}).has_header("Content-Encoding")


def test_head_is_answered_from_what_get_left(anonymous: ApiClient) -> None:
    make.make_organization()
    tag = anonymous.get(LIST)["ETag"]
    with CaptureQueriesContext(connection) as queries:
        answer = anonymous.head(LIST)
    assert (answer.status_code, answer.content, answer["ETag"], tables_read(queries)) == (200, b"", tag, set())


def test_the_memory_is_bounded_and_what_was_not_asked_for_goes_first(
    anonymous: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.make_organization()
    memory: Any = memory_of_this_process()
    monkeypatch.setattr(memory, "most", 200_000)
    wanted = f"{LIST}?limit=7"
    anonymous.get(wanted)
    for number in range(300):
        anonymous.get(f"{LIST}?limit=8&id__gt={-number}")
        assert memory.store.size <= 200_000
        assert read_counting(anonymous, wanted)[1] == set()
    assert len(memory.store.entries) < 300
    assert read_counting(anonymous, f"{LIST}?limit=8&id__gt=0")[1] != set()


def memory_of_this_process() -> MemoryCache:
    backend: Any = caches[ANSWERS]
    assert isinstance(backend, MemoryCache)
    return backend


def test_a_cache_of_no_size_keeps_nothing(anonymous: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_of_this_process(), "most", 0)
    make.make_organization()
    for _ in range(2):
        answer, tables = read_counting(anonymous, LIST)
        assert (answer.status_code, "initiatives_organization" in tables) == (200, True)


def test_inside_a_transaction_nothing_is_taken_from_the_cache() -> None:
    organization = make.make_organization(name_en="Before")
    client = ApiClient()
    client.get(LIST)
    with transaction.atomic():
        Organization.objects.filter(pk=organization.pk).update(name_en="Uncommitted")
        assert client.get(LIST).json()["results"][0]["name"]["en"] == "Uncommitted"
        transaction.set_rollback(True)
    assert client.get(LIST).json()["results"][0]["name"]["en"] == "Before"


def test_a_server_of_several_processes_keeps_what_one_has_made(settings: Any, anonymous: ApiClient) -> None:
    with redis_server() as address:
        settings.CACHES = {**settings.CACHES, ANSWERS: {**settings.CACHE_SERVER, "LOCATION": address}}
        make.make_organization()
        first = anonymous.get(LIST, headers={"accept-encoding": "gzip"})
        answer, tables = read_counting(anonymous, LIST, accept_encoding="gzip")
        assert (answer.content, tables) == (first.content, set())
        Organization.objects.update(name_en="Changed")
        assert anonymous.get(LIST).json()["results"][0]["name"]["en"] == "Changed"


def test_a_cache_server_that_dies_breaks_nothing(settings: Any, anonymous: ApiClient) -> None:
    make.make_organization()
    with redis_server() as address:
        settings.CACHES = {**settings.CACHES, ANSWERS: {**settings.CACHE_SERVER, "LOCATION": address}}
        assert anonymous.get(LIST).status_code == 200
    for _ in range(3):
        assert anonymous.get(LIST).status_code == 200


def test_a_cache_server_that_does_not_answer_slows_one_request_only(settings: Any, anonymous: ApiClient) -> None:
    make.make_organization()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings.CACHES = {**settings.CACHES, ANSWERS: {**settings.CACHE_SERVER, "LOCATION": address}}
        assert [anonymous.get(LIST).status_code for _ in range(5)] == [200] * 5
        silent.settimeout(0)
        asked = 0
        while True:
            try:
                silent.accept()[0].close()
                asked += 1
            except BlockingIOError:
                break
    assert asked <= 2


def test_the_tag_of_a_kept_answer_is_that_of_the_newest_revision(anonymous: ApiClient) -> None:
    make.make_organization()
    for _ in range(2):
        assert anonymous.get(LIST)["ETag"].startswith(f'"{current_revision()}-')


def test_a_list_is_counted_once_for_all_its_pages(anonymous: ApiClient, curator: ApiClient) -> None:
    for number in range(5):
        make.make_organization(sector="public" if number else "private")
    for client in (anonymous, curator):
        for query, expected in (("limit=2", 5), ("limit=2&offset=2", 5), ("cursor=start&limit=2&count=exact", 5)):
            assert client.get(f"{LIST}?{query}").json()["count"] == expected
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{LIST}?limit=2&offset=4").json()["count"] == 5
        assert [query["sql"] for query in queries if "COUNT(" in query["sql"]] == []
        assert client.get(f"{LIST}?sector=public&limit=1").json()["count"] == 4
    make.make_organization(sector="public")
    assert anonymous.get(f"{LIST}?limit=2&offset=2").json()["count"] == 6
    assert anonymous.get(f"{LIST}?sector=public&limit=1&offset=1").json()["count"] == 5


def test_what_only_curators_see_counts_for_curators_only(anonymous: ApiClient, curator: ApiClient) -> None:
    make.make_initiative(state="draft")
    for _ in range(2):
        assert curator.get("/api/v1/initiatives/?limit=1").json()["count"] == 1
        assert anonymous.get("/api/v1/initiatives/?limit=1").json()["count"] == 0


# As a server asks, before Django does ------------------------------------------------------------------------------


class Server:
    """What a WSGI server is given to serve; it counts how often Django is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.application = KeptAnswers(self._django)

    def _django(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked += 1
        return django_application(environ, start_response)

    def get(self, path: str, query: str = "", **headers: str) -> tuple[str, dict[str, str], bytes]:
        environ: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "localhost", **headers}
        setup_testing_defaults(environ)
        begun: list[Any] = []
        pieces = self.application(environ, lambda status, headers, _exception=None: begun.extend((status, headers)))
        body = b"".join(pieces)
        # A server closes what Django answers, which else waits for the request's end.
        getattr(pieces, "close", lambda: None)()
        return begun[0], dict(begun[1]), body


def test_a_server_answers_what_is_kept_without_asking_django() -> None:
    organization = make.make_organization()
    server = Server()
    first = server.get(LIST)
    second = server.get(LIST)
    assert (first[0], second[0], server.asked) == ("200 OK", "200 OK", 1)
    assert second[2] == first[2]
    assert second[1].pop("X-Request-ID") != first[1].pop("X-Request-ID")
    assert second[1] == first[1]
    Organization.objects.filter(pk=organization.pk).update(name_en="Changed")
    assert b"Changed" in server.get(LIST)[2]
    assert server.asked == 2


def test_a_server_answers_304_without_asking_django() -> None:
    organization = make.make_organization()
    server = Server()
    tag = server.get(LIST)[1]["ETag"]
    status, headers, body = server.get(LIST, HTTP_IF_NONE_MATCH=f'"other", W/{tag}', HTTP_X_REQUEST_ID="mine")
    assert (status, headers["ETag"], headers["X-Request-ID"], body) == ("304 Not Modified", tag, "mine", b"")
    assert {"Cache-Control", "Vary"} < set(headers)
    assert "Content-Length" not in headers
    assert server.asked == 1
    Organization.objects.filter(pk=organization.pk).update(name_en="Changed")
    assert server.get(LIST, HTTP_IF_NONE_MATCH=tag)[0] == "200 OK"


def test_a_server_answers_304_where_another_process_made_the_answer() -> None:
    make.make_organization()
    server = Server()
    tag = server.get(LIST)[1]["ETag"]
    caches[ANSWERS].clear()
    status, headers, body = server.get(LIST, HTTP_IF_NONE_MATCH=tag)
    assert (status, headers["ETag"], headers["Cache-Control"], body) == (
        "304 Not Modified",
        tag,
        "public, no-cache",
        b"",
    )
    assert {"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie"} <= set(
        headers["Vary"].split(", ")
    )
    assert server.asked == 1
    assert server.get(f"{LIST}nowhere/", HTTP_IF_NONE_MATCH="*")[0] == "404 Not Found"


def test_whoever_has_any_version_is_told_so_where_the_answer_is_kept(anonymous: ApiClient) -> None:
    make.make_organization()
    server = Server()
    server.get(LIST)
    assert server.get(LIST, HTTP_IF_NONE_MATCH="*")[0] == "304 Not Modified"
    assert server.asked == 1
    assert anonymous.get(LIST, headers={"if-none-match": "*"}).status_code == 304


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_COOKIE": "sessionid=x"},
        {"HTTP_AUTHORIZATION": "Bearer trk_nonsense"},
        {"REQUEST_METHOD": "HEAD"},
        {"REQUEST_METHOD": "OPTIONS"},
        {"HTTP_HOST": "elsewhere.example"},
        {"HTTP_ACCEPT_LANGUAGE": "ar"},
        {"HTTP_ACCEPT": "text/csv"},
        {"wsgi.url_scheme": "https"},
        {"QUERY_STRING": "as%5Fof=1"},
    ],
    ids=str,
)
def test_a_server_asks_django_for_all_else(headers: dict[str, str]) -> None:
    make.make_organization()
    server = Server()
    server.get(LIST)
    server.get(LIST, **headers)
    assert server.asked == 2


def test_a_server_sends_no_body_for_head() -> None:
    make.make_organization()
    server = Server()
    whole = server.get(LIST)
    status, headers, body = server.get(LIST, REQUEST_METHOD="HEAD")
    assert (status, headers["Content-Length"], body) == ("200 OK", str(len(whole[2])), b"")


def test_a_past_that_is_asked_for_in_other_letters_permits_no_write(curator: ApiClient) -> None:
    organization = make.make_organization()
    tag = curator.get(f"{LIST}{organization.slug}/?as%5Fof={current_revision()}")["ETag"]
    body = {"country": "AE"}
    assert curator.send("PATCH", f"organizations/{organization.slug}/", body, **{"if-match": tag}).status_code == 412


def test_a_server_whose_session_is_cut_asks_anew() -> None:
    make.make_organization()
    server = Server()
    server.get(LIST)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    assert [server.get(LIST)[0] for _ in range(2)] == ["200 OK", "200 OK"]
