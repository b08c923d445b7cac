"""References: found in any spelling, to one type of record or to any, for those who may see them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from initiatives.models import Initiative, Organization, Statement
from tests.admin.pages import adding, changing, form_data, listing
from tests.factories import (
    make_appointment,
    make_capability,
    make_citation,
    make_initiative,
    make_organization,
    make_person,
    make_platform,
    make_statement,
)

ANY_RECORD = "/admin/initiatives/citation/records/"


def found(client: Client, **query: str) -> list[str]:
    return [result["text"] for result in client.get(ANY_RECORD, query).json()["results"]]


SPELLINGS = ["الامارات", "الإمارات", "الإِمَارَات", "EMIRATES", "émirates united", "the-uae", "UAE gov", "اتحاد"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_list_finds_a_record_in_any_spelling(desk: Client, spelling: str) -> None:
    emirates = make_organization(
        slug="the-uae",
        name_en="United Arab Emirates",
        name_ar="الإمارات العربية المتحدة",
        aliases_en=["UAE Government"],
        aliases_ar=["اتّحاد الإمارات"],
    )
    make_organization()
    page = desk.get(listing(Organization), {"q": spelling})
    assert list(page.context["cl"].result_list) == [emirates]


def test_a_record_is_found_by_what_it_cannot_be_without(desk: Client) -> None:
    appointment = make_appointment(person=make_person(name_ar="حسين لوتاه"))
    make_appointment()
    page = desk.get(listing(type(appointment)), {"q": "حسين"})
    assert list(page.context["cl"].result_list) == [appointment]


def test_the_choice_of_a_reference_is_found_in_any_spelling(desk: Client) -> None:
    make_organization(name_en="Smart Dubai Office", name_ar="مكتب دبي الذكية")
    make_organization()
    query = {"app_label": "initiatives", "model_name": "initiative", "field_name": "lead", "term": "دبي الذكيه"}
    results = desk.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [result["text"] for result in results] == ["Smart Dubai Office"]


def test_records_of_all_types_are_offered_records_before_parts(desk: Client) -> None:
    make_initiative(title_en="Happiness Agenda", slug="happiness-agenda")
    make_capability(platform=make_platform(name_en="Happiness Platform", slug="happiness-platform"), text_en="Pay")
    assert found(desk, term="happiness") == [
        "Initiative · Happiness Agenda",
        "Platform · Happiness Platform",
        "Capability · Happiness Platform 1",
    ]


def test_the_shortest_name_is_offered_first_and_what_is_bound_to_it_last(desk: Client) -> None:
    office = make_organization(name_ar="مكتب دبي الذكية", name_en="Smart Dubai Office", slug="the-office")
    make_appointment(organization=office, slug="a-post")
    make_statement(gist_ar="يقول كثيراً عن دبي الذكية وعن غيرها", slug="a-statement")
    assert found(desk, term="دبي الذكيه")[0] == "Organization · Smart Dubai Office"


def test_citations_are_not_offered_to_cite(desk: Client) -> None:
    citation = make_citation()
    assert found(desk, term=citation.slug) == []


def test_what_is_offered_comes_in_pages(desk: Client) -> None:
    for number in range(21):
        make_organization(name_en=f"Office {number}", slug=f"office-{number:02}")
    first = desk.get(ANY_RECORD, {"term": "office"}).json()
    second = desk.get(ANY_RECORD, {"term": "office", "page": "2"}).json()
    assert (len(first["results"]), first["pagination"]) == (20, {"more": True})
    assert (len(second["results"]), second["pagination"]) == (1, {"more": False})


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 50, "٣"])
def test_a_page_that_is_none_is_no_failure(desk: Client, page: str) -> None:
    assert desk.get(ANY_RECORD, {"page": page}).status_code == 200


def test_the_offer_asks_as_much_for_twenty_records_of_a_type_as_for_one(desk: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get(ANY_RECORD, {"term": "appointment"})
        return len(captured)

    make_appointment()
    queries()
    for_one = queries()
    for _row in range(19):
        make_appointment()
    assert queries() == for_one


def test_nobody_is_offered_records_without_signing_in(db: None) -> None:
    assert Client().get(ANY_RECORD).status_code == 302


def test_a_curator_is_offered_only_the_types_that_they_may_see(db: None) -> None:
    make_organization(name_en="Open Office")
    make_initiative(title_en="Open Initiative")
    user = User.objects.create(username="part-time", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_initiative"))
    client = Client()
    client.force_login(user)
    assert found(client, term="open") == ["Initiative · Open Initiative"]


def test_a_statement_says_what_it_is_about(desk: Client) -> None:
    initiative = make_initiative()
    data = form_data(desk.get(adding(Statement)), gist_en="Said", mode="narration", about=f"initiative:{initiative.pk}")
    assert desk.post(adding(Statement), data).status_code == 302
    statement = Statement.objects.get()
    assert statement.about == initiative
    data = form_data(desk.get(changing(statement)))
    assert data["about"] == f"initiative:{initiative.pk}"
    assert f"Initiative · {initiative}" in desk.get(changing(statement)).content.decode()
    assert desk.post(changing(statement), {**data, "about": ""}).status_code == 302
    statement.refresh_from_db()
    assert statement.about is None


def test_the_form_of_a_refused_statement_still_names_what_it_is_about(desk: Client) -> None:
    initiative = make_initiative()
    data = form_data(desk.get(adding(Statement)), mode="narration", about=f"initiative:{initiative.pk}")
    page = desk.post(adding(Statement), data)
    assert page.status_code == 200
    assert f"Initiative · {initiative}" in page.content.decode()


def test_one_who_may_only_look_sees_what_a_statement_is_about(db: None) -> None:
    statement = make_statement(about=make_organization())
    user = User.objects.create(username="reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_statement"))
    client = Client()
    client.force_login(user)
    page = client.get(changing(statement))
    assert page.status_code == 200
    assert str(statement.about) in page.content.decode()


def test_a_filter_offers_only_what_is_in_use(desk: Client) -> None:
    lead = make_organization()
    make_organization()
    make_initiative(lead=lead)
    changelist = desk.get(listing(Initiative)).context["cl"]
    spec = next(spec for spec in changelist.filter_specs if spec.title == "lead")
    assert [choice["display"] for choice in spec.choices(changelist)][1:] == [str(lead), "–"]
