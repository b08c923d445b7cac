"""Progress updates, each with its own publication, at addresses below their initiative."""

from __future__ import annotations

from typing import Any

import pytest

from tests.access.people import Cast
from tests.api.client import ApiClient
from tests.factories import make_initiative

pytestmark = pytest.mark.django_db

BODY = {"on": "2017-04-16", "health": "at_risk", "text": {"en": "Late", "ar": "متأخر"}}


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast.of_everybody()


@pytest.fixture
def at(cast: Cast) -> str:
    make_initiative(slug="unify", lead=cast.own)
    return "initiatives/unify/progress-updates/"


def test_an_update_is_drafted_returned_corrected_and_published(cast: Cast, at: str) -> None:
    contributor, publisher, public = cast.clients["contributor"], cast.clients["publisher"], ApiClient()
    made = contributor.send("POST", at, BODY)
    assert made.status_code == 201, made.content
    one = f"{at}{made.json()['id']}/"
    assert made.json()["state"] == "draft"
    assert public.read(one).status_code == 404
    assert contributor.send("POST", f"{one}submit/", {}).json()["state"] == "in_review"
    assert contributor.send("POST", f"{one}approve/", {}).status_code == 403
    assert publisher.send("POST", f"{one}return/", {}).status_code == 400
    assert publisher.send("POST", f"{one}return/", {"comment": "Why?"}).json()["state"] == "draft"
    assert contributor.send("PATCH", one, {"text": {"en": "Late, because of rain"}}).status_code == 200
    contributor.send("POST", f"{one}submit/", {})
    assert publisher.send("POST", f"{one}approve/", {}).json()["state"] == "published"
    (shown,) = public.read("initiatives/unify/").json()["progress_updates"]
    assert shown["text"] == {"en": "Late, because of rain", "ar": "متأخر"}
    assert public.read(at).json()["count"] == 1
    assert contributor.send("PATCH", one, {"health": "on_track"}).status_code == 403
    assert contributor.send("DELETE", one, b"").status_code == 403
    assert publisher.send("POST", f"{one}withdraw/", {"comment": "Wrong"}).json()["state"] == "withdrawn"
    assert public.read("initiatives/unify/").json()["progress_updates"] == []


@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("outsider", 403), ("manager elsewhere", 403)])
def test_others_report_nothing(cast: Cast, at: str, role: str, status: int) -> None:
    assert cast.clients[role].send("POST", at, BODY).status_code == status
    assert cast.clients["curator"].read(at).json()["count"] == 0


def test_a_draft_is_hidden_from_others_by_whatever_way(cast: Cast, at: str) -> None:
    number = cast.clients["contributor"].send("POST", at, BODY).json()["id"]
    make_initiative(slug="other", lead=cast.other)
    for role in ("outsider", "manager elsewhere"):
        client = cast.clients[role]
        for path in (at, "initiatives/other/progress-updates/"):
            for method, body in (("GET", b""), ("PATCH", {"health": "on_track"}), ("DELETE", b"")):
                assert client.send(method, f"{path}{number}/", body).status_code == 404
            assert client.send("POST", f"{path}{number}/approve/", {}).status_code == 404
        assert client.read("initiatives/unify/").json()["progress_updates"] == []


def test_what_is_not_as_it_must_be_is_refused(cast: Cast, at: str) -> None:
    contributor = cast.clients["contributor"]
    bodies: list[Any] = [{}, {**BODY, "state": "published"}, {**BODY, "health": "fine"}, {**BODY, "text": {}}, [BODY]]
    for body in [*bodies, {**BODY, "initiative": "other"}, {**BODY, "created_at": "2017-01-01"}]:
        assert contributor.send("POST", at, body).status_code == 400, body
    assert contributor.send("POST", at, BODY).status_code == 201
    assert contributor.send("POST", at, BODY).status_code == 409
    assert contributor.send("POST", "initiatives/nowhere/progress-updates/", BODY).status_code == 404
