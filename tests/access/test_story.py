"""The platform's four promises, from the first sign-up to the next release, over HTTP and with real tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.accounts.people import last_mail, link_in, path_of, sign_in, sign_up
from tests.api.client import JSON, ApiClient
from tests.factories import make_organization

pytestmark = pytest.mark.django_db(transaction=True)


class Program:
    """A person's program, which has nothing but a token."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"authorization": f"Bearer {token}", "accept": JSON})

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """What a request is answered with, which has this status."""
        content = b"" if body is None else json.dumps(body).encode()
        answer = self.client.generic(method, f"/api/v1/{path}", content, JSON)
        assert answer.status_code == status, (method, path, answer.content)
        return answer.json() if answer.content else None


def newcomer(name: str) -> Program:
    """Somebody who signs up, confirms their address, signs in and makes a token for a program of theirs."""
    browser = Client()
    sign_up(browser, name)
    browser.post(path_of(link_in(last_mail())))
    sign_in(browser, name)
    made = browser.post("/api/v1/me/tokens/", {"name": "Program", "scopes": ["*"]}, JSON)
    assert made.status_code == 201, made.content
    return Program(made.json()["token"])


def test_an_entity_publishes_for_itself_and_a_citizen_lives_with_what_it_publishes(curator: ApiClient) -> None:
    make_organization(slug="municipality", name_en="Municipality", name_ar="البلدية")

    # A manager signs up, asks to join, and is accepted by a curator, who is the first to answer for the entity.
    manager = newcomer("maryam")
    wish = manager.ask("POST", "join-requests/", {"organization": "municipality", "message": "I run it"}, 201)["id"]
    accepted = curator.send("POST", f"join-requests/{wish}/accept/", {"role": "manager"})
    assert accepted.json()["state"] == "accepted"

    # She invites a contributor, who signs up only then.
    offer = {"organization": "municipality", "email": "khalid@example.org", "role": "contributor"}
    manager.ask("POST", "invitations/", offer, 201)
    contributor = newcomer("khalid")
    (invitation,) = contributor.ask("GET", "invitations/")["results"]
    contributor.ask("POST", f"invitations/{invitation['id']}/accept/")

    # He drafts a service, is returned with a reason, corrects it, and it is published.
    citizen = newcomer("salim")
    draft = {"slug": "parking", "name": {"en": "Smart parking", "ar": "المواقف الذكية"}, "provider": "municipality"}
    assert contributor.ask("POST", "smart-services/", draft, 201)["state"] == "draft"
    citizen.ask("GET", "smart-services/parking/", status=404)
    contributor.ask("POST", "smart-services/parking/submit/", {})
    contributor.ask("POST", "smart-services/parking/approve/", {}, 403)
    manager.ask("POST", "smart-services/parking/return/", {"comment": "Say what it is for"})
    (returned, *_before) = contributor.ask("GET", "smart-services/parking/steps/")["results"]
    assert (returned["kind"], returned["comment"], returned["by"]) == ("returned", "Say what it is for", "maryam")
    description = {"en": "Finds a place", "ar": "تجد موقفًا"}
    contributor.ask("PATCH", "smart-services/parking/", {"description": description, "releases": [{"version": "1.0"}]})
    contributor.ask("POST", "smart-services/parking/submit/", {})
    assert manager.ask("POST", "smart-services/parking/approve/", {})["state"] == "published"

    # A citizen finds it in Arabic, rates it, follows it, and puts it on a dashboard.
    (found,) = citizen.ask("GET", "smart-services/?q=%D8%A7%D9%84%D9%85%D9%88%D8%A7%D9%82%D9%81")["results"]
    assert found["slug"] == "parking"
    citizen.ask("POST", "smart-services/parking/ratings/", {"score": "happy", "channel": "mobile"}, 201)
    citizen.ask("POST", "smart-services/parking/ratings/", {"score": "happy", "channel": "mobile"}, 409)
    citizen.ask("PUT", "me/following/smart-services/parking/", status=201)
    widgets = [
        {"title": {"ar": "المواقف"}, "query": "smart-services/parking/", "display": "list"},
        {"title": {"en": "Happiness"}, "query": "smart-services/parking/happiness/", "display": "happiness"},
    ]
    board = citizen.ask("POST", "dashboards/", {"title": {"ar": "مدينتي"}, "widgets": widgets}, 201)["id"]
    shown = citizen.ask("GET", f"dashboards/{board}/")["widgets"]
    assert [each["error"] for each in shown] == [None, None]
    assert shown[0]["data"]["rows"][0]["slug"] == "parking"
    manager.ask("GET", f"dashboards/{board}/", status=404)

    # The next release is reviewed while the public sees the one before; then the citizen's feed tells of it.
    one = citizen.ask("GET", "smart-services/parking/")["releases"][0]["id"]
    releases = [{"id": one}, {"version": "2.0", "released_on": "2026-11-01", "notes": {"en": "Pays by plate"}}]
    contributor.ask("PUT", "smart-services/parking/next-version/", {"releases": releases})
    contributor.ask("POST", "smart-services/parking/submit/", {})
    assert citizen.ask("GET", "me/feed/")["results"] == []
    assert citizen.ask("GET", "smart-services/parking/")["current_version"] is None
    manager.ask("POST", "smart-services/parking/approve/", {"comment": "As agreed"})
    assert citizen.ask("GET", "smart-services/parking/")["current_version"] == "2.0"
    (news,) = citizen.ask("GET", "me/feed/")["results"]
    assert news["record"]["slug"] == "parking"
    assert "2.0" in json.dumps(news["changes"])
    assert news["reason"] == "As agreed"
