"""What the database refuses is an error of the form with all that was typed, or a message; never a failure."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection, models
from django.test import Client

from initiatives.models import (
    Citation,
    Initiative,
    Involvement,
    Milestone,
    MilestoneDependency,
    Organization,
    Partnership,
    Statement,
)
from tests.admin.pages import adding, changing, deleting, errors, form_data, listing, new_row
from tests.factories import (
    make_capability,
    make_initiative,
    make_involvement,
    make_milestone,
    make_organization,
    make_partnership,
    make_person,
    make_pillar,
    make_smart_service,
    make_statement,
)


def statement_about(row: models.Model) -> Statement:
    """A statement about the row, as if written long before."""
    statement = make_statement(about=row)
    connection.check_constraints()
    return statement


def said(page: Any) -> str:
    return " ".join(str(message) for message in get_messages(page.wsgi_request))


def test_a_record_without_a_name_is_refused_at_the_name(desk: Client) -> None:
    page = desk.post(adding(Organization), form_data(desk.get(adding(Organization))))
    assert errors(page) == {"name_en": ["Give this text in English, in Arabic or in both."]}


def test_an_end_before_the_start_is_refused_at_the_end(desk: Client) -> None:
    data = form_data(
        desk.get(adding(Organization)), name_en="Office", founded_on="2016-01-02", dissolved_on="2016-01-01"
    )
    assert errors(desk.post(adding(Organization), data)) == {"dissolved_on": ["The end must not be before the start."]}


def test_a_slug_that_is_taken_is_refused_at_the_slug(desk: Client) -> None:
    taken = make_organization()
    data = form_data(desk.get(adding(Organization)), name_en="Office", slug=taken.slug)
    assert list(errors(desk.post(adding(Organization), data))) == ["slug"]


def test_an_override_without_a_reason_is_refused_at_the_reason(desk: Client) -> None:
    data = form_data(desk.get(adding(Initiative)), title_en="Plan", status_override="on_hold")
    assert errors(desk.post(adding(Initiative), data)) == {"status_reason_en": ["Say why the status is overridden."]}


def test_the_same_partnership_twice_is_refused(desk: Client) -> None:
    partnership = make_partnership()
    data = form_data(
        desk.get(adding(Partnership)),
        organization=partnership.organization_id,
        with_organization=partnership.with_organization_id,
        tier="partner",
    )
    page = desk.post(adding(Partnership), data)
    assert errors(page) == {"with_organization": ["These two already have a partnership without a start date."]}


def test_overlapping_times_are_refused(desk: Client) -> None:
    partnership = make_partnership(since="2016-01-01")
    data = form_data(
        desk.get(adding(Partnership)),
        organization=partnership.organization_id,
        with_organization=partnership.with_organization_id,
        tier="strategic",
        since="2017-01-01",
    )
    page = desk.post(adding(Partnership), data)
    assert errors(page) == {"": ["These two already have a partnership for some of this time."]}


def test_a_part_that_is_there_already_is_refused_in_its_row(desk: Client) -> None:
    involvement = make_involvement()
    data = form_data(desk.get(changing(involvement.initiative)))
    data = new_row(data, "involvements", organization=involvement.organization_id, role="partner")
    page = desk.post(changing(involvement.initiative), data)
    assert errors(page) == {"involvements-1-role": ["This organization already has this role without a start date."]}


def test_two_new_parts_that_exclude_each_other_are_refused(desk: Client) -> None:
    initiative, organization = make_initiative(), make_organization()
    data = form_data(desk.get(changing(initiative)), summary_en="What I typed")
    for start in ("2016-01-01", "2016-02-01"):
        data = new_row(data, "involvements", organization=organization.pk, role="partner", start=start)
    page = desk.post(changing(initiative), data)
    assert errors(page) == {"": ["This organization already has this role for some of this time."]}
    assert "What I typed" in page.content.decode()
    assert not Involvement.objects.exists()


def test_a_cycle_is_refused_at_its_field_with_all_that_was_typed(desk: Client) -> None:
    parent = make_organization()
    child = make_organization(parent=parent)
    data = form_data(desk.get(changing(parent)), parent=child.pk, role_en="What I typed")
    page = desk.post(changing(parent), data)
    assert page.status_code == 200
    assert list(errors(page)) == ["parent"]
    assert "cycle" in errors(page)["parent"][0]
    assert "What I typed" in page.content.decode()
    parent.refresh_from_db()
    assert (parent.parent, parent.role_en) == (None, "")


def test_a_cycle_of_dependencies_is_refused(desk: Client) -> None:
    first = make_milestone()
    second = make_milestone(initiative=first.initiative)
    MilestoneDependency.objects.create(milestone=second, depends_on=first)
    data = new_row(form_data(desk.get(changing(first))), "dependencies", depends_on=second.pk)
    page = desk.post(changing(first), data)
    assert page.status_code == 200
    assert "cycle" in errors(page)[""][0]
    assert MilestoneDependency.objects.count() == 1


@pytest.mark.parametrize("key", ["organization:0", "organization:999999999", "nonsense", "user:1", "organization:٣"])
def test_a_reference_to_no_record_is_refused_at_its_field(desk: Client, key: str) -> None:
    data = form_data(desk.get(adding(Statement)), gist_en="Said", mode="narration", about=key)
    assert list(errors(desk.post(adding(Statement), data))) == ["about"]


def test_a_number_that_no_column_holds_is_refused_at_its_field(desk: Client) -> None:
    data = form_data(desk.get(adding(Milestone)), title_en="M", initiative=make_initiative().pk, weight="9" * 40)
    assert list(errors(desk.post(adding(Milestone), data))) == ["weight"]


@pytest.mark.parametrize("number", ["9" * 30, "-1", "x", "\x00"])
def test_a_reference_that_is_no_id_is_refused_at_its_field(desk: Client, number: str) -> None:
    data = form_data(desk.get(adding(Milestone)), title_en="M", initiative=number)
    assert list(errors(desk.post(adding(Milestone), data))) == ["initiative"]


def test_deleting_what_others_refer_to_names_them(desk: Client) -> None:
    partnership = make_partnership()
    page = desk.get(deleting(partnership.organization))
    assert changing(partnership) in page.content.decode()
    assert desk.post(deleting(partnership.organization), {"post": "yes"}).status_code == 200
    partnership.refresh_from_db()


def test_deleting_what_a_statement_is_about_names_the_statement(desk: Client) -> None:
    organization = make_organization()
    statement = statement_about(organization)
    page = desk.post(deleting(organization), {"post": "yes"})
    assert changing(statement) in page.content.decode()
    assert Organization.objects.filter(pk=organization.pk).exists()


def test_deleting_a_record_whose_part_a_statement_is_about_says_so(desk: Client) -> None:
    capability = make_capability()
    statement = statement_about(capability)
    page = desk.post(deleting(capability.platform), {"post": "yes"})
    assert page.status_code == 302
    assert statement.slug in said(page)
    capability.refresh_from_db()


def test_deleting_many_with_one_that_is_referred_to_deletes_none(desk: Client) -> None:
    capability, other = make_capability(), make_capability()
    statement_about(capability)
    chosen = [capability.platform_id, other.platform_id]
    data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    page = desk.post(listing(type(capability.platform)), data)
    assert page.status_code == 302
    assert "Still referred to" in said(page)
    other.refresh_from_db()


def test_deleting_a_record_takes_its_citations_along(desk: Client) -> None:
    person = make_person()
    make_statement(speaker=None, mode="narration")
    assert desk.post(deleting(person), {"post": "yes"}).status_code == 302
    assert not Citation.objects.exists()


def test_removing_a_part_that_others_refer_to_is_refused_in_the_form(desk: Client) -> None:
    pillar = make_pillar()
    make_smart_service(pillar=pillar)
    data = form_data(desk.get(changing(pillar.strategy)))
    page = desk.post(changing(pillar.strategy), {**data, "pillars-0-DELETE": "on"})
    assert page.status_code == 200
    assert "smart service" in page.content.decode()
    pillar.refresh_from_db()


def test_removing_a_part_that_a_statement_is_about_is_refused_in_the_form(desk: Client) -> None:
    capability = make_capability()
    statement = statement_about(capability)
    data = form_data(desk.get(changing(capability.platform)))
    page = desk.post(changing(capability.platform), {**data, "capabilities-0-DELETE": "on"})
    assert page.status_code == 200
    assert statement.slug in errors(page)[""][0]
    capability.refresh_from_db()
