"""History on the desk: who changed what, when and why; restoring a version; finding what was deleted."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives.models import Dashboard, Initiative, Milestone, Organization, Person
from tests.admin.pages import changing, deleted, deleting, form_data, history, listing, version
from tests.admin.rows import ROWS
from tests.factories import make_citation, make_initiative, make_milestone, make_organization, make_person
from tracker.history.models import Revision
from tracker.history.time_travel import current_revision
from tracker.history.tracking import tracked_table

pytestmark = pytest.mark.django_db(transaction=True)

VERSIONED = [model for model in ROWS if tracked_table(model._meta.db_table)]


@pytest.fixture
def office() -> Organization:
    return make_organization(slug="office", name_en="The old office", name_ar="المكتب القديم")


def said(page: Any) -> str:
    return " ".join(str(message) for message in get_messages(page.wsgi_request))


def change(desk: Client, row: models.Model, **typed: Any) -> None:
    assert desk.post(changing(row), form_data(desk.get(changing(row)), **typed)).status_code == 302


def restore(client: Client, row: models.Model, number: int, **typed: Any) -> Any:
    page = client.get(version(row, number))
    return client.post(version(row, number), {"_revision": page.context["seen"], **typed})


def staff_who_may(*permissions: str) -> Client:
    user = User.objects.create_user("some", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


# Reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", VERSIONED, ids=lambda model: model._meta.model_name)
def test_every_model_has_a_history_a_version_and_a_list_of_the_deleted(either_desk: Client, model: Any) -> None:
    row = ROWS[model]()
    first = current_revision()
    assert either_desk.get(history(row)).status_code == 200
    assert either_desk.get(version(row, first)).status_code == 200
    assert either_desk.get(deleted(model)).status_code == 200
    assert deleted(model) in either_desk.get(listing(model)).content.decode()


def test_each_revision_says_who_when_why_and_which_fields_from_what_to_what(desk: Client, office: Organization) -> None:
    change(desk, office, name_en="The new office", country="AE", kind="authority", change_reason="It has moved")
    page = desk.get(history(office))
    (last, number), (first, _number) = page.context["revisions"]
    assert (last.actor, last.reason, number) == ("curator", "It has moved", last.number)
    assert last.at > first.at
    (told,) = last.changes
    assert {field.name: str(field.label) for field in told.fields} == {
        "name_en": "Name (English)",
        "country": "Country",
        "kind": "Kind",
    }
    html = page.content.decode()
    assert "The <del>old</del> office" in html
    assert "The <ins>new</ins> office" in html
    assert "Authority or office" in html
    assert 'dir="rtl"' in first.changes[0].fields[2].after


def test_in_arabic_labels_choices_and_names_are_arabic(desk: Client, office: Organization) -> None:
    lead = make_organization(name_en="Lead", name_ar="القائد")
    change(desk, office, kind="authority", parent=lead.pk)
    desk.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    page = desk.get(history(office))
    (told,) = page.context["revisions"][0][0].changes
    fields = {field.name: field for field in told.fields}
    assert "القائد" in fields["parent"].after
    assert "Authority" not in fields["kind"].after
    assert "Kind" not in str(fields["kind"].label)
    assert "القديم" in told.heading


def test_a_generic_reference_is_named_in_arabic_too(desk: Client, office: Organization) -> None:
    citation = make_citation(record=office)
    desk.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    page = desk.get(history(citation)).content.decode()
    assert "السجل" in page
    assert ">Record<" not in page


def test_parts_links_and_citations_are_in_the_history_of_their_record(desk: Client) -> None:
    metro = make_initiative(slug="metro")
    make_milestone(initiative=metro, title_en="Opening")
    make_citation(record=metro)
    told = [each for revision, _number in desk.get(history(metro)).context["revisions"] for each in revision.changes]
    assert {each.model._meta.model_name for each in told} == {"initiative", "milestone", "citation"}


def test_what_somebody_wrote_is_never_markup(desk: Client, office: Organization) -> None:
    change(desk, office, name_en="<b>The office</b>", change_reason="<i>why</i>")
    html = desk.get(history(office)).content.decode()
    assert "<b>The" not in html
    assert "<i>why" not in html


def test_a_long_history_comes_in_pages(desk: Client, office: Organization) -> None:
    for number in range(30):
        Organization.objects.filter(pk=office.pk).update(country=f"A{chr(65 + number % 26)}")
    assert len(desk.get(history(office)).context["revisions"]) == 20
    assert len(desk.get(f"{history(office)}?p=2").context["revisions"]) == 11
    assert desk.get(f"{history(office)}?p=x").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_entries(desk: Client, office: Organization) -> None:
    def queries(times: int) -> int:
        for number in range(times):
            other = make_organization()
            Organization.objects.filter(pk=office.pk).update(parent=other, role_en=str(number))
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(history(office)).status_code == 200
        return len(seen)

    queries(2)
    assert queries(1) == queries(15)


def test_what_is_not_under_version_control_keeps_djangos_history(desk: Client) -> None:
    dashboard = ROWS[Dashboard]()
    assert desk.get(history(dashboard)).status_code == 200


def test_who_may_not_see_the_record_does_not_see_its_history(office: Organization) -> None:
    client = staff_who_may("view_person")
    assert client.get(history(office)).status_code == 403
    assert client.get(version(office, 1)).status_code == 403
    assert client.get(deleted(Organization)).status_code == 403
    assert deleted(Person) not in client.get(listing(Person)).content.decode()


@pytest.mark.parametrize("number", [0, 99_999, 10**30])
def test_a_revision_that_is_none_is_404(desk: Client, office: Organization, number: int) -> None:
    assert desk.get(version(office, number)).status_code == 404


@pytest.mark.parametrize("pk", ["99999", "x", "0", str(10**30)])
def test_a_record_that_never_was_is_404(desk: Client, office: Organization, pk: str) -> None:
    for page in (history(office), version(office, 1)):
        assert desk.get(page.replace(f"/{office.pk}/", f"/{pk}/")).status_code == 404


# Restoring -----------------------------------------------------------------------------------------------------------


def test_a_version_is_compared_with_now_and_restored_as_a_new_revision(desk: Client, office: Organization) -> None:
    first = current_revision()
    change(desk, office, name_en="The new office", country="AE")
    page = desk.get(version(office, first))
    (told,) = page.context["changes"]
    assert {field.name for field in told.fields} == {"name_en", "country"}
    answer = restore(desk, office, first, change_reason="A mistake")
    assert answer.status_code == 302
    assert answer["Location"] == changing(office)
    office.refresh_from_db()
    assert (office.name_en, office.country) == ("The old office", "")
    last = Revision.objects.get(number=first + 2)
    assert (last.actor, last.reason) == ("curator", "A mistake")
    assert current_revision() == first + 2


def test_without_a_reason_the_revision_says_what_it_restored(desk: Client, office: Organization) -> None:
    first = current_revision()
    change(desk, office, country="AE")
    restore(desk, office, first)
    assert Revision.objects.get(number=current_revision()).reason == f"Restored revision {first}."


def test_what_is_as_it_was_has_nothing_to_restore(desk: Client, office: Organization) -> None:
    page = desk.get(version(office, current_revision()))
    assert not page.context["may_restore"]
    assert '<form method="post">' not in page.content.decode().split("content-main")[1]


def test_parts_come_back_with_their_record(desk: Client) -> None:
    metro = make_initiative(slug="metro")
    milestone = make_milestone(initiative=metro, title_en="Opening")
    number = current_revision()
    milestone.delete()
    page = desk.get(version(metro, number))
    assert {each.model for each in page.context["changes"]} >= {Milestone}
    restore(desk, metro, number)
    assert metro.milestones.get().title_en == "Opening"


def test_a_change_since_the_page_was_opened_is_not_overwritten(desk: Client, office: Organization) -> None:
    first = current_revision()
    change(desk, office, country="AE")
    seen = desk.get(version(office, first)).context["seen"]
    Organization.objects.filter(pk=office.pk).update(country="SA")
    answer = desk.post(version(office, first), {"_revision": seen})
    assert "Look again" in said(answer)
    office.refresh_from_db()
    assert office.country == "SA"


def test_a_refusal_is_said_and_nothing_is_written(desk: Client, office: Organization) -> None:
    parent = make_organization(slug="parent")
    change(desk, office, parent=parent.pk)
    number = current_revision()
    change(desk, office, parent="")
    parent.delete()
    last = current_revision()
    answer = restore(desk, office, number)
    assert "organizations/parent" in said(answer)
    assert current_revision() == last


def test_who_may_not_write_may_look_but_not_restore(office: Organization) -> None:
    first = current_revision()
    Organization.objects.filter(pk=office.pk).update(country="AE")
    client = staff_who_may("view_organization")
    page = client.get(version(office, first))
    assert not page.context["may_restore"]
    assert client.post(version(office, first), {"_revision": page.context["seen"]}).status_code == 403
    office.refresh_from_db()
    assert office.country == "AE"


def test_parts_need_their_own_permissions(office: Organization) -> None:
    citation = make_citation(record=office)
    first = current_revision()
    citation.delete()
    client = staff_who_may("view_organization", "change_organization")
    answer = restore(client, office, first)
    assert "initiatives.add_citation" in said(answer)
    assert office.citations.count() == 0


# What is gone --------------------------------------------------------------------------------------------------------


def test_a_deleted_record_is_found_read_and_restored_under_its_old_id(desk: Client, office: Organization) -> None:
    make_citation(record=office)
    number = current_revision()
    page = desk.get(deleting(office))
    data = {"post": "yes", "_revision": page.context["seen"], "change_reason": "Never existed"}
    assert desk.post(deleting(office), data).status_code == 302
    page = desk.get(deleted(Organization))
    ((gone, name),) = page.context["records"]
    assert (name, gone.actor, gone.reason) == ("The old office", "curator", "Never existed")
    assert history(office) in page.content.decode()
    page = desk.get(history(office))
    revision, version_before = page.context["revisions"][0]
    assert (revision.number, version_before) == (number + 1, number)
    assert restore(desk, office, number).status_code == 302
    back = Organization.objects.get(pk=office.pk)
    assert (back.slug, back.citations.count()) == ("office", 1)
    assert desk.get(deleted(Organization)).context["records"] == []


def test_deleted_records_are_found_by_name_in_any_spelling(desk: Client) -> None:
    for slug, arabic in (("one", "إدارة المدينة"), ("two", "المترو")):
        make_organization(slug=slug, name_en=slug.title(), name_ar=arabic).delete()
    make_person(slug="one")

    def found(term: str) -> list[str]:
        return [name for _gone, name in desk.get(deleted(Organization), {"q": term}).context["records"]]

    assert found("") == ["Two", "One"]
    assert found("ادارة") == ["One"]
    assert found("TWO") == ["Two"]
    assert found("one two") == []


def test_a_long_list_of_the_deleted_comes_in_pages(desk: Client) -> None:
    for _number in range(51):
        make_person()
    Person.objects.all().delete()
    assert len(desk.get(deleted(Person)).context["records"]) == 50
    assert len(desk.get(deleted(Person), {"p": 2}).context["records"]) == 1
    assert desk.get(deleted(Person), {"p": "9" * 40}).status_code == 200


def test_a_part_has_no_way_back_before_its_record(desk: Client) -> None:
    metro = make_initiative(slug="metro")
    milestone = make_milestone(initiative=metro)
    number = current_revision()
    Milestone.objects.all().delete()
    Initiative.objects.all().delete()
    assert "initiatives/metro" in said(restore(desk, milestone, number))
    restore(desk, metro, number)
    assert Milestone.objects.get() == milestone


# Reasons -------------------------------------------------------------------------------------------------------------


def reason() -> str:
    return Revision.objects.get(number=current_revision()).reason


def test_an_action_is_recorded_with_its_reason(desk: Client) -> None:
    metro = make_initiative(slug="metro")
    data = {"_selected_action": metro.pk, "action": "delete_selected", "change_reason": "كُرِّر"}
    page = desk.post(listing(Initiative), data)
    assert 'value="كُرِّر"' in page.content.decode()
    assert desk.post(listing(Initiative), {**data, "post": "yes"}).status_code == 302
    assert not Initiative.objects.exists()
    assert reason() == "كُرِّر"


def test_a_merge_is_recorded_with_its_reason(desk: Client) -> None:
    one, two = make_organization(), make_organization()
    data = {"_selected_action": [one.pk, two.pk], "action": "merge", "change_reason": "Twice"}
    assert 'value="Twice"' in desk.post(listing(Organization), data).content.decode()
    desk.post(listing(Organization), {**data, "into": two.pk})
    assert reason() == "Twice"


def test_the_form_of_a_refused_write_keeps_the_reason(desk: Client, office: Organization) -> None:
    page = desk.post(changing(office), form_data(desk.get(changing(office)), country="?", change_reason="Because"))
    assert 'value="Because"' in page.content.decode()
