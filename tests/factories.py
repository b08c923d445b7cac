"""One function per model that makes a minimal valid row; what a test cares about it says."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

from initiatives import models

FIRST_DAY = date(2017, 1, 1)
_numbers = count(1)


def unique_number() -> int:
    """A number that no other row of this run was made with."""
    return next(_numbers)


def unique_day() -> date:
    """A day that no other row of this run was made with."""
    return FIRST_DAY + timedelta(days=unique_number())


def _filled(given: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """What was given, completed; a factory among the defaults is called only where nothing was given."""
    missing = {name: default for name, default in defaults.items() if name not in given}
    return {**{name: value() if callable(value) else value for name, value in missing.items()}, **given}


def _texts(kind: str, *names: str) -> dict[str, Any]:
    """A slug of its own, and texts in both languages that say which row it is."""
    number = unique_number()
    texts = {f"{name}_{language}": f"{word} {number}" for name in names for language, word in _words(kind)}
    return {"slug": f"{kind}-{number}", **texts}


def _words(kind: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("en", kind.replace("-", " ").capitalize()), ("ar", "سجل")


# Sources -------------------------------------------------------------------------------------------------------------


def make_source(**fields: Any) -> models.Source:
    return models.Source.objects.create(**{**_texts("source", "title"), **fields})


def make_citation(**fields: Any) -> models.Citation:
    filled = _filled(fields, source=make_source, record=make_organization)
    return models.Citation.objects.create(**{**_texts("citation"), **filled})


# Organizations and people --------------------------------------------------------------------------------------------


def make_organization(**fields: Any) -> models.Organization:
    return models.Organization.objects.create(**{**_texts("organization", "name"), **fields})


def make_person(**fields: Any) -> models.Person:
    return models.Person.objects.create(**{**_texts("person", "name"), **fields})


def make_appointment(**fields: Any) -> models.Appointment:
    filled = _filled(fields, person=make_person, organization=make_organization)
    return models.Appointment.objects.create(**{**_texts("appointment", "title"), **filled})


def make_partnership(**fields: Any) -> models.Partnership:
    filled = _filled(fields, organization=make_organization, with_organization=make_organization, tier="partner")
    return models.Partnership.objects.create(**{**_texts("partnership"), **filled})


# Strategies ----------------------------------------------------------------------------------------------------------


def make_strategy(**fields: Any) -> models.Strategy:
    return models.Strategy.objects.create(**{**_texts("strategy", "title"), **fields})


def make_pillar(**fields: Any) -> models.Pillar:
    filled = _filled(fields, strategy=make_strategy, position=1)
    return models.Pillar.objects.create(**{**_texts("pillar", "name"), **filled})


def make_goal(**fields: Any) -> models.Goal:
    return models.Goal.objects.create(**{**_texts("goal", "title"), **fields})


# Initiatives ---------------------------------------------------------------------------------------------------------


def make_initiative(**fields: Any) -> models.Initiative:
    return models.Initiative.objects.create(**{**_texts("initiative", "title"), **fields})


def make_involvement(**fields: Any) -> models.Involvement:
    filled = _filled(fields, initiative=make_initiative, organization=make_organization, role="partner")
    return models.Involvement.objects.create(**filled)


def make_progress_update(**fields: Any) -> models.ProgressUpdate:
    filled = _filled(fields, initiative=make_initiative, on=unique_day, health="on_track", text_en="On the way")
    return models.ProgressUpdate.objects.create(**filled)


def make_milestone(**fields: Any) -> models.Milestone:
    filled = _filled(fields, initiative=make_initiative)
    return models.Milestone.objects.create(**{**_texts("milestone", "title"), **filled})


def make_dependency(**fields: Any) -> models.MilestoneDependency:
    filled = _filled(fields, milestone=make_milestone, depends_on=make_milestone)
    return models.MilestoneDependency.objects.create(**filled)


def make_roadmap(**fields: Any) -> models.Roadmap:
    return models.Roadmap.objects.create(**{**_texts("roadmap", "title"), **fields})


def make_roadmap_item(**fields: Any) -> models.RoadmapItem:
    filled = _filled(fields, roadmap=make_roadmap, position=1)
    if "milestone" not in fields:
        filled = _filled(filled, initiative=make_initiative)
    return models.RoadmapItem.objects.create(**filled)


# Indicators ----------------------------------------------------------------------------------------------------------


def make_indicator(**fields: Any) -> models.Indicator:
    filled = _filled(fields, unit_en="per cent", meaning="point")
    if not {"goal", "initiative", "smart_service", "organization"} & fields.keys():
        filled = _filled(filled, organization=make_organization)
    return models.Indicator.objects.create(**{**_texts("indicator", "title"), **filled})


def make_target(**fields: Any) -> models.Target:
    filled = _filled(fields, indicator=make_indicator, on=unique_day, value=1)
    return models.Target.objects.create(**filled)


def make_observation(**fields: Any) -> models.Observation:
    filled = _filled(fields, indicator=make_indicator, on=unique_day)
    if "numerator" not in fields:
        filled = _filled(filled, stated_value=1)
    return models.Observation.objects.create(**{**_texts("observation"), **filled})


# Platforms, services and happiness -----------------------------------------------------------------------------------


def make_platform(**fields: Any) -> models.Platform:
    return models.Platform.objects.create(**{**_texts("platform", "name"), **fields})


def make_capability(**fields: Any) -> models.Capability:
    filled = _filled(fields, platform=make_platform, position=1, text_en="Something made possible")
    return models.Capability.objects.create(**filled)


def make_smart_service(**fields: Any) -> models.SmartService:
    filled = _filled(fields, provider=make_organization)
    return models.SmartService.objects.create(**{**_texts("smart-service", "name"), **filled})


def make_service_release(**fields: Any) -> models.ServiceRelease:
    filled = _filled(fields, smart_service=make_smart_service, version=lambda: f"1.{unique_number()}")
    return models.ServiceRelease.objects.create(**filled)


def make_rating(**fields: Any) -> models.Rating:
    filled = _filled(fields, smart_service=make_smart_service, score="happy", channel="web")
    return models.Rating.objects.create(**filled)


def make_happiness_count(**fields: Any) -> models.HappinessCount:
    filled = _filled(fields, smart_service=make_smart_service, period="day", start=unique_day, happy=5)
    return models.HappinessCount.objects.create(**filled)


def make_waiting_ratings(**fields: Any) -> models.WaitingRatings:
    filled = _filled(fields, smart_service=make_smart_service, commented=False, happy=1)
    return models.WaitingRatings.objects.create(**filled)


# Datasets ------------------------------------------------------------------------------------------------------------


def make_dataset(**fields: Any) -> models.Dataset:
    filled = _filled(fields, publisher=make_organization, classification="open")
    return models.Dataset.objects.create(**{**_texts("dataset", "title"), **filled})


def make_distribution(**fields: Any) -> models.Distribution:
    return models.Distribution.objects.create(**_filled(fields, dataset=make_dataset, format="CSV"))


def make_sharing_agreement(**fields: Any) -> models.SharingAgreement:
    filled = _filled(
        fields, dataset=make_dataset, provider=make_organization, recipient=make_organization, status="approved"
    )
    return models.SharingAgreement.objects.create(**{**_texts("agreement", "purpose"), **filled})


# Engagements ---------------------------------------------------------------------------------------------------------


def make_engagement(**fields: Any) -> models.Engagement:
    return models.Engagement.objects.create(**{**_texts("engagement", "title"), **_filled(fields, kind="visit")})


def make_participation(**fields: Any) -> models.Participation:
    filled = _filled(fields, engagement=make_engagement, position=1, role="participant")
    if not {"organization", "group_en", "group_ar"} & fields.keys():
        filled = _filled(filled, person=make_person)
    return models.Participation.objects.create(**filled)


def make_agenda_item(**fields: Any) -> models.AgendaItem:
    filled = _filled(fields, engagement=make_engagement, position=1, subject_en="A subject")
    return models.AgendaItem.objects.create(**filled)


def make_outcome(**fields: Any) -> models.Outcome:
    return models.Outcome.objects.create(**_filled(fields, engagement=make_engagement, text_en="What came of it"))


def make_statement(**fields: Any) -> models.Statement:
    filled = _filled(fields, speaker=make_person, mode="quote")
    return models.Statement.objects.create(**{**_texts("statement", "gist"), **filled})
