"""Dashboards by the API: what may be saved, what is shown to whom, and that one bad widget spoils nothing."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from initiatives.dashboards import reading
from initiatives.models import Dashboard, Widget
from initiatives.models.dashboards import MOST_DASHBOARDS, MOST_WIDGETS
from tests import factories as new
from tests.api.client import ApiClient
from tests.api.openapi import OpenAPI
from tracker.api.models import Token

pytestmark = pytest.mark.django_db

Body = dict[str, Any]


def widget(query: str = "initiatives/", display: str = "count", **more: Any) -> Body:
    return {"title": {"en": "A widget"}, "query": query, "display": display, **more}


def board(*widgets: Body, **more: Any) -> Body:
    return {"title": {"en": "The city", "ar": "المدينة"}, "widgets": list(widgets), **more}


def made(client: ApiClient, *widgets: Body, **more: Any) -> Body:
    answer = client.send("POST", "dashboards/", board(*widgets, **more))
    assert answer.status_code == 201, answer.content
    body: Body = answer.json()
    return body


def shown(client: ApiClient, dashboard: Body) -> list[Body]:
    answer = client.read(f"dashboards/{dashboard['id']}/")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["widgets"])


def data(client: ApiClient, *widgets: Body) -> list[Body]:
    found = shown(client, made(client, *widgets))
    assert [each["error"] for each in found] == [None] * len(widgets)
    return [each["data"] for each in found]


def saved(user: User, *queries: tuple[str, str], **more: Any) -> Dashboard:
    """A dashboard with widgets that nobody has tried."""
    dashboard = Dashboard.objects.create(owner=user, title_en="Saved", **more)
    for position, (query, display) in enumerate(queries, start=1):
        Widget.objects.create(dashboard=dashboard, position=position, title_en="W", query=query, display=display)
    return dashboard


def refusals(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.content
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


@pytest.fixture
def other(db: None) -> ApiClient:
    return ApiClient(User.objects.create_user("other"))


# Building ------------------------------------------------------------------------------------------------------------


def test_anybody_with_an_account_builds_one_and_reads_it_again(reader: ApiClient) -> None:
    body = made(reader, widget(), widget("people/", "list"))
    assert (body["visibility"], body["mine"], body["link"]) == ("private", True, None)
    assert [each["query"] for each in body["widgets"]] == ["initiatives/", "people/"]
    answer = reader.get(body["url"]).json()
    assert {name: answer[name] for name in ("id", "title", "visibility")} == {
        name: body[name] for name in ("id", "title", "visibility")
    }
    listed = reader.read("dashboards/", owner="me").json()["results"]
    assert [(each["id"], each["widget_count"]) for each in listed] == [(body["id"], 2)]


def test_nobody_builds_one_without_an_account(anonymous: ApiClient) -> None:
    assert anonymous.send("POST", "dashboards/", board()).status_code == 401
    assert anonymous.read("dashboards/", owner="me").status_code == 401
    assert not Dashboard.objects.exists()


def test_a_list_of_widgets_says_what_there_shall_be_and_in_which_order(reader: ApiClient) -> None:
    body = made(reader, widget("people/"), widget("goals/"), widget("sources/"))
    first, second, third = (each["id"] for each in body["widgets"])
    items = [{"id": third}, {"id": first, "title": {"en": "Renamed"}}, widget("pillars/")]
    changed = reader.send("PATCH", f"dashboards/{body['id']}/", {"widgets": items}).json()
    assert [each["query"] for each in changed["widgets"]] == ["sources/", "people/", "pillars/"]
    assert [each["id"] for each in changed["widgets"]][:2] == [third, first]
    assert changed["widgets"][1]["title"] == {"en": "Renamed", "ar": None}
    assert not Widget.objects.filter(pk=second).exists()
    again = reader.send("PATCH", f"dashboards/{body['id']}/", {"widgets": changed["widgets"][:0]}).json()
    assert again["widgets"] == []


def test_a_widget_of_another_dashboard_cannot_be_named(reader: ApiClient, other: ApiClient) -> None:
    foreign = made(other, widget())["widgets"][0]["id"]
    mine = made(reader, widget())
    answer = reader.send("PATCH", f"dashboards/{mine['id']}/", {"widgets": [{"id": foreign, "title": {"en": "X"}}]})
    assert refusals(answer) == [("#/widgets/0/id", "invalid")] or answer.status_code == 400
    assert Widget.objects.get(pk=foreign).title_en == "A widget"


def test_a_replaced_dashboard_is_what_the_body_says(reader: ApiClient) -> None:
    body = made(reader, widget(), visibility="public")
    answer = reader.send("PUT", f"dashboards/{body['id']}/", {"title": {"ar": "أخرى"}}).json()
    assert (answer["title"], answer["visibility"], answer["widgets"]) == ({"en": None, "ar": "أخرى"}, "private", [])


@pytest.mark.parametrize(
    ("members", "pointer", "code"),
    [
        ({"owner": 1}, "#/owner", "unknown_field"),
        ({"id": 7}, "#/id", "read_only"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "#/created_at", "read_only"),
        ({"share_key": "x"}, "#/share_key", "unknown_field"),
        ({"link": "x"}, "#/link", "read_only"),
        ({"mine": True}, "#/mine", "read_only"),
        ({"title": {"en": "", "ar": ""}}, "#/title", "both_languages_missing"),
        ({"title": {"en": "x" * 201}}, "#/title/en", "max_length"),
        ({"visibility": "everybody"}, "#/visibility", "invalid_choice"),
    ],
)
def test_what_is_not_the_owners_to_say_is_refused(reader: ApiClient, members: Body, pointer: str, code: str) -> None:
    answer = reader.send("POST", "dashboards/", {**board(), **members})
    assert refusals(answer) == [(pointer, code)]
    assert not Dashboard.objects.exists()


def test_there_are_as_many_widgets_and_dashboards_as_there_may_be(reader: ApiClient, reader_user: User) -> None:
    full = made(reader, *[widget("people/")] * MOST_WIDGETS)
    assert len(full["widgets"]) == MOST_WIDGETS
    too_many = reader.send("POST", "dashboards/", board(*[widget("people/")] * (MOST_WIDGETS + 1)))
    assert refusals(too_many) == [("#/widgets", "max_length")]
    Dashboard.objects.bulk_create(Dashboard(owner=reader_user, title_en="D") for _each in range(MOST_DASHBOARDS - 1))
    assert reader.send("POST", "dashboards/", board()).status_code == 409
    assert reader.send("POST", f"dashboards/{full['id']}/copy/").status_code == 409
    assert Dashboard.objects.count() == MOST_DASHBOARDS


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_taken_once(reader_user: User) -> None:
    Dashboard.objects.bulk_create(Dashboard(owner=reader_user, title_en="D") for _each in range(MOST_DASHBOARDS - 1))
    start = threading.Barrier(6)
    statuses: list[int] = []

    def create() -> None:
        client = ApiClient(reader_user)
        start.wait()
        statuses.append(client.send("POST", "dashboards/", board()).status_code)
        connections.close_all()

    threads = [threading.Thread(target=create) for _each in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, *[409] * 5]
    assert Dashboard.objects.count() == MOST_DASHBOARDS


# Queries -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("http://evil.example/", "not_an_address"),
        ("//evil.example/", "not_an_address"),
        ("/admin/", "not_an_address"),
        ("/api/v1/people/", "not_an_address"),
        ("people", "not_an_address"),
        ("../admin/", "not_an_address"),
        ("people/../webhooks/", "not_an_address"),
        ("people/..%2f..%2fwebhooks/", "not_an_address"),
        ("people/%2e%2e/", "not_an_address"),
        ("people//x/", "not_an_address"),
        ("people/\\x/", "not_an_address"),
        ("people/x/history/", "unknown_address"),
        ("people/x/merge/", "unknown_address"),
        ("people/x/y/z/", "not_an_address"),
        ("people/?", "not_an_address"),
        ("people/?name=x#y", "not_a_query"),
        ("people/?name=a b", "not_a_query"),
        ("people/?name=a\u202eb", "not_a_query"),
        ("webhooks/", "unknown_collection"),
        ("dashboards/", "unknown_collection"),
        ("dashboards/1/", "unknown_collection"),
        ("revisions/", "unknown_collection"),
        ("me/feed/", "unknown_collection"),
        ("tokens/", "unknown_collection"),
        ("schema/", "unknown_collection"),
        ("search/x/", "unknown_collection"),
        ("people/?nonsense=1", "unknown_parameter"),
        ("people/?format=csv", "unknown_parameter"),
        ("people/?offset=5", "unknown_parameter"),
        ("people/?cursor=start", "unknown_parameter"),
        ("people/?expand=x", "unknown_parameter"),
        ("people/?limit=1000000000", "out_of_range"),
        ("people/?limit=1000", "out_of_range"),
        ("people/?limit=0", "out_of_range"),
        ("people/?limit=-1", "out_of_range"),
        ("people/?limit=5&limit=6", "out_of_range"),
        ("people/?limit=٥", "out_of_range"),
        ("people/?slug=%00", "invalid"),
        ("people/?id=x", "invalid"),
        ("organizations/?parent=nowhere", "invalid"),
        ("organizations/?ordering=password", "invalid"),
        ("people/nobody/", "not_found"),
        ("people/?" + "&".join(f"slug__in=x{n}" for n in range(60)), "too_many_parameters"),
    ],
)
def test_a_query_that_no_widget_may_have_is_refused_where_it_stands(reader: ApiClient, query: str, code: str) -> None:
    answer = reader.send("POST", "dashboards/", board(widget("people/"), widget(query, "list")))
    assert [pointer for pointer, _code in refusals(answer)] == ["#/widgets/1/query"]
    assert refusals(answer)[0][1] == code
    assert not Dashboard.objects.exists()


@pytest.mark.parametrize(
    ("query", "display"),
    [
        ("people/x/", "count"),
        ("indicators/x/total/", "list"),
        ("people/", "progress"),
        ("people/", "timeline"),
        ("milestones/x/", "timeline"),
        ("organizations/x/happiness/", "list"),
        ("happiness/", "count"),
        ("smart-services/x/", "happiness"),
        ("people/", "chart"),
        ("people/", "happiness"),
    ],
)
def test_a_display_that_does_not_fit_the_query_is_refused(reader: ApiClient, query: str, display: str) -> None:
    answer = reader.send("POST", "dashboards/", board(widget(query, display)))
    assert refusals(answer) == [("#/widgets/0/display", "display_does_not_fit")]


@pytest.mark.parametrize(
    ("query", "display", "group_by", "code"),
    [
        ("initiatives/", "chart", "title", "unknown_field"),
        ("initiatives/", "chart", "password", "unknown_field"),
        ("initiatives/", "chart", "lead__slug", "unknown_field"),
        ("initiatives/x/", "chart", "status", "not_grouped"),
        ("search/?q=x", "chart", "status", "not_grouped"),
        ("initiatives/", "list", "status", "not_grouped"),
    ],
)
def test_a_chart_groups_by_a_choice_or_a_reference_only(
    reader: ApiClient, query: str, display: str, group_by: str, code: str
) -> None:
    answer = reader.send("POST", "dashboards/", board(widget(query, display, group_by=group_by)))
    assert ("#/widgets/0/group_by", code) in refusals(answer) or answer.json()["errors"][0]["pointer"].startswith(
        "#/widgets/0/"
    )


def test_rows_have_few_members_and_no_lists_of_parts(reader: ApiClient) -> None:
    answer = reader.send("POST", "dashboards/", board(widget("initiatives/?fields=slug,milestones", "list")))
    assert refusals(answer) == [("#/widgets/0/query", "too_many_fields")]


def test_what_is_as_it_was_is_not_asked_again(reader: ApiClient) -> None:
    gone = new.make_person()
    body = made(reader, widget("goals/"), widget(f"people/{gone.slug}/", "list"))
    gone.delete()
    items = [{"id": each["id"]} for each in reversed(body["widgets"])]
    answer = reader.send("PATCH", f"dashboards/{body['id']}/", {"widgets": items})
    assert answer.status_code == 200
    items[0]["title"] = {"en": "Gone"}
    assert reader.send("PATCH", f"dashboards/{body['id']}/", {"widgets": items}).status_code == 200
    items[0]["display"] = "progress"
    assert reader.send("PATCH", f"dashboards/{body['id']}/", {"widgets": items}).status_code == 400


# What displays show --------------------------------------------------------------------------------------------------


def test_a_count_is_of_what_the_query_finds(reader: ApiClient) -> None:
    new.make_initiative(title_en="Water", kind="plan")
    new.make_initiative(title_en="Light", kind="project")
    indicator = new.make_indicator()
    new.make_observation(indicator=indicator, stated_value="12.5")
    counts = data(
        reader,
        widget("initiatives/"),
        widget("initiatives/?kind=plan"),
        widget("search/?q=water"),
        widget(f"indicators/{indicator.slug}/total/"),
    )
    assert [each["value"] for each in counts] == [2, 1, 1, "12.500000"]


def test_a_list_has_the_members_that_were_chosen(reader: ApiClient) -> None:
    for number in range(12):
        new.make_organization(slug=f"o-{number:02}", name_en=f"Office {number}", sector="public")
    plain, chosen, one, search = data(
        reader,
        widget("organizations/?ordering=slug", "list"),
        widget("organizations/?fields=sector,slug&limit=3&ordering=-slug", "list"),
        widget("organizations/o-01/?fields=slug", "list"),
        widget("search/?q=office&limit=2", "list"),
    )
    assert (len(plain["rows"]), plain["total"], set(plain["rows"][0])) == (10, 12, {"slug", "url", "name"})
    assert chosen["rows"][0] == {"slug": "o-11", "sector": "public"}
    assert len(chosen["rows"]) == 3
    assert one == {"rows": [{"slug": "o-01"}], "total": 1}
    assert (len(search["rows"]), search["total"]) == (2, 12)


def test_progress_is_that_of_initiatives(reader: ApiClient) -> None:
    initiative = new.make_initiative()
    new.make_milestone(initiative=initiative, completed_on=date(2020, 1, 1))
    new.make_milestone(initiative=initiative)
    lists = data(reader, widget("initiatives/", "progress"), widget(f"initiatives/{initiative.slug}/", "progress"))
    assert [each["rows"][0]["progress"] for each in lists] == ["50.00", "50.00"]
    assert lists[0]["rows"][0]["slug"] == initiative.slug


def test_a_timeline_is_by_day(reader: ApiClient) -> None:
    new.make_milestone(slug="late", due_on=date(2021, 1, 1))
    new.make_milestone(slug="early", due_on=date(2020, 1, 1), completed_on=date(2020, 2, 1))
    new.make_milestone(slug="some-day")
    new.make_engagement(slug="visit", on=date(2019, 1, 1))
    milestones, engagements = data(reader, widget("milestones/", "timeline"), widget("engagements/", "timeline"))
    assert [(each["slug"], each["on"], each["completed_on"]) for each in milestones["entries"]] == [
        ("early", "2020-01-01", "2020-02-01"),
        ("late", "2021-01-01", None),
        ("some-day", None, None),
    ]
    assert engagements["entries"][0]["on"] == "2019-01-01"


def test_a_chart_has_a_series_for_each_indicator(reader: ApiClient) -> None:
    indicator = new.make_indicator(slug="water", unit_en="m³")
    for year, value in ((2020, "1"), (2022, "3"), (2021, "2")):
        new.make_observation(indicator=indicator, on=date(year, 1, 1), stated_value=value)
    new.make_observation(indicator=new.make_indicator(slug="light"), stated_value="9")
    one, both = data(reader, widget("observations/?indicator=water", "chart"), widget("observations/", "chart"))
    (series,) = one["series"]
    assert (series["key"], series["unit"]["en"]) == ("water", "m³")
    assert [point["on"][:4] for point in series["points"]] == ["2020", "2021", "2022"]
    assert [point["value"] for point in series["points"]] == ["1.000000", "2.000000", "3.000000"]
    assert {each["key"] for each in both["series"]} == {"water", "light"}


def test_a_chart_counts_records_by_a_choice_or_by_what_they_refer_to(reader: ApiClient) -> None:
    office = new.make_organization(slug="office", name_en="Office", name_ar="مكتب")
    new.make_initiative(kind="plan", lead=office)
    new.make_initiative(kind="plan", lead=office)
    new.make_initiative(kind="project")
    by_kind, by_lead, narrowed = data(
        reader,
        widget("initiatives/", "chart", group_by="kind"),
        widget("initiatives/", "chart", group_by="lead"),
        widget("initiatives/?kind=project", "chart", group_by="lead"),
    )
    assert [(each["key"], each["count"]) for each in by_kind["groups"]] == [("plan", 2), ("project", 1)]
    assert set(by_kind["groups"][0]["label"]) == {"en", "ar"}
    assert by_kind["groups"][0]["label"]["en"] != by_kind["groups"][0]["label"]["ar"]
    assert by_lead["groups"] == [
        {"key": "office", "label": {"en": "Office", "ar": "مكتب"}, "count": 2},
        {"key": None, "label": None, "count": 1},
    ]
    assert (narrowed["total"], narrowed["others"]) == (1, 0)


def test_a_query_may_be_in_arabic(reader: ApiClient) -> None:
    new.make_person(name_ar="عائشة")
    found = data(reader, widget("people/?q=عائشة"), widget("people/?q=%D8%B9%D8%A7%D8%A6%D8%B4%D8%A9"))
    assert found == [{"value": 1}, {"value": 1}]


@pytest.mark.django_db(transaction=True)
def test_a_query_may_be_of_the_past(reader: ApiClient) -> None:
    for _each in range(3):
        new.make_initiative(kind="plan")
    past, groups, now = data(
        reader,
        widget("initiatives/?as_of=1"),
        widget("initiatives/?as_of=2", "chart", group_by="kind"),
        widget("initiatives/"),
    )
    assert (past["value"], groups["groups"][0]["count"], now["value"]) == (1, 2, 3)


def test_the_index_of_happiness_is_shown_where_enough_have_rated(reader: ApiClient) -> None:
    service = new.make_smart_service()
    query = f"smart-services/{service.slug}/"
    body = made(reader, widget(f"{query}happiness/", "happiness"), widget("happiness/", "happiness"))
    for number in range(5):
        client = ApiClient(User.objects.create_user(f"rater-{number}"))
        assert client.send("POST", f"{query}ratings/", {"score": "happy", "channel": "web"}).status_code == 201
    of_service, of_city = (each["data"]["results"] for each in shown(reader, body))
    assert [float(each["total"]["index"]) for each in (*of_service, *of_city)] == [100, 100]


# One that fails ------------------------------------------------------------------------------------------------------


def test_a_widget_that_fails_says_why_and_the_others_are_shown(reader: ApiClient, reader_user: User) -> None:
    dashboard = saved(
        reader_user,
        ("people/", "count"),
        ("people/nobody/", "list"),
        ("people/?nonsense=1", "count"),
        ("//evil.example/", "count"),
        ("dashboards/1/", "list"),
        ("goals/", "count"),
    )
    found = shown(reader, {"id": dashboard.pk})
    assert [each["data"] and each["data"]["value"] for each in found] == [0, None, None, None, None, 0]
    assert [each["error"] and each["error"]["status"] for each in found] == [None, 404, 400, 400, 400, None]
    assert found[2]["error"]["errors"][0]["parameter"] == "nonsense"


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_ends_and_the_others_are_shown(
    reader: ApiClient, reader_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = saved(reader_user, ("people/", "count"), ("goals/", "count"), ("sources/", "count"))
    monkeypatch.setattr(reading, "STATEMENT_SECONDS", 0.1)
    somebody = connection.copy()
    try:
        somebody.set_autocommit(False)
        with somebody.cursor() as cursor:
            cursor.execute("LOCK TABLE initiatives_goal")
            found = shown(reader, {"id": dashboard.pk})
    finally:
        somebody.close()
    assert [each["data"] for each in found] == [{"value": 0}, None, {"value": 0}]
    assert found[1]["error"]["status"] == 503
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_an_error_of_the_database_in_one_widget_leaves_the_others(reader: ApiClient, reader_user: User) -> None:
    new.make_goal()
    dashboard = saved(reader_user, ("people/", "count"), ("goals/", "list"), ("sources/", "count"))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE initiatives_goal RENAME COLUMN slug TO lost")
    found = shown(reader, {"id": dashboard.pk})
    assert [each["data"] and each["data"]["value"] for each in found] == [0, None, 0]
    assert found[1]["error"]["status"] == 500


def test_a_dashboard_whose_time_is_up_shows_what_it_has(
    reader: ApiClient, reader_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = saved(reader_user, ("people/", "count"))
    monkeypatch.setattr(reading, "WHOLE_SECONDS", 0.0)
    (found,) = shown(reader, {"id": dashboard.pk})
    assert (found["data"], found["error"]["status"]) == (None, 503)


def test_each_widget_costs_the_same_few_queries(reader: ApiClient, reader_user: User) -> None:
    for _each in range(5):
        new.make_initiative(lead=new.make_organization())
    costs = []
    for many in (1, 5, 24):
        dashboard = saved(reader_user, *[("initiatives/?fields=slug,title,lead", "list")] * many)
        reader.read(f"dashboards/{dashboard.pk}/")
        with CaptureQueriesContext(connection) as asked:
            reader.read(f"dashboards/{dashboard.pk}/")
        costs.append(len(asked))
    one = (costs[2] - costs[1]) / 19
    assert one == (costs[1] - costs[0]) / 4
    assert one <= 6
    assert costs[0] <= 6 + 12


# Who sees what -------------------------------------------------------------------------------------------------------


def test_a_private_dashboard_does_not_exist_for_others(
    reader: ApiClient, other: ApiClient, curator: ApiClient, anonymous: ApiClient
) -> None:
    path = f"dashboards/{made(reader, widget())['id']}/"
    for client in (other, curator):
        for method, address, body in (
            ("GET", path, None),
            ("PATCH", path, {"title": {"en": "Mine now"}}),
            ("PUT", path, board()),
            ("DELETE", path, None),
            ("POST", f"{path}copy/", None),
            ("POST", f"{path}rotate-link/", None),
        ):
            answer = client.send(method, address, b"" if body is None else body)
            assert answer.status_code == 404, (method, address)
    assert anonymous.read(path).status_code == 404
    assert Dashboard.objects.get().title_en == "The city"


def test_a_public_dashboard_is_read_and_copied_by_all_and_changed_by_its_owner(
    reader: ApiClient, other: ApiClient, anonymous: ApiClient
) -> None:
    body = made(reader, widget(), visibility="public")
    path = f"dashboards/{body['id']}/"
    assert anonymous.read(path).json()["mine"] is False
    assert [each["id"] for each in anonymous.read("dashboards/").json()["results"]] == [body["id"]]
    assert other.send("PATCH", path, {"visibility": "private"}).status_code == 403
    assert other.send("DELETE", path, b"").status_code == 403
    assert anonymous.send("DELETE", path, b"").status_code == 401
    copy = other.send("POST", f"{path}copy/", b"")
    assert copy.status_code == 201
    assert copy.headers["Location"] == copy.json()["url"]
    assert (copy.json()["mine"], copy.json()["visibility"], copy.json()["title"]) == (True, "private", body["title"])
    assert [each["query"] for each in copy.json()["widgets"]] == ["initiatives/"]
    assert reader.read(f"dashboards/{copy.json()['id']}/").status_code == 404


def test_a_link_opens_it_until_it_is_changed_or_taken_back(
    reader: ApiClient, other: ApiClient, anonymous: ApiClient
) -> None:
    body = made(reader, widget(), visibility="link")
    path, link = f"dashboards/{body['id']}/", body["link"]
    assert len(link.split("/")[-2]) >= 32
    seen = anonymous.get(link)
    assert (seen.status_code, seen.json()["link"], seen.json()["mine"]) == (200, None, False)
    assert other.read(path).status_code == 404
    assert anonymous.read("dashboards/").json()["results"] == []
    assert other.generic("POST", f"{link}copy/").status_code == 201
    rotated = reader.send("POST", f"{path}rotate-link/", b"").json()["link"]
    assert rotated != link
    assert (anonymous.get(link).status_code, anonymous.get(rotated).status_code) == (404, 200)
    reader.send("PATCH", path, {"visibility": "private"})
    assert anonymous.get(rotated).status_code == 404
    assert reader.send("POST", f"{path}rotate-link/", b"").status_code == 409
    again = reader.send("PATCH", path, {"visibility": "link"}).json()["link"]
    assert again not in (link, rotated)


@pytest.mark.parametrize("key", ["x", "0", "null", "%00", "..", "a" * 65, "%2e%2e"])
def test_no_other_key_opens_anything(reader: ApiClient, anonymous: ApiClient, key: str) -> None:
    made(reader, visibility="private")
    made(reader, visibility="public")
    assert anonymous.get(f"/api/v1/dashboards/shared/{key}/").status_code == 404


def test_a_widget_shows_each_reader_what_they_may_see(curator: ApiClient, anonymous: ApiClient) -> None:
    draft = new.make_initiative(slug="secret-plan", title_en="Secret", state="draft", kind="plan")
    new.make_initiative(slug="known", kind="plan")
    body = made(
        curator,
        widget("initiatives/"),
        widget("initiatives/", "list"),
        widget(f"initiatives/{draft.slug}/", "list"),
        widget("initiatives/", "chart", group_by="kind"),
        widget("search/?q=secret"),
        widget("initiatives/", "progress"),
        visibility="public",
    )
    own = [each["data"] for each in shown(curator, body)]
    assert own[0] == {"value": 2}
    answer = anonymous.read(f"dashboards/{body['id']}/")
    found = [each["data"] for each in answer.json()["widgets"]]
    assert found[0] == {"value": 1}
    assert [row["slug"] for row in found[1]["rows"]] == ["known"]
    assert found[2] is None
    assert found[3]["groups"][0]["count"] == 1
    assert found[4] == {"value": 0}
    assert [row["slug"] for row in found[5]["rows"]] == ["known"]
    assert "Secret" not in answer.content.decode()


def test_a_chart_names_no_record_that_its_reader_may_not_see(curator: ApiClient, anonymous: ApiClient) -> None:
    hidden = new.make_initiative(slug="hidden", state="draft")
    new.make_initiative(slug="child", parent=hidden)
    body = made(curator, widget("initiatives/", "chart", group_by="parent"), visibility="public")
    assert "hidden" in str(shown(curator, body))
    assert shown(anonymous, body)[0]["data"]["groups"] == [{"key": None, "label": None, "count": 1}]


@pytest.mark.parametrize(
    ("scopes", "counts"),
    [
        (["dashboards:read"], [1, 1]),
        (["dashboards:read", "initiatives:read"], [2, 1]),
        (["*"], [2, 1]),
    ],
)
def test_a_token_reads_by_dashboards_no_more_than_by_itself(
    curator: ApiClient, curator_user: User, client: Any, scopes: list[str], counts: list[int]
) -> None:
    new.make_initiative(state="draft")
    new.make_initiative()
    new.make_smart_service()
    body = made(curator, widget("initiatives/"), widget("smart-services/"))
    plaintext = Token.issue(user=curator_user, name="Test", scopes=scopes)[1]
    headers = {"Authorization": f"Bearer {plaintext}"}
    answer = client.get(f"/api/v1/dashboards/{body['id']}/", headers=headers)
    assert [each["data"]["value"] for each in answer.json()["widgets"]] == counts
    refused = client.post("/api/v1/dashboards/", board(), "application/json", headers=headers)
    assert refused.status_code == (201 if "*" in scopes else 403)


def test_a_token_that_does_not_reach_dashboards_sees_public_ones_only(
    reader: ApiClient, reader_user: User, client: Any
) -> None:
    private = made(reader)
    plaintext = Token.issue(user=reader_user, name="Test", scopes=["people:read"])[1]
    headers = {"Authorization": f"Bearer {plaintext}"}
    assert client.get(f"/api/v1/dashboards/{private['id']}/", headers=headers).status_code == 404
    assert client.get("/api/v1/dashboards/", headers=headers).json()["results"] == []


def test_no_answer_is_kept(reader: ApiClient, anonymous: ApiClient) -> None:
    body = made(reader, widget(), visibility="public")
    for client in (reader, anonymous):
        for address in ("/api/v1/dashboards/", body["url"], "/api/v1/dashboards/shared/x/"):
            answer = client.get(address)
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert not answer.has_header("ETag")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("owner=other", "owner"), ("owner=1", "owner"), ("visibility=all", "visibility"), ("nonsense=1", "nonsense")],
)
def test_a_list_is_narrowed_by_what_there_is_only(reader: ApiClient, query: str, parameter: str) -> None:
    answer = reader.get(f"/api/v1/dashboards/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == parameter


def test_a_list_takes_as_many_queries_for_ten_as_for_one(reader: ApiClient, reader_user: User) -> None:
    counts = []
    for many in (1, 9):
        for _each in range(many):
            saved(reader_user, ("people/", "count"))
        with CaptureQueriesContext(connection) as asked:
            assert reader.read("dashboards/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_answers_are_as_documented(reader: ApiClient) -> None:
    openapi = OpenAPI.in_language()
    new.make_initiative()
    new.make_milestone()
    new.make_observation()
    body = made(
        reader,
        widget(),
        widget("initiatives/", "list"),
        widget("milestones/", "timeline"),
        widget("observations/", "chart"),
        widget("initiatives/", "chart", group_by="kind"),
        widget("initiatives/", "progress"),
    )
    Widget.objects.filter(dashboard=body["id"], position=1).update(query="people/nobody/")
    openapi.assert_documented(reader.get(body["url"]))
    openapi.assert_documented(reader.read("dashboards/"))
    openapi.assert_documented(reader.send("POST", "dashboards/", board(widget("x/"))))
