"""Dashboards as pages: seen by those who may, put together by plain forms, safe and well-formed."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from initiatives.models import Dashboard, Widget
from tests import factories as new

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner")


@pytest.fixture
def mine(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def others() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("other"))
    return client


def board(owner: User, *widgets: tuple[str, ...], **fields: Any) -> Dashboard:
    dashboard = Dashboard.objects.create(owner=owner, **{"title_en": "City", "title_ar": "المدينة", **fields})
    for position, (query, display, *group) in enumerate(widgets, start=1):
        Widget.objects.create(
            dashboard=dashboard, position=position, title_en=f"Widget {position}", title_ar=f"عنصر {position}",
            query=query, display=display, group_by=group[0] if group else "",
        )  # fmt: skip
    return dashboard


EVERY_DISPLAY = (
    ("initiatives/", "count"),
    ("organizations/?fields=name,sector,parent", "list"),
    ("search/?q=office", "list"),
    ("initiatives/", "progress"),
    ("milestones/", "timeline"),
    ("observations/", "chart"),
    ("initiatives/", "chart", "kind"),
    ("people/nobody/", "list"),
)


@pytest.fixture
def city() -> None:
    office = new.make_organization(name_en="Office", name_ar="مكتب", sector="public", parent=new.make_organization())
    initiative = new.make_initiative(kind="plan", lead=office, title_en="Light", title_ar="ضوء")
    new.make_milestone(initiative=initiative, due_on=date(2020, 1, 1), completed_on=date(2020, 1, 2))
    new.make_milestone(initiative=initiative)
    indicator = new.make_indicator(unit_en="m³", unit_ar="م³")
    for year, value in ((2018, "10"), (2019, "30"), (2020, "25.5")):
        new.make_observation(indicator=indicator, on=date(year, 1, 1), stated_value=value)


class Tags(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_every_display_is_drawn_in_both_languages(
    mine: Client, owner: User, city: None, language: str, direction: str
) -> None:
    dashboard = board(owner, *EVERY_DISPLAY)
    answer = mine.get(f"/dashboards/{dashboard.pk}/", headers={"accept-language": language})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert ("Widget 1" in page) is (language == "en")
    assert page.count('class="widget ') == len(EVERY_DISPLAY)
    assert "<progress" in page
    assert "<polyline" in page
    assert "<rect" in page
    assert page.count('class="error"') == 1


def test_pages_have_no_script_and_no_style_of_their_own(mine: Client, owner: User, city: None) -> None:
    dashboard = board(owner, *EVERY_DISPLAY, visibility="link")
    for address in ("/dashboards/", f"/dashboards/{dashboard.pk}/", f"/dashboards/{dashboard.pk}/edit/"):
        for tag, attributes in Tags(mine.get(address).content.decode()).found:
            assert tag not in ("script", "style"), address
            assert not [name for name in attributes if name == "style" or name.startswith("on")], (address, tag)


def test_every_field_of_every_form_has_a_label(mine: Client, owner: User, city: None) -> None:
    dashboard = board(owner, *EVERY_DISPLAY)
    for address in ("/dashboards/", f"/dashboards/{dashboard.pk}/edit/"):
        page = mine.get(address).content.decode()
        for name in re.findall(
            r'<(?:input|select)[^>]* name="([a-z_]+)"', re.sub(r"<label.*?</label>", "", page, flags=re.DOTALL)
        ):
            assert name in ("csrfmiddlewaretoken", "widget", "next", "do"), name


def test_what_people_wrote_is_text(mine: Client, owner: User) -> None:
    new.make_organization(name_en=SCRIPT, name_ar=SCRIPT)
    dashboard = board(owner, ("organizations/", "list"), title_en=SCRIPT, title_ar=SCRIPT)
    dashboard.widgets.update(title_en=SCRIPT, title_ar=SCRIPT)
    for address in ("/dashboards/", f"/dashboards/{dashboard.pk}/", f"/dashboards/{dashboard.pk}/edit/"):
        page = mine.get(address).content.decode()
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page


def test_at_the_desk_it_is_text_too(curator_user: User, owner: User) -> None:
    dashboard = board(owner, ("people/", "count"), title_en=SCRIPT, title_ar=SCRIPT)
    dashboard.widgets.update(title_en=SCRIPT)
    desk = Client()
    desk.force_login(curator_user)
    for address in ("", f"{dashboard.pk}/change/"):
        assert SCRIPT not in desk.get(f"/admin/initiatives/dashboard/{address}").content.decode()


# Who sees them -------------------------------------------------------------------------------------------------------


def test_a_private_one_does_not_exist_for_others(others: Client, owner: User) -> None:
    dashboard = board(owner)
    for client in (others, Client()):
        assert client.get(f"/dashboards/{dashboard.pk}/").status_code == 404
    assert others.get(f"/dashboards/{dashboard.pk}/edit/").status_code == 404
    for do in ("save", "add", "delete", "rotate"):
        assert others.post(f"/dashboards/{dashboard.pk}/edit/", {"do": do, "title_en": "X"}).status_code == 404
    assert others.post(f"/dashboards/{dashboard.pk}/copy/").status_code == 404
    assert Dashboard.objects.get().title_en == "City"


@pytest.mark.parametrize("pk", [0, 2**63, 10**40])
def test_a_number_that_no_row_can_have_is_not_found(mine: Client, pk: int) -> None:
    assert mine.get(f"/dashboards/{pk}/").status_code == 404


def test_a_public_one_is_read_by_all_and_edited_by_its_owner(others: Client, owner: User) -> None:
    dashboard = board(owner, ("people/", "count"), visibility="public")
    assert Client().get(f"/dashboards/{dashboard.pk}/").status_code == 200
    assert "City" in Client().get("/dashboards/").content.decode()
    assert others.get(f"/dashboards/{dashboard.pk}/edit/").status_code == 404


def test_whoever_has_the_link_sees_it_and_copies_it(others: Client, owner: User) -> None:
    dashboard = board(owner, ("people/", "count"), visibility="link")
    address = f"/dashboards/shared/{dashboard.share_key}/"
    answer = Client().get(address)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert Client().get("/dashboards/shared/nonsense/").status_code == 404
    assert others.post(f"{address}copy/").status_code == 302
    copy = Dashboard.objects.exclude(pk=dashboard.pk).get()
    assert (copy.owner.username, copy.visibility, copy.widgets.count()) == ("other", "private", 1)


def test_the_page_shows_the_public_nothing_that_only_its_owner_may_see(owner: User) -> None:
    owner.is_staff = True
    owner.save()
    new.make_initiative(title_en="Secret", title_ar="سر", state="draft")
    dashboard = board(owner, ("initiatives/", "list"), visibility="public")
    own = Client()
    own.force_login(owner)
    assert "Secret" in own.get(f"/dashboards/{dashboard.pk}/").content.decode()
    assert "Secret" not in Client().get(f"/dashboards/{dashboard.pk}/").content.decode()


# Forms ---------------------------------------------------------------------------------------------------------------


def act(client: Client, dashboard: Dashboard, do: str, **typed: Any) -> Any:
    return client.post(f"/dashboards/{dashboard.pk}/edit/", {"do": do, **typed})


def queries(dashboard: Dashboard) -> list[str]:
    return list(dashboard.widgets.values_list("query", flat=True))


def test_one_is_put_together_by_forms(mine: Client, owner: User) -> None:
    answer = mine.post("/dashboards/", {"title_en": "New", "title_ar": "جديدة"})
    dashboard = Dashboard.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/dashboards/{dashboard.pk}/edit/")
    for query in ("people/", "goals/", "sources/"):
        typed = {"title_en": "W", "query": query, "display": "count", "group_by": ""}
        assert act(mine, dashboard, "add", **typed).status_code == 302
    first = dashboard.widgets.get(query="people/").pk
    last = dashboard.widgets.get(query="sources/").pk
    act(mine, dashboard, "down", widget=first)
    act(mine, dashboard, "up", widget=last)
    assert queries(dashboard) == ["goals/", "sources/", "people/"]
    act(mine, dashboard, "down", widget=first)
    act(mine, dashboard, "remove", widget=last)
    assert queries(dashboard) == ["goals/", "people/"]
    act(mine, dashboard, "change", widget=first, title_en="W", query="pillars/", display="list", group_by="")
    assert queries(dashboard) == ["goals/", "pillars/"]
    assert dashboard.widgets.get(pk=first).display == "list"
    act(mine, dashboard, "save", title_en="Renamed", title_ar="", visibility="link")
    dashboard.refresh_from_db()
    assert (dashboard.title_en, dashboard.title_ar, dashboard.visibility) == ("Renamed", "", "link")
    key = dashboard.share_key
    act(mine, dashboard, "rotate")
    dashboard.refresh_from_db()
    assert dashboard.share_key not in ("", key)
    assert mine.get(f"/dashboards/{dashboard.pk}/edit/").content.decode().count(dashboard.share_key) == 2
    assert act(mine, dashboard, "delete")["Location"] == "/dashboards/"
    assert not Dashboard.objects.exists()


def test_what_is_refused_is_said_and_what_was_typed_is_kept(mine: Client, owner: User) -> None:
    dashboard = board(owner)
    typed = {"title_en": "Mine", "query": "//evil.example/?x=%22%3E", "display": "list", "group_by": ""}
    answer = act(mine, dashboard, "add", **typed)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'role="alert"' in page
    assert 'value="//evil.example/?x=%22%3E"' in page
    assert not dashboard.widgets.exists()
    refused = mine.post("/dashboards/", {"title_en": "", "title_ar": ""})
    assert refused.status_code == 400
    assert act(mine, dashboard, "nonsense").status_code == 200


@pytest.mark.parametrize("widget", ["", "x", "-1", "0", str(10**30), "٣"])
def test_a_widget_that_is_not_there_cannot_be_moved(mine: Client, owner: User, widget: str) -> None:
    dashboard = board(owner, ("people/", "count"))
    assert act(mine, dashboard, "remove", widget=widget).status_code == 404
    assert dashboard.widgets.count() == 1


def test_a_form_without_its_token_writes_nothing(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post("/dashboards/", {"title_en": "New"}).status_code == 403
    assert not Dashboard.objects.exists()


def test_who_has_not_signed_in_is_led_there_and_back(owner: User) -> None:
    dashboard = board(owner)
    answer = Client().get(f"/dashboards/{dashboard.pk}/edit/")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?next=/dashboards/{dashboard.pk}/edit/")
    assert Client().post("/dashboards/", {"title_en": "X"}).status_code == 302
