"""A body means one thing only and can be stored, or it is refused with its place; nothing else ever happens."""

import json
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from tests.api.machinery.test_problems import kind, pointers, problem
from tracker.api.parsers import MAX_DEPTH, parse_json
from tracker.api.problems import Problem

pytestmark = pytest.mark.urls("tests.api.machinery.urls")

ECHO = "/api/machinery/echo/"


def send(client: Client, body: bytes | str, content_type: str = "application/json") -> Any:
    return client.post(ECHO, body, content_type)


@pytest.mark.parametrize(
    ("body", "where", "code"),
    [
        (b'{"a": [1, NaN]}', "#/a/1", "not_a_number"),
        (b"[Infinity]", "#/0", "not_a_number"),
        (b"-Infinity", "#", "not_a_number"),
        (b'{"a": 1e999}', "#/a", "number_out_of_range"),
        (b'{"a": 1e-999}', "#/a", "number_out_of_range"),
        (b'{"a": 1e99999999999999999999}', "#/a", "number_out_of_range"),
        (b'{"a": 1.' + b"1" * 50 + b"}", "#/a", "number_out_of_range"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "#/a", "number_out_of_range"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "#/a/b", "duplicate_key"),
        (b'[{"a": 1}, {"a": NaN, "a": 1}]', "#/1/a", "duplicate_key"),
        (b'{"a": ["x", "nul \\u0000"]}', "#/a/1", "nul_character"),
        (b'{"a": {"\\u0000": 1}}', "#/a", "nul_character"),
        (b'{"a": "\\ud800"}', "#/a", "lone_surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "#/a", "lone_surrogate"),
        (b'{"\\ud800": {"a": 1}}', "#", "lone_surrogate"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "#/%3F", "duplicate_key"),
        (b'\xef\xbb\xbf{"a": 1}', "#", "byte_order_mark"),
        (b'{"a": "\xff"}', "#", "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "#", "not_utf8"),
        (b'{"a": "\x00"}', "#", "invalid_json"),
        (b'{"a": 1,}', "#", "invalid_json"),
        (b"{'a': 1}", "#", "invalid_json"),
        (b'{"a": 1} {"b": 2}', "#", "invalid_json"),
        (b'{"a": "b', "#", "invalid_json"),
        (b'{"a": 01}', "#", "invalid_json"),
        (b'"\\x"', "#", "invalid_json"),
        (b'"\\u12"', "#", "invalid_json"),
        (b"[" * 100_000, "#", "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "#", "too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "#", "too_deep"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "#", "too_deep"),
    ],
)
def test_a_bad_body_is_refused_with_its_place(client: Client, body: bytes, where: str, code: str) -> None:
    document = problem(send(client, body), 400)
    assert kind(document) == "parse_error"
    assert pointers(document) == [(where, code)]


def test_broken_json_is_refused_with_line_and_column(client: Client) -> None:
    document = problem(send(client, '{\n  "a": 1\n  "b": 2}'), 400)
    assert document["detail"] == "Line 3, column 3: A comma or a closing bracket is expected here."


@pytest.mark.parametrize("body", ["", " \n"])
def test_an_empty_body_is_refused(client: Client, body: str) -> None:
    assert kind(problem(client.post("/api/machinery/plans/", body, "application/json"), 400)) == "empty_body"


def test_brackets_inside_of_strings_are_not_nesting(client: Client) -> None:
    text = '[\\"' * 50_000
    assert send(client, f'{{"a": "{text}"}}').status_code == 200


def test_nesting_at_the_limit_is_read(client: Client) -> None:
    assert send(client, "[" * MAX_DEPTH + "]" * MAX_DEPTH).status_code == 200


@pytest.mark.parametrize("body", ['"' + '\\"' * 1_000_000, "[[]," * 60 + '"' * 1_000_000, "[" + "[]," * 500_000])
def test_a_hostile_body_is_refused_in_time_that_grows_with_its_size_only(body: str) -> None:
    with pytest.raises(Problem):
        parse_json(body.encode())


def test_what_is_sent_is_what_arrives(client: Client) -> None:
    sent = {"نص": "دبي 🏙 \u2028", "zero": 0, "list": [None, True, -3, 12345678901234567890], "pair": "\U0001f3d9"}
    response = send(client, json.dumps(sent))
    assert response.json() == {"understood": sent}


def test_a_fraction_keeps_every_digit() -> None:
    assert parse_json(b'{"a": 0.1, "b": 12345678901234567890.12, "c": 1E2}') == {
        "a": Decimal("0.1"),
        "b": Decimal("12345678901234567890.12"),
        "c": Decimal(100),
    }


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-16", "application/json; charset=bz2_codec"])
def test_another_charset_is_refused(client: Client, content_type: str) -> None:
    problem(client.generic("POST", ECHO, b"{}", content_type), 415)


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: Client) -> None:
    body = b'{"a": "' + b"x" * 20_000_000 + b'"}'
    assert kind(problem(send(client, body), 413)) == "too_large"


def test_a_body_that_understates_its_length_is_read_no_further(client: Client) -> None:
    response = client.generic("POST", ECHO, b'{"a": 1}' + b"x" * 1000, "application/json", CONTENT_LENGTH="8")
    assert response.json() == {"understood": {"a": 1}}


def test_a_length_that_is_no_number_is_refused(client: Client) -> None:
    problem(client.generic("POST", ECHO, b"{}", "application/json", CONTENT_LENGTH="-2"), 400)


def chunked(client: Client, body: bytes, *, end_is_marked: bool) -> Any:
    """What a server makes of a body without a length: a stream that ends by itself, or one that never does."""
    environ: dict[str, Any] = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": end_is_marked}
    headers: dict[str, Any] = {
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    return client.generic("POST", ECHO, **headers, **environ)


def test_a_body_in_chunks_is_read_where_the_server_marks_its_end(client: Client) -> None:
    response = chunked(client, b'{"a": 1}', end_is_marked=True)
    assert response.json() == {"understood": {"a": 1}}


def test_a_body_in_chunks_is_refused_where_the_server_does_not_mark_its_end(client: Client) -> None:
    assert kind(problem(chunked(client, b'{"a": 1}', end_is_marked=False), 411)) == "length_required"


def test_a_body_in_chunks_has_the_same_limit(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    problem(chunked(client, b" " * 101, end_is_marked=True), 413)


texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


def parsed(body: bytes) -> Any:
    """What the parser makes of a body: a document, or the problem that it raised."""
    try:
        return parse_json(body)
    except Problem as refused:
        json.dumps(refused.document(), ensure_ascii=False).encode()
        return refused


@given(values, st.booleans())
def test_any_json_is_read_as_json_reads_it_or_refused(value: Any, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = parsed(body)
    assert getattr(found, "status_code", None) == 400 or found == json.loads(body, parse_float=Decimal)


@given(st.binary() | st.text(alphabet='{}[]",:\\u0d8f1e-+.9 truefalsnN').map(str.encode))
@example(b'{"a":1,"a":1}')
@example(b"\\")
def test_any_bytes_are_read_as_json_reads_them_or_refused(body: bytes) -> None:
    found = parsed(body)
    assert getattr(found, "status_code", None) == 400 or found == json.loads(body, parse_float=Decimal)


@given(st.dictionaries(texts.filter(lambda text: "\x00" not in text), st.integers(-(10**39), 10**39)))
def test_acceptable_json_is_accepted(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
