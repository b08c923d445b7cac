"""Every refusal is a problem document: right status, right pointer, right words, never a 500 for a client's mistake."""

from typing import Any

import pytest
from django.test import Client

pytestmark = [pytest.mark.urls("tests.api.machinery.urls"), pytest.mark.django_db]

FAIL = "/api/machinery/fail/{}/"


def problem(response: Any, status: int) -> dict[str, Any]:
    """The response's problem document, held to what every one of them promises."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert set(document) == {"type", "title", "status", "detail", "errors"}
    assert document["status"] == status
    assert document["type"].startswith("/api/docs/problems#")
    assert document["title"]
    assert document["detail"]
    return document


def kind(document: dict[str, Any]) -> str:
    return str(document["type"].partition("#")[2])


def pointers(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in document["errors"]]


@pytest.fixture
def quiet_client() -> Client:
    """A client that is given the 500 which a person would get, instead of the exception."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        ("http404", 404, "not_found"),
        ("forbidden", 403, "permission_denied"),
        ("throttled", 429, "throttled"),
        ("suspicious", 400, "bad_request"),
        ("conflict", 409, "conflict"),
        ("custom", 412, "precondition_failed"),
        ("unregistered", 422, "odd_thing"),
        ("parameter", 400, "invalid_parameter"),
        ("unknown-parameter", 400, "unknown_parameter"),
        ("protected", 409, "protected"),
        ("unique", 409, "conflict"),
        ("exclusion", 409, "conflict"),
        ("foreign-key", 409, "conflict"),
        ("check", 400, "invalid"),
        ("null", 400, "invalid"),
        ("trigger", 400, "invalid"),
        ("overflow", 400, "invalid"),
        ("nul", 400, "invalid"),
        ("retry", 503, "conflict_retry"),
        ("shutdown", 503, "unavailable"),
        ("unreachable", 503, "unavailable"),
        ("unreachable-driver", 503, "unavailable"),
    ],
)
@pytest.mark.parametrize("door", ["fail", "plain"])
def test_a_failure_has_its_status_inside_and_outside_of_api_views(
    client: Client, door: str, failure: str, status: int, code: str
) -> None:
    document = problem(client.get(f"/api/machinery/{door}/{failure}/"), status)
    assert kind(document) == code
    assert "internals" not in str(document)


def test_a_pointer_names_the_field_with_its_special_characters_escaped(client: Client) -> None:
    document = problem(client.get(FAIL.format("field")), 400)
    assert pointers(document) == [
        ("#/a~1b~0c", "invalid"),
        ("#/%D9%85%D9%84%D8%A7%D8%AD%D8%B8%D8%A9", "invalid"),
    ]


def test_errors_of_nested_lists_point_at_the_item_also_at_the_first(client: Client) -> None:
    body = {
        "milestones": [{"due_on": "never"}, {"due_on": "2026-01-01"}, {"due_on": "1999-01-01"}, {}],
        "weights": ["x", 1],
    }
    document = problem(client.post("/api/machinery/plans/", body, "application/json"), 400)
    assert pointers(document) == [
        ("#/title", "required"),
        ("#/milestones/0/due_on", "invalid"),
        ("#/milestones/2", "early"),
        ("#/milestones/3/due_on", "required"),
        ("#/weights/0", "invalid"),
    ]
    assert document["detail"] == "5 values were refused; “errors” lists them."


def test_errors_of_a_bulk_body_point_at_its_items(client: Client) -> None:
    document = problem(client.post("/api/machinery/plans/", [{}, {"title": "A"}, 3], "application/json"), 400)
    assert pointers(document) == [("#/0/title", "required"), ("#/2", "invalid")]


@pytest.mark.parametrize("body", ["[]", '"text"', "17", "null", "true"])
def test_a_body_of_another_type_is_refused_as_a_whole(client: Client, body: str) -> None:
    response = client.post("/api/machinery/plans/", body, "application/json")
    assert response.status_code == 200 if body == "[]" else pointers(problem(response, 400))[0][0] == "#"


def test_an_error_of_a_model_points_into_the_language_map(client: Client) -> None:
    document = problem(client.get(FAIL.format("model")), 400)
    assert pointers(document) == [("#/name/ar", "invalid"), ("#", "invalid")]


def test_an_unknown_parameter_is_answered_with_the_valid_ones(client: Client) -> None:
    document = problem(client.get(FAIL.format("unknown-parameter")), 400)
    assert document["errors"][0]["parameter"] == "statsu"
    assert "lead, status" in document["errors"][0]["detail"]


def test_every_reason_against_a_parameter_is_told(client: Client) -> None:
    document = problem(client.get(FAIL.format("parameter")), 400)
    assert [error["detail"] for error in document["errors"]] == ["Not a date.", "Not at all."]


def test_a_refused_deletion_names_the_first_twenty_records_that_refer(client: Client) -> None:
    document = problem(client.get(FAIL.format("protected")), 409)
    assert document["detail"].startswith("25 other records")
    assert len(document["errors"]) == 20
    assert document["errors"][0]["detail"] == "The group “Group 00” refers to this record."


def test_a_broken_unique_rule_points_at_its_field(client: Client) -> None:
    document = problem(client.get(FAIL.format("unique")), 409)
    assert pointers(document) == [("#/name/en", "unique")]


def test_a_broken_check_names_the_rule(client: Client) -> None:
    assert "size_is_positive" in problem(client.get(FAIL.format("check")), 400)["detail"]


def test_a_missing_value_points_at_its_field(client: Client) -> None:
    assert pointers(problem(client.get(FAIL.format("null")), 400)) == [("#/id", "null")]


def test_a_trigger_speaks_in_its_own_words(client: Client) -> None:
    document = problem(client.get(FAIL.format("trigger")), 400)
    assert document["detail"] == "A thing may not contain itself."
    assert pointers(document) == [("#/parent", "check")]


@pytest.mark.parametrize(("failure", "seconds"), [("throttled", "8"), ("retry", "1"), ("shutdown", "5")])
def test_a_passing_failure_says_when_to_try_again(client: Client, failure: str, seconds: str) -> None:
    assert client.get(FAIL.format(failure))["Retry-After"] == seconds


@pytest.mark.parametrize("failure", ["bug", "own-bug"])
@pytest.mark.parametrize("door", ["fail", "plain"])
def test_a_fault_of_the_server_is_a_500_that_tells_nothing(quiet_client: Client, door: str, failure: str) -> None:
    document = problem(quiet_client.get(f"/api/machinery/{door}/{failure}/"), 500)
    assert kind(document) == "server_error"
    assert "secret" not in str(document)
    assert "column" not in str(document)


def test_an_unknown_format_is_refused_with_a_problem_all_the_same(client: Client) -> None:
    document = problem(client.get("/api/machinery/read-only/", headers={"accept": "image/png"}), 406)
    assert "application/json" in document["detail"]


def test_an_unsupported_body_is_answered_with_the_supported_types(client: Client) -> None:
    document = problem(client.post("/api/machinery/echo/", "<a/>", "application/xml"), 415)
    assert "application/json" in document["detail"]


def test_a_method_that_does_not_exist_is_405_with_the_ones_that_do(client: Client) -> None:
    response = client.delete("/api/machinery/read-only/")
    problem(response, 405)
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_address_is_a_problem_under_api_and_a_page_elsewhere(
    client: Client, settings: Any, debug: bool
) -> None:
    settings.DEBUG = debug
    problem(client.get("/api/nowhere/"), 404)
    elsewhere = client.get("/nowhere/")
    assert elsewhere.status_code == 404
    assert elsewhere["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(("failure", "status"), [("suspicious", 400), ("forbidden", 403), ("bug", 500)])
def test_a_page_outside_of_the_api_fails_as_a_page(quiet_client: Client, failure: str, status: int) -> None:
    response = quiet_client.get(f"/page/{failure}/")
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")


def test_a_browser_sees_a_mistake_as_a_page(client: Client) -> None:
    response = client.get(FAIL.format("http404"), headers={"accept": "text/html"})
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert "/api/docs/problems#not_found" in response.content.decode()


def test_a_browser_gets_the_bare_document_when_the_database_is_gone(client: Client) -> None:
    problem(client.get(FAIL.format("shutdown"), headers={"accept": "text/html"}), 503)


def test_a_problem_speaks_the_language_that_the_client_asks_for(client: Client) -> None:
    response = client.post("/api/machinery/plans/", "{}", "application/json", headers={"accept-language": "ar"})
    document = problem(response, 400)
    assert response["Content-Language"] == "ar"
    # DRF's own catalogue: "This field is required."
    assert document["errors"][0]["detail"] == "هذا الحقل مطلوب."
    assert document["errors"][0]["code"] == "required"


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_the_type_of_a_problem_leads_to_its_explanation(client: Client, language: str, direction: str) -> None:
    address, _hash, anchor = client.get("/api/nowhere/").json()["type"].partition("#")
    page = client.get(address, headers={"accept-language": language}).content.decode()
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert f'id="{anchor}"' in page
