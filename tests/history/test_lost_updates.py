"""No update is lost or overwrites another unseen: ETags, If-Match, If-None-Match, and writers at the same moment."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from initiatives.models import Milestone, Organization, Platform, Source
from tests.history.clients import API, Program, at_once, crew, curator
from tracker.history.models import Revision

pytestmark = pytest.mark.django_db(transaction=True)

OFFICE = "organizations/office/"
UNSEEN = '"{}-00000000"'


@pytest.fixture
def program() -> Program:
    return curator()


@pytest.fixture
def office() -> Organization:
    return Organization.objects.create(slug="office", name_en="Office")


def number_in(tag: str) -> int:
    return int(tag.strip('"').split("-")[0])


# Reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [OFFICE, "organizations/"])
def test_every_read_has_a_strong_tag_that_names_the_revision(program: Program, office: Organization, path: str) -> None:
    tag = program.get(path)["ETag"]
    assert number_in(tag) == Revision.objects.latest("number").number
    assert not tag.startswith("W/")


@pytest.mark.parametrize("path", [OFFICE, "organizations/", "organizations/?name_en=Office&limit=1"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_reader_who_has_it_already_gets_304(program: Program, office: Organization, path: str, form: str) -> None:
    tag = program.get(path)["ETag"]
    answer = program.get(path, If_None_Match=form.format(tag))
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("path", [OFFICE, "organizations/"])
def test_a_reader_who_has_an_older_one_gets_the_new_one(program: Program, office: Organization, path: str) -> None:
    tag = program.get(path)["ETag"]
    Organization.objects.create(slug="other", name_en="Other")
    answer = program.get(path, If_None_Match=tag)
    assert answer.status_code == 200
    assert number_in(answer["ETag"]) == number_in(tag) + 1


@pytest.mark.parametrize("path", ["organizations/nowhere/", "organizations/?limit=-1", "organizations/?nmae=x"])
def test_a_wrong_address_is_never_304(program: Program, office: Organization, path: str) -> None:
    tag = program.get(OFFICE)["ETag"]
    assert program.get(path, If_None_Match=tag).status_code in (400, 404)
    assert program.get(path, If_None_Match="*").status_code in (400, 404)


def test_readers_of_different_rights_or_languages_do_not_share_tags(program: Program, office: Organization) -> None:
    tags = {
        program.get(OFFICE)["ETag"],
        program.get(OFFICE, Accept_Language="ar")["ETag"],
        Client().get(API + OFFICE)["ETag"],
        Client().get(API + OFFICE, headers={"Accept": "text/html"})["ETag"],
    }
    assert len(tags) == 4


def test_the_answer_to_a_write_has_the_tag_that_the_next_reader_gets(program: Program) -> None:
    created = program.post("organizations/", {"name": {"en": "Office"}, "slug": "office"})
    assert created["ETag"] == program.get(OFFICE)["ETag"]
    changed = program.patch(OFFICE, {"country": "AE"})
    assert changed["ETag"] == program.get(OFFICE)["ETag"]
    assert number_in(changed["ETag"]) == int(changed["X-Revision"]) == int(created["X-Revision"]) + 1


# Writing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_write_with_the_current_tag_is_done(program: Program, office: Organization, method: str) -> None:
    tag = program.get(OFFICE)["ETag"]
    body = None if method == "DELETE" else {"name": {"en": "New"}}
    assert program.send(method, OFFICE, body, If_Match=tag).status_code in (200, 204)


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_write_with_an_old_tag_is_412_and_told_the_current_one(
    program: Program, office: Organization, method: str
) -> None:
    tag = program.get(OFFICE)["ETag"]
    Organization.objects.filter(pk=office.pk).update(country="AE")
    body = None if method == "DELETE" else {"name": {"en": "New"}}
    refused = program.send(method, OFFICE, body, If_Match=tag)
    assert refused.status_code == 412
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["ETag"] == program.get(OFFICE)["ETag"]
    office.refresh_from_db()
    assert (office.name_en, office.country) == ("Office", "AE")
    assert program.send(method, OFFICE, body, If_Match=refused["ETag"]).status_code in (200, 204)


def test_changes_elsewhere_do_not_spoil_a_tag(program: Program, office: Organization) -> None:
    tag = program.get(OFFICE)["ETag"]
    Organization.objects.create(slug="other", name_en="Other")
    assert program.patch(OFFICE, {"country": "AE"}, If_Match=tag).status_code == 200


def test_a_change_of_a_citation_spoils_the_tag(program: Program, office: Organization) -> None:
    Source.objects.create(slug="article", title_en="Article")
    cited = program.patch(OFFICE, {"citations": [{"source": "article", "locator": "L1"}]})
    tag = cited["ETag"]
    citation = cited.json()["citations"][0]["slug"]
    assert program.patch(f"citations/{citation}/", {"locator": "L2"}).status_code == 200
    assert program.patch(OFFICE, {"country": "AE"}, If_Match=tag).status_code == 412


def test_a_change_of_a_part_spoils_the_tag(program: Program) -> None:
    body = {"slug": "city", "name": {"en": "City"}, "capabilities": [{"text": {"en": "Pay"}}]}
    tag = program.post("platforms/", body)["ETag"]
    Platform.objects.get().capabilities.update(text_en="Pay all")
    assert program.patch("platforms/city/", {"website": "https://example.org"}, If_Match=tag).status_code == 412


def test_the_deletion_of_a_part_spoils_the_tag(program: Program) -> None:
    body = {
        "slug": "metro",
        "title": {"en": "Metro"},
        "kind": "project",
        "milestones": [{"slug": "opening", "title": {"en": "Opening"}}],
    }
    tag = program.post("initiatives/", body)["ETag"]
    Milestone.objects.all().delete()
    assert program.patch("initiatives/metro/", {"kind": "plan"}, If_Match=tag).status_code == 412


@pytest.mark.parametrize("form", ["*", '"x", {}', " {} ,"])
def test_one_tag_that_fits_is_enough(program: Program, office: Organization, form: str) -> None:
    tag = program.get(OFFICE)["ETag"]
    assert program.patch(OFFICE, {"country": "AE"}, If_Match=form.format(tag)).status_code == 200


@pytest.mark.parametrize("form", ["W/{}", "", "office", "{}x", '"*"', UNSEEN.format(0), UNSEEN.format(10**17)])
def test_weak_malformed_and_unheard_of_tags_never_fit(program: Program, office: Organization, form: str) -> None:
    tag = program.get(OFFICE)["ETag"]
    assert program.patch(OFFICE, {"country": "AE"}, If_Match=form.format(tag)).status_code == 412


def test_who_has_read_the_past_has_not_seen_the_present(program: Program, office: Organization) -> None:
    first = Revision.objects.latest("number").number
    Organization.objects.filter(pk=office.pk).update(country="AE")
    tag = program.get(f"{OFFICE}?as_of={first}")["ETag"]
    assert program.patch(OFFICE, {"country": "SA"}, If_Match=tag).status_code == 412


def test_a_write_without_a_precondition_is_done(program: Program, office: Organization) -> None:
    assert program.patch(OFFICE, {"country": "AE"}).status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_setting_makes_the_precondition_required(
    program: Program, office: Organization, settings: Any, method: str
) -> None:
    settings.TRACKER_REQUIRE_IF_MATCH = True
    body = None if method == "DELETE" else {"name": {"en": "New"}}
    refused = program.send(method, OFFICE, body)
    assert refused.status_code == 428
    assert refused.json()["type"].endswith("#precondition_required")
    assert program.send(method, OFFICE, body, If_Match=program.get(OFFICE)["ETag"]).status_code in (200, 204)


# At the same moment --------------------------------------------------------------------------------------------------


def test_of_50_writers_with_the_same_tag_exactly_one_succeeds(program: Program, office: Organization) -> None:
    with crew(50) as together:
        for turn in range(20):
            tag = program.get(OFFICE)["ETag"]
            names = [f"Writer {number} of {turn}" for number in range(50)]
            calls = [partial(program.patch, OFFICE, {"name": {"en": name}}, If_Match=tag) for name in names]
            answers = together(calls)
            assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 49}
            winner = next(name for name, answer in zip(names, answers, strict=True) if answer.status_code == 200)
            office.refresh_from_db()
            assert office.name_en == winner


def test_two_writers_of_different_fields_both_last(program: Program, office: Organization) -> None:
    with crew(2) as together:
        for number in range(200):
            name, address = f"Name {number}", f"https://example.org/{number}"
            answers = together(
                [
                    partial(program.patch, OFFICE, {"name": {"en": name}}),
                    partial(program.patch, OFFICE, {"website": address}),
                ]
            )
            assert [answer.status_code for answer in answers] == [200, 200]
            office.refresh_from_db()
            assert (office.name_en, office.website) == (name, address)


def test_of_50_creations_of_one_slug_exactly_one_succeeds(program: Program) -> None:
    calls = [
        partial(program.post, "organizations/", {"slug": "office", "name": {"en": str(number)}}) for number in range(50)
    ]
    answers = at_once(calls)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}
    assert Organization.objects.count() == 1


def test_two_records_may_come_to_refer_to_each_other_at_the_same_moment(program: Program) -> None:
    for slug in ("one", "two"):
        Organization.objects.create(slug=slug, name_en=slug)
    answers = at_once(
        [
            partial(program.patch, "organizations/one/", {"successor": "two"}),
            partial(program.patch, "organizations/two/", {"parent": "one"}),
        ]
    )
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_user_who_lost_their_rights_does_not_get_304_for_what_they_saw(
    program: Program, office: Organization
) -> None:
    tag = program.get(OFFICE)["ETag"]
    User.objects.update(is_staff=False)
    assert program.get(OFFICE, If_None_Match=tag).status_code == 200
