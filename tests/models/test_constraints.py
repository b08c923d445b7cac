"""The database itself refuses what no record may say, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from tests import factories as make
from tracker.api.viewsets import check_deferred_constraints

pytestmark = pytest.mark.django_db

EARLY, LATE = "2017-01-01", "2018-01-01"


def twice(factory: Callable[..., Any], **fields: Any) -> None:
    """Make two rows that differ in nothing that matters."""
    factory(**fields)
    factory(**fields)


# What is refused, and the rule that refuses it.
REFUSED: list[tuple[str, Callable[[], Any]]] = [
    ("organization_slug_form", lambda: make.make_organization(slug="Not a slug")),
    ("organization_slug_form", lambda: make.make_organization(slug="a\n")),
    ("organization_slug_form", lambda: make.make_organization(slug="a\u202e")),
    ("initiatives_organization_slug_key", lambda: twice(make.make_organization, slug="a")),
    ("organization_name_required", lambda: make.make_organization(name_en="", name_ar="")),
    (
        "organization_dissolved_on_not_before_founded_on",
        lambda: make.make_organization(founded_on=LATE, dissolved_on=EARLY),
    ),
    ("appointment_end_not_before_start", lambda: make.make_appointment(start=LATE, end=EARLY)),
    (
        "appointment_overlap",
        lambda: twice(
            make.make_appointment,
            person=make.make_person(),
            organization=make.make_organization(),
            title_en="Head",
            start=EARLY,
        ),
    ),
    ("pillar_position", lambda: twice(make.make_pillar, strategy=make.make_strategy())),
    ("initiative_override_has_reason", lambda: make.make_initiative(status_override="on_hold")),
    ("initiative_budget_has_currency", lambda: make.make_initiative(budget_amount=1)),
    ("initiative_budget_has_currency", lambda: make.make_initiative(budget_currency="AED")),
    ("initiative_budget_has_currency", lambda: make.make_initiative(budget_amount=-1, budget_currency="AED")),
    ("initiative_stated_progress_sourced", lambda: make.make_initiative(stated_progress=1)),
    (
        "initiative_stated_progress_sourced",
        lambda: make.make_initiative(stated_progress=101, progress_source=make.make_source()),
    ),
    (
        "involvement_once_undated",
        lambda: twice(make.make_involvement, initiative=make.make_initiative(), organization=make.make_organization()),
    ),
    (
        "involvement_overlap",
        lambda: twice(
            make.make_involvement,
            initiative=make.make_initiative(),
            organization=make.make_organization(),
            start=EARLY,
        ),
    ),
    (
        "progress_update_once_a_day",
        lambda: twice(make.make_progress_update, initiative=make.make_initiative(), on=LATE),
    ),
    ("milestone_weight_positive", lambda: make.make_milestone(weight=0)),
    (
        "milestone_dependency_once",
        lambda: twice(make.make_dependency, milestone=make.make_milestone(), depends_on=make.make_milestone()),
    ),
    ("roadmap_item_one_target", lambda: make.make_roadmap_item(initiative=None)),
    (
        "roadmap_item_one_target",
        lambda: make.make_roadmap_item(initiative=make.make_initiative(), milestone=make.make_milestone()),
    ),
    ("roadmap_item_position", lambda: twice(make.make_roadmap_item, roadmap=make.make_roadmap())),
    ("indicator_one_subject", lambda: make.make_indicator(organization=None)),
    (
        "indicator_one_subject",
        lambda: make.make_indicator(organization=make.make_organization(), goal=make.make_goal()),
    ),
    ("indicator_code", lambda: twice(make.make_indicator, code="A1")),
    ("indicator_unit_required", lambda: make.make_indicator(unit_en="")),
    ("target_once_a_day", lambda: twice(make.make_target, indicator=make.make_indicator(), on=LATE)),
    ("observation_once_a_day", lambda: twice(make.make_observation, indicator=make.make_indicator(), on=LATE)),
    ("observation_one_form", lambda: make.make_observation(stated_value=None)),
    ("observation_one_form", lambda: make.make_observation(numerator=1)),
    ("observation_one_form", lambda: make.make_observation(numerator=1, denominator=0)),
    ("observation_one_form", lambda: make.make_observation(numerator=1, denominator=-1)),
    ("observation_one_form", lambda: make.make_observation(numerator=1, denominator=2, stated_value=50)),
    (
        "partnership_once_undated",
        lambda: twice(
            make.make_partnership, organization=make.make_organization(), with_organization=make.make_organization()
        ),
    ),
    (
        "partnership_overlap",
        lambda: twice(
            make.make_partnership,
            organization=make.make_organization(),
            with_organization=make.make_organization(),
            since=EARLY,
        ),
    ),
    ("capability_delivery_date", lambda: make.make_capability(delivered_on=LATE)),
    ("capability_position", lambda: twice(make.make_capability, platform=make.make_platform())),
    (
        "service_release_version",
        lambda: twice(make.make_service_release, smart_service=make.make_smart_service(), version="1"),
    ),
    (
        "agreement_overlap",
        lambda: twice(
            make.make_sharing_agreement,
            dataset=make.make_dataset(),
            recipient=make.make_organization(),
            status="active",
        ),
    ),
    ("participation_one_participant", lambda: make.make_participation(person=None)),
    ("participation_one_participant", lambda: make.make_participation(person=make.make_person(), group_en="Heads")),
    ("participation_position", lambda: twice(make.make_participation, engagement=make.make_engagement())),
    ("agenda_item_position", lambda: twice(make.make_agenda_item, engagement=make.make_engagement())),
    ("agenda_item_whole_reference", lambda: make.make_agenda_item(refers_to_id=1)),
    ("statement_has_speaker", lambda: make.make_statement(speaker=None)),
    ("statement_whole_reference", lambda: make.make_statement(about_id=1)),
]
ITSELF: dict[str, Callable[[], Any]] = {
    "partnership_two_organizations": lambda: _between(make.make_partnership, "organization", "with_organization"),
    "agreement_two_organizations": lambda: _between(make.make_sharing_agreement, "provider", "recipient"),
}


def _between(factory: Callable[..., Any], one: str, other: str) -> None:
    organization = make.make_organization()
    factory(**{one: organization, other: organization})


def refusal_of(write: Callable[[], Any]) -> str:
    """The name of the rule that refuses a write, at once or at its end."""

    @transaction.atomic
    def commit() -> None:
        write()
        check_deferred_constraints()

    with pytest.raises(IntegrityError) as refused:
        commit()
    name: str = refused.value.__cause__.diag.constraint_name  # type: ignore[union-attr]
    return name


@pytest.mark.parametrize(("rule", "write"), [*REFUSED, *ITSELF.items()])
def test_the_rule_refuses_the_row(rule: str, write: Callable[[], Any]) -> None:
    assert refusal_of(write) == rule


def test_every_rule_of_the_domain_is_tried() -> None:
    tried = {rule for rule, _write in REFUSED} | set(ITSELF)
    declared = {
        constraint.name
        for model in apps.get_app_config("initiatives").get_models()
        for constraint in model._meta.constraints
    }
    # These are made by one function each; one of each is tried above.
    alike = ("_slug_form", "_required")
    untried = {name for name in declared - tried if not name.endswith(alike) and "_not_before_" not in name}
    # Of what is no record; those who write it meet these rules in tests of their own.
    assert untried == {
        "dashboard_key_while_shared",
        "dashboard_share_key",
        "feed_reader_marks_not_negative",
        "follow_once",
        "happiness_count_once",
        "invitation_once",
        "join_request_once",
        "membership_once",
        "next_version_once",
        "rating_comment_has_state",
        "rating_score_known",
        "reminder_once",
        "waiting_ratings_once",
        "webhook_cursor_not_negative",
        "webhook_paused_with_reason",
        "widget_group_of_chart",
        "widget_position",
        "widget_position_in_range",
    }


# Cycles --------------------------------------------------------------------------------------------------------------

HIERARCHIES: list[tuple[Callable[..., Any], str]] = [
    (make.make_organization, "parent"),
    (make.make_organization, "successor"),
    (make.make_initiative, "parent"),
    (make.make_indicator, "parent"),
    (make.make_person, "replaced_by"),
]


@pytest.mark.parametrize(("factory", "link"), HIERARCHIES)
@pytest.mark.parametrize("length", [1, 2, 5])
def test_no_row_comes_back_to_itself(factory: Callable[..., Any], link: str, length: int) -> None:
    rows = [factory()]
    for _ in range(length - 1):
        rows.append(factory(**{link: rows[-1]}))
    rule = refusal_of(lambda: type(rows[0]).objects.filter(pk=rows[0].pk).update(**{link: rows[-1]}))
    assert rule.endswith(f"_{link}_cycle")


def test_a_cycle_may_pass_through_a_transaction_that_ends_without_it() -> None:
    first = make.make_organization()
    second = make.make_organization(parent=first)
    with transaction.atomic():
        type(first).objects.filter(pk=first.pk).update(parent=second)
        type(first).objects.filter(pk=second.pk).update(parent=None)
        check_deferred_constraints()
    first.refresh_from_db()
    assert first.parent == second


def test_raw_sql_cannot_close_a_cycle_either() -> None:
    first = make.make_milestone()
    second = make.make_milestone()
    make.make_dependency(milestone=first, depends_on=second)

    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO initiatives_milestonedependency (milestone_id, depends_on_id) VALUES (%s, %s)",
                [second.pk, first.pk],
            )

    assert refusal_of(write) == "initiatives_milestonedependency_depends_on_cycle"


# Generic references --------------------------------------------------------------------------------------------------


def test_a_generic_reference_names_a_row_that_is_there() -> None:
    organization = make.make_organization()
    for factory, field, column in (
        (make.make_citation, "record", "object_id"),
        (make.make_statement, "about", "about_id"),
        (make.make_agenda_item, "refers_to", "refers_to_id"),
    ):
        row = factory(**{field: organization})
        check_deferred_constraints()
        rule = refusal_of(lambda row=row, column=column: _change(row, **{column: 10**9}))  # type: ignore[misc]
        assert rule.endswith(f"_{field}_exists")


def _change(row: models.Model, **values: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)


def test_a_row_that_is_spoken_of_stays_even_in_raw_sql() -> None:
    for factory, field in (
        (make.make_citation, "record"),
        (make.make_statement, "about"),
        (make.make_agenda_item, "refers_to"),
    ):
        person = make.make_person()
        factory(**{field: person})
        check_deferred_constraints()

        def write(person: Any = person) -> None:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM initiatives_person WHERE id = %s", [person.pk])

        assert refusal_of(write) == "initiatives_person_still_referred_to"


def test_what_was_written_and_taken_back_is_not_checked() -> None:
    with transaction.atomic():
        person = make.make_person()
        make.make_citation(record=person).delete()
        person.delete()
        check_deferred_constraints()
