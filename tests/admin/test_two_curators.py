"""Two curators in one record: the second is shown what the first changed, field by field, and loses nothing typed."""

from __future__ import annotations

import re
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client

from initiatives.models import Citation, Initiative, Milestone, Organization
from tests.admin.pages import adding, changing, deleting, errors, form_data, listing, new_row
from tests.factories import make_citation, make_initiative, make_milestone, make_organization, make_pillar, make_source
from tests.history.clients import at_once
from tracker.history.models import Revision
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office() -> Organization:
    return make_organization(slug="office", name_en="Office", name_ar="مكتب", country="AE")


@pytest.fixture
def metro() -> Initiative:
    initiative = make_initiative(slug="metro", title_en="Metro")
    for number in (1, 2):
        make_milestone(initiative=initiative, slug=f"m-{number}", title_en=f"Step {number}", title_ar="")
    return initiative


@pytest.fixture
def other(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("badr"))
    return client


def save(client: Client, row: Any, data: dict[str, Any]) -> Any:
    return client.post(changing(row), data)


def shown(page: Any, name: str) -> Any:
    """What stands in a box of the form."""
    return form_data(page)[name]


def test_nobody_else_means_no_question(desk: Client, office: Organization) -> None:
    for name in ("One", "Two"):
        answer = save(desk, office, form_data(desk.get(changing(office)), name_en=name))
        assert answer.status_code == 302
    make_organization()
    data = form_data(desk.get(changing(office)), name_en="Three")
    make_organization()
    assert save(desk, office, data).status_code == 302


def test_the_second_is_told_who_changed_what_and_why_and_nothing_is_written(
    desk: Client, other: Client, office: Organization
) -> None:
    mine = form_data(desk.get(changing(office)), name_en="Mine")
    theirs = form_data(other.get(changing(office)), name_ar="لهم", change_reason="لسبب وجيه")
    assert save(other, office, theirs).status_code == 302
    last = current_revision()
    page = save(desk, office, mine)
    assert page.status_code == 200
    assert current_revision() == last
    html = page.content.decode()
    assert "Somebody else has changed this record meanwhile" in html
    assert "badr" in html
    assert "لسبب وجيه" in html
    (revision,) = page.context["meanwhile"]
    (change,) = revision.changes
    (field,) = change.fields
    assert (field.name, str(field.label)) == ("name_ar", "Name (Arabic)")
    assert "مكتب" in field.before
    assert "لهم" in field.after


def test_both_changes_last_when_the_second_saves_again(desk: Client, other: Client, office: Organization) -> None:
    mine = form_data(desk.get(changing(office)), name_en="Mine")
    save(other, office, form_data(other.get(changing(office)), name_ar="لهم", country="SA"))
    page = save(desk, office, mine)
    assert (shown(page, "name_en"), shown(page, "name_ar"), shown(page, "country")) == ("Mine", "لهم", "SA")
    assert save(desk, office, form_data(page)).status_code == 302
    office.refresh_from_db()
    assert (office.name_en, office.name_ar, office.country) == ("Mine", "لهم", "SA")


def test_a_field_that_both_changed_is_marked_and_keeps_what_the_second_typed(
    desk: Client, other: Client, office: Organization
) -> None:
    mine = form_data(desk.get(changing(office)), name_en="Mine", country="OM")
    save(other, office, form_data(other.get(changing(office)), name_en="Theirs", country="OM"))
    page = save(desk, office, mine)
    assert shown(page, "name_en") == "Mine"
    assert set(errors(page)) == {"", "name_en"}
    assert save(desk, office, form_data(page)).status_code == 302
    office.refresh_from_db()
    assert office.name_en == "Mine"


def test_the_reason_that_was_typed_is_not_lost_either(desk: Client, office: Organization) -> None:
    mine = form_data(desk.get(changing(office)), name_en="Mine", change_reason="Because")
    Organization.objects.filter(pk=office.pk).update(country="SA")
    assert 'value="Because"' in save(desk, office, mine).content.decode()


def test_wrong_input_and_a_change_meanwhile_are_told_together(desk: Client, office: Organization) -> None:
    mine = form_data(desk.get(changing(office)), name_en="", name_ar="", country="QQQ")
    Organization.objects.filter(pk=office.pk).update(website="https://example.org")
    page = save(desk, office, mine)
    assert {"", "country", "name_en"} <= set(errors(page))
    assert shown(page, "website") == "https://example.org"
    assert shown(page, "country") == "QQQ"


def test_writes_by_program_and_by_sql_count_as_well(desk: Client, office: Organization) -> None:
    mine = form_data(desk.get(changing(office)), name_en="Mine")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE initiatives_organization SET country = 'SA' WHERE id = %s", [office.pk])
    assert shown(save(desk, office, mine), "country") == "SA"


def test_lists_and_links_are_merged_too(desk: Client, other: Client) -> None:
    office = make_organization(aliases_en=["One"])
    mine = form_data(desk.get(changing(office)), name_en="Mine")
    save(other, office, form_data(other.get(changing(office)), aliases_en="One\nTwo"))
    assert save(desk, office, form_data(save(desk, office, mine))).status_code == 302
    office.refresh_from_db()
    assert (office.name_en, office.aliases_en) == ("Mine", ["One", "Two"])
    metro, one, two = make_initiative(), make_pillar(), make_pillar()
    mine = form_data(desk.get(changing(metro)), title_en="Mine")
    save(other, metro, form_data(other.get(changing(metro)), pillars=[one.pk, two.pk]))
    page = save(desk, metro, mine)
    assert save(desk, metro, form_data(page)).status_code == 302
    metro.refresh_from_db()
    assert (metro.title_en, set(metro.pillars.all())) == ("Mine", {one, two})
    mine = form_data(desk.get(changing(metro)), pillars=[one.pk])
    save(other, metro, form_data(other.get(changing(metro)), pillars=[two.pk]))
    page = save(desk, metro, mine)
    assert set(errors(page)) == {"", "pillars"}
    assert shown(page, "pillars") == [str(one.pk)]


# Parts ---------------------------------------------------------------------------------------------------------------


def place_of(data: dict[str, Any], pk: int) -> str:
    """The prefix of a milestone's boxes."""
    ids = {key: str(value) for key, value in data.items() if re.fullmatch(r"milestones-\d+-id", key)}
    key = next(key for key, value in ids.items() if value == str(pk))
    return key.removesuffix("id")


def test_parts_are_merged_field_by_field(desk: Client, other: Client, metro: Initiative) -> None:
    first, second = metro.milestones.order_by("pk")
    mine = form_data(desk.get(changing(metro)))
    mine[place_of(mine, first.pk) + "title_en"] = "Mine"
    theirs = form_data(other.get(changing(metro)))
    theirs[place_of(theirs, first.pk) + "title_ar"] = "لهم"
    theirs[place_of(theirs, second.pk) + "title_en"] = "Theirs"
    assert save(other, metro, theirs).status_code == 302
    page = save(desk, metro, mine)
    assert page.status_code == 200
    assert save(desk, metro, form_data(page)).status_code == 302
    found = list(metro.milestones.order_by("pk").values_list("title_en", "title_ar"))
    assert found == [("Mine", "لهم"), ("Theirs", "")]


def test_a_field_of_a_part_that_both_changed_is_marked_in_its_row(desk: Client, metro: Initiative) -> None:
    first, _second = metro.milestones.order_by("pk")
    mine = form_data(desk.get(changing(metro)))
    mine[place_of(mine, first.pk) + "title_en"] = "Mine"
    Milestone.objects.filter(pk=first.pk).update(title_en="Theirs")
    page = save(desk, metro, mine)
    data = form_data(page)
    assert set(errors(page)) == {"", place_of(data, first.pk) + "title_en"}
    assert len(errors(page)[""]) == 1
    assert data[place_of(data, first.pk) + "title_en"] == "Mine"


def test_parts_that_both_added_are_all_there(desk: Client, other: Client, metro: Initiative) -> None:
    mine = new_row(form_data(desk.get(changing(metro))), "milestones", title_en="Mine", weight="1")
    theirs = new_row(form_data(other.get(changing(metro))), "milestones", title_en="Theirs", weight="1")
    assert save(other, metro, theirs).status_code == 302
    page = save(desk, metro, mine)
    assert page.status_code == 200
    assert save(desk, metro, form_data(page)).status_code == 302
    assert set(metro.milestones.values_list("title_en", flat=True)) == {"Step 1", "Step 2", "Mine", "Theirs"}


def test_a_part_that_the_first_deleted_stays_deleted_unless_the_second_had_typed_into_it(
    desk: Client, metro: Initiative
) -> None:
    _first, second = metro.milestones.order_by("pk")
    mine = form_data(desk.get(changing(metro)))
    mine[place_of(mine, second.pk) + "title_en"] = "Mine"
    Milestone.objects.all().delete()
    page = save(desk, metro, mine)
    assert page.status_code == 200
    assert save(desk, metro, form_data(page)).status_code == 302
    assert list(metro.milestones.values_list("title_en", flat=True)) == ["Mine"]


def test_a_part_that_the_second_marked_for_deletion_stays_marked(desk: Client, metro: Initiative) -> None:
    first, second = metro.milestones.order_by("pk")
    mine = form_data(desk.get(changing(metro)))
    mine[place_of(mine, first.pk) + "DELETE"] = "on"
    Initiative.objects.filter(pk=metro.pk).update(title_en="Theirs")
    page = save(desk, metro, mine)
    data = form_data(page)
    assert data[place_of(data, first.pk) + "DELETE"]
    assert save(desk, metro, data).status_code == 302
    assert list(metro.milestones.all()) == [second]


def test_citations_are_merged_too(desk: Client, office: Organization) -> None:
    citation = make_citation(record=office, locator="1")
    prefix = "initiatives-citation-content_type-object_id"
    mine = form_data(desk.get(changing(office)))
    mine[f"{prefix}-0-claimed_value"] = "Mine"
    Citation.objects.filter(pk=citation.pk).update(locator="Theirs")
    added = make_citation(record=office, source=make_source(), locator="Added")
    page = save(desk, office, mine)
    assert save(desk, office, form_data(page)).status_code == 302
    found = set(Citation.objects.values_list("pk", "locator", "claimed_value"))
    assert found == {(citation.pk, "Theirs", "Mine"), (added.pk, "Added", "")}


# Deletion ------------------------------------------------------------------------------------------------------------


def test_what_was_typed_into_a_record_that_is_gone_can_be_saved_as_a_new_one(desk: Client, metro: Initiative) -> None:
    mine = form_data(desk.get(changing(metro)), title_en="Mine")
    Milestone.objects.all().delete()
    metro_page = changing(metro)
    Initiative.objects.all().delete()
    page = desk.post(metro_page, mine)
    assert page.status_code == 200
    html = page.content.decode()
    assert "was deleted meanwhile" in html
    assert f'action="{adding(Initiative)}"' in html
    assert shown(page, "title_en") == "Mine"
    assert desk.post(adding(Initiative), form_data(page)).status_code == 302
    assert list(Initiative.objects.values_list("slug", "title_en")) == [("metro", "Mine")]
    assert Milestone.objects.count() == 2


def test_a_record_that_changed_since_the_question_is_not_deleted(desk: Client, office: Organization) -> None:
    seen = desk.get(deleting(office)).context["seen"]
    Organization.objects.filter(pk=office.pk).update(country="SA")
    page = desk.post(deleting(office), {"post": "yes", "_revision": seen}, follow=True)
    assert "Somebody else has changed this record meanwhile" in page.content.decode()
    assert Organization.objects.filter(pk=office.pk).exists()
    seen = desk.get(deleting(office)).context["seen"]
    assert desk.post(deleting(office), {"post": "yes", "_revision": seen}).status_code == 302
    assert not Organization.objects.filter(pk=office.pk).exists()


def test_of_chosen_records_none_is_deleted_if_one_changed_since_the_question(
    desk: Client, office: Organization
) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [office.pk, make_organization().pk]}
    question = desk.post(listing(Organization), chosen)
    seen = question.context["seen"]
    assert f'name="_revision" value="{seen}"' in question.content.decode()
    Organization.objects.filter(pk=office.pk).update(country="SA")
    answer = {**chosen, "post": "yes", "_revision": seen}
    page = desk.post(listing(Organization), answer, follow=True)
    assert "Somebody else has changed “Office” meanwhile" in page.content.decode()
    assert Organization.objects.count() == 2
    asked_again = desk.post(listing(Organization), chosen).context["seen"]
    desk.post(listing(Organization), {**answer, "_revision": asked_again})
    assert Organization.objects.count() == 0


# Odd senders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", ["", "x", "-1", "0", "9" * 30, "99999"])
def test_a_revision_that_is_none_is_no_failure(desk: Client, office: Organization, seen: str) -> None:
    data = form_data(desk.get(changing(office)), name_en="Mine", _revision=seen)
    assert save(desk, office, data).status_code in (200, 302)


def test_one_who_may_only_look_is_refused_as_before(office: Organization) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_organization"))
    client = Client()
    client.force_login(user)
    assert "change_reason" not in client.get(changing(office)).content.decode()
    assert client.post(changing(office), {"_revision": "1", "name_en": "Mine"}).status_code == 403


# At the same moment --------------------------------------------------------------------------------------------------


def test_of_curators_who_save_at_the_same_moment_one_succeeds_and_the_others_are_asked(metro: Initiative) -> None:
    """Each changes another field of the record and of its part; nobody's change is overwritten unseen."""
    count = 8
    first = metro.milestones.order_by("pk")[0]
    clients = [Client() for _ in range(count)]
    for number, client in enumerate(clients):
        client.force_login(User.objects.create_superuser(f"curator-{number}"))
    for turn in range(3):
        pages = [form_data(client.get(changing(metro))) for client in clients]
        meeting = Barrier(count)

        def send(number: int, pages: Any = pages, meeting: Barrier = meeting, turn: int = turn) -> int:
            data = pages[number]
            data[place_of(data, first.pk) + "title_en"] = f"By {number} in {turn}"
            meeting.wait(10)
            return int(save(clients[number], metro, data).status_code)

        before = current_revision()
        codes = at_once([partial(send, number) for number in range(count)])
        assert sorted(codes) == [200] * (count - 1) + [302]
        assert current_revision() == before + 1
        first.refresh_from_db()
        winner = codes.index(302)
        assert first.title_en == f"By {winner} in {turn}"
        assert Revision.objects.get(number=before + 1).actor == f"curator-{winner}"
