"""A small registry: records in every collection, parts and links of every kind, some of it hidden from the public."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from initiatives.models import (
    Appointment,
    Citation,
    Dataset,
    Engagement,
    Goal,
    Indicator,
    Initiative,
    Milestone,
    MilestoneDependency,
    Observation,
    Organization,
    Partnership,
    Person,
    Pillar,
    Platform,
    Roadmap,
    SharingAgreement,
    SmartService,
    Source,
    Statement,
    Strategy,
)


@transaction.atomic
def plant() -> None:
    """Write all of it, in one revision."""
    office, municipality = (
        Organization.objects.create(slug=slug, name_en=slug.title(), kind="authority")
        for slug in ("office", "municipality")
    )
    Organization.objects.create(slug="establishment", name_ar="مؤسسة", parent=office, aliases_ar=["المؤسسة", "دبي"])
    aisha, younus = (Person.objects.create(slug=slug, name_en=slug.title()) for slug in ("aisha", "younus"))
    Appointment.objects.create(slug="director", person=aisha, organization=office, title_en="Director General")
    strategy = Strategy.objects.create(slug="strategy", title_en="Strategy", owner=office)
    pillars = [
        Pillar.objects.create(slug=f"pillar-{position}", name_en="Pillar", strategy=strategy, position=position)
        for position in (1, 2)
    ]
    goal = Goal.objects.create(slug="happiest", title_en="Happiest city", owner=office, strategy=strategy)
    goal.stated_by.add(younus)
    source = Source.objects.create(slug="article", title_ar="مقال", kind="article", language="ar")
    shown = plant_initiatives(office, municipality, pillars, goal)
    plant_services(office, municipality, pillars[0])
    visit = Engagement.objects.create(slug="visit", kind="visit", title_en="Visit", host=municipality, visitor=office)
    visit.participations.create(position=1, person=aisha, role="head_of_delegation")
    visit.participations.create(position=2, group_ar="مدراء", role="received_by")
    visit.agenda.create(position=1, presenter=aisha, subject_en="Purpose", refers_to=shown)
    outcome = visit.outcomes.create(text_en="Agreed", owner=office)
    outcome.initiatives.add(shown)
    Statement.objects.create(
        slug="aim", engagement=visit, position=1, speaker=younus, mode="indirect", gist_en="To be happy", about=goal
    )
    Partnership.objects.create(
        slug="founding", organization=municipality, with_organization=office, tier="founding_strategic"
    )
    plant_indicators(goal, shown, source)
    for number, record in enumerate([office, goal, shown, outcome], start=1):
        Citation.objects.create(
            slug=f"citation-{number}", source=source, locator=f"L{number}", record=record, fields=["title"]
        )


def plant_initiatives(
    office: Organization, municipality: Organization, pillars: list[Pillar], goal: Goal
) -> Initiative:
    """One that everybody sees, with all that it may have, and one that is withdrawn."""
    shown = Initiative.objects.create(
        slug="shown", title_en="Shown", lead=office, budget_amount=5, budget_currency="AED"
    )
    hidden = Initiative.objects.create(slug="hidden", title_en="Hidden", parent=shown, state="withdrawn")
    shown.pillars.set(pillars)
    shown.goals.add(goal)
    shown.involvements.create(organization=municipality, role="founding_strategic_partner")
    shown.progress_updates.create(on=date(2017, 4, 16), health="at_risk", text_en="Late")
    first, second, _third = (
        Milestone.objects.create(
            slug=f"milestone-{number}",
            title_en="Milestone",
            initiative=hidden if number == 3 else shown,
            due_on=date(2017, number, 1),
            forecast_on=date(2017, number + 2, 1),
            weight=Decimal("1.50"),
        )
        for number in (1, 2, 3)
    )
    MilestoneDependency.objects.create(milestone=second, depends_on=first)
    roadmap = Roadmap.objects.create(slug="roadmap", title_en="Roadmap", owner=office)
    roadmap.items.create(position=1, initiative=shown)
    roadmap.items.create(position=2, milestone=second)
    return shown


def plant_services(office: Organization, municipality: Organization, pillar: Pillar) -> None:
    """A platform with what it promises, a service on it, and data that two organizations share."""
    platform = Platform.objects.create(slug="platform", name_en="Platform", owner=office)
    platform.capabilities.create(position=1, text_en="Entities place their services themselves")
    service = SmartService.objects.create(
        slug="service", name_en="Service", provider=office, platform=platform, pillar=pillar, channels=["web", "kiosk"]
    )
    service.releases.create(version="1.0", released_on=date(2017, 1, 1))
    for slug, state in (("open", "published"), ("kept", "draft")):
        dataset = Dataset.objects.create(
            slug=slug, title_en="Data", publisher=office, classification="open", state=state, keywords_ar=["مفتوحة"]
        )
        dataset.distributions.create(format="CSV", byte_size=7_000_000_000)
        SharingAgreement.objects.create(
            slug=f"agreement-{slug}",
            dataset=dataset,
            provider=office,
            recipient=municipality,
            purpose_en="Planning",
            status="approved" if slug == "open" else "expired",
        )


def plant_indicators(goal: Goal, initiative: Initiative, source: Source) -> None:
    """A ratio with a target, and a point value."""
    happiness = Indicator.objects.create(
        slug="happiness", title_en="Happiness", unit_en="%", meaning="ratio", goal=goal, update_frequency="yearly"
    )
    happiness.targets.create(on=date(2021, 12, 31), value=95)
    Observation.objects.create(
        slug="happiness-2016", indicator=happiness, on=date(2016, 12, 31), numerator=9, denominator=10, source=source
    )
    sheets = Indicator.objects.create(
        slug="sheets", title_en="Sheets", unit_en="sheets", meaning="point", initiative=initiative
    )
    Observation.objects.create(slug="sheets-2017", indicator=sheets, on=date(2017, 12, 31), stated_value="64000000.5")
