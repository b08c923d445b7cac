"""Programmes, their initiatives and the projects of those, with partners, milestones, progress and citations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType

from initiatives.models import (
    Citation,
    Initiative,
    Involvement,
    Milestone,
    MilestoneDependency,
    ProgressUpdate,
    Roadmap,
    RoadmapItem,
)
from initiatives.models.initiatives import Status

from .borough import TODAY, Borough, Named
from .centre import MADE_UP
from .words import ACTIONS, MILESTONES, PURPOSES, REPORTS, Text, phrase

# Of twenty in a row the first is a programme, the next four are its initiatives, all others are projects of these.
FAMILY = 20
INITIATIVES = 4
PARTNERS = 3
MILESTONES_EACH = 4
Kind = Initiative.Kind
Role = Involvement.Role
ROLES = (
    (Role.PARTNER, Role.STRATEGIC_PARTNER, Role.FOUNDING_STRATEGIC_PARTNER),
    (Role.SUPPLIER, Role.PARTNER),
    (Role.FUNDER, Role.BENEFICIARY),
)


@dataclass(frozen=True)
class Schedule:
    """When an initiative is planned, and what became of that until today."""

    planned_start: date
    planned_end: date
    actual_start: date | None
    actual_end: date | None

    @classmethod
    def of(cls, borough: Borough) -> Schedule:
        start = borough.day(date(2021, 1, 4), date(2027, 6, 30))
        end = start + timedelta(days=borough.random.randint(180, 1_100))
        begun = start + timedelta(days=borough.random.randint(0, 60))
        actual_start = begun if begun < TODAY and borough.happens(0.95) else None
        done = end + timedelta(days=borough.random.randint(-30, 120))
        is_done = actual_start is not None and actual_start < done < TODAY and borough.happens(0.75)
        return cls(start, end, actual_start, done if is_done else None)


def make_initiatives(borough: Borough) -> None:
    """All initiatives of the borough, each under one that came before it."""
    for number in range(borough.size):
        place = number % FAMILY
        family = borough.initiatives[number - place :]
        if place == 0:
            _initiative(borough, number, Kind.PROGRAMME, None)
        elif place <= INITIATIVES:
            _initiative(borough, number, Kind.INITIATIVE, family[0])
        else:
            _initiative(borough, number, Kind.PROJECT, family[1 + place % INITIATIVES])
    _roadmap(borough)


def _initiative(borough: Borough, number: int, kind: Kind, parent: Named | None) -> None:
    sector, subject = borough.subject()
    lead = borough.one_of(borough.council + borough.offices)
    schedule = Schedule.of(borough)
    action, place = borough.one_of(ACTIONS), borough.place()
    written = min(schedule.planned_start, TODAY) - timedelta(days=borough.random.randint(10, 90))
    initiative = borough.add(
        Initiative,
        _title(kind, sector, subject, action, place),
        number,
        label="title",
        written=written,
        kind=kind.value,
        parent_id=parent.pk if parent else None,
        lead_id=lead.pk,
        summary=_summary(borough, subject, action, place, lead, schedule),
        planned_start=schedule.planned_start,
        planned_end=schedule.planned_end,
        actual_start=schedule.actual_start,
        actual_end=schedule.actual_end,
        state=borough.state(number),
        update_frequency=borough.one_of(("monthly", "quarterly")) if schedule.actual_start else "",
        **_override(borough),
        **_budget(borough),
    )
    borough.initiatives.append(initiative)
    _links(borough, initiative)
    _partners(borough, initiative, schedule, written)
    _milestones(borough, initiative, schedule, written)
    _progress(borough, initiative, schedule)
    cite(borough, Initiative, initiative, ["planned_end"] if borough.happens(0.5) else [], written)


def _title(kind: Kind, sector: Text, subject: Text, action: Text, place: Text) -> Text:
    if kind == Kind.PROGRAMME:
        return phrase("Programme for {sector} in {place}", "برنامج {sector} في {place}", sector=sector, place=place)
    if kind == Kind.INITIATIVE:
        return phrase("{subject} in {place}", "{subject} في {place}", subject=subject, place=place).titled()
    texts = {"action": action, "subject": subject, "place": place}
    return phrase("{action} {subject} in {place}", "{action} {subject} في {place}", **texts).titled()


def _summary(borough: Borough, subject: Text, action: Text, place: Text, lead: Named, schedule: Schedule) -> Text:
    return phrase(
        "{action} {subject} in {place}, led by {lead}, {purpose} by {year}.",
        "{action} {subject} في {place} بقيادة {lead} {purpose} بحلول عام {year}.",
        action=action.titled(),
        subject=subject,
        place=place,
        lead=lead.name,
        purpose=borough.one_of(PURPOSES),
        year=Text(*[str(schedule.planned_end.year)] * 2),
    )


def _override(borough: Borough) -> dict[str, Any]:
    if not borough.happens(0.04):
        return {}
    status = borough.one_of((Status.ON_HOLD, Status.CANCELLED, Status.PROPOSED))
    return {"status_override": status.value, "status_reason": Text("Decided by the council.", "بقرار من المجلس.")}


def _budget(borough: Borough) -> dict[str, Any]:
    if not borough.happens(0.6):
        return {}
    return {"budget_amount": Decimal(borough.random.randint(2, 900) * 50_000), "budget_currency": "AED"}


def _links(borough: Borough, initiative: Named) -> None:
    for pillar in borough.some_of(borough.centre.pillars, borough.random.randint(1, 2)):
        borough.rows.add(Initiative.pillars.through, initiative_id=initiative.pk, pillar_id=pillar.pk)
    goal = borough.one_of(borough.centre.goals)
    borough.rows.add(Initiative.goals.through, initiative_id=initiative.pk, goal_id=goal.pk)


def _partners(borough: Borough, initiative: Named, schedule: Schedule, written: date) -> None:
    partners = borough.some_of(borough.companies + borough.offices + borough.centre.organizations, PARTNERS)
    for organization, roles in zip(partners, ROLES, strict=True):
        borough.rows.add(
            Involvement,
            written,
            initiative_id=initiative.pk,
            organization_id=organization.pk,
            role=borough.one_of(roles).value,
            start=schedule.actual_start,
            end=schedule.actual_end,
        )


def _milestones(borough: Borough, initiative: Named, schedule: Schedule, written: date) -> None:
    """In order of their days; once one is not reached, those after it are not either, and some wait for it."""
    step = (schedule.planned_end - schedule.planned_start) / MILESTONES_EACH
    reaching = schedule.actual_start is not None
    before = None
    for number in range(MILESTONES_EACH):
        due = schedule.planned_start + step * (number + 1)
        came = min(due + timedelta(days=borough.random.randint(-20, 60)), schedule.actual_end or TODAY)
        reaching = schedule.actual_end is not None or (reaching and came < TODAY and borough.happens(0.85))
        late = not reaching and (due < TODAY or borough.happens(0.3))
        milestone = borough.rows.add(
            Milestone,
            written,
            slug=f"{initiative.slug}-{number + 1}",
            initiative_id=initiative.pk,
            title=MILESTONES[2 * number + borough.random.randint(0, 1)],
            due_on=due,
            forecast_on=max(due, TODAY) + timedelta(days=borough.random.randint(5, 120)) if late else None,
            completed_on=came if reaching else None,
            weight=Decimal(borough.random.randint(1, 4)),
        )
        if before is not None and borough.happens(0.6):
            borough.rows.add(MilestoneDependency, milestone_id=milestone, depends_on_id=before)
        before = milestone


def _progress(borough: Borough, initiative: Named, schedule: Schedule) -> None:
    if schedule.actual_start is None:
        return
    last = schedule.actual_end or TODAY
    days = {last - timedelta(days=30 * number + borough.random.randint(1, 20)) for number in range(3)}
    for number, day in enumerate(sorted(day for day in days if day >= schedule.actual_start)):
        borough.rows.add(
            ProgressUpdate,
            day,
            initiative_id=initiative.pk,
            on=day,
            health=borough.one_of(("on_track", "on_track", "at_risk", "off_track")),
            text=borough.one_of(REPORTS),
            state=borough.state(number),
        )


def cite(borough: Borough, model: Any, record: Named, fields: list[str], written: date) -> None:
    """Let a source of the borough support the record."""
    source = borough.one_of(borough.sources)
    borough.rows.add(
        Citation,
        written,
        slug=f"{record.slug}-cited",
        source_id=source.pk,
        locator=f"p. {borough.random.randint(1, 60)}",
        content_type_id=ContentType.objects.get_for_model(model).pk,
        object_id=record.pk,
        fields=fields,
    )


def _roadmap(borough: Borough) -> None:
    """A way through some of the borough's initiatives."""
    title = phrase("Roadmap of {name}", "خارطة طريق {name}", name=borough.name)
    values = {"owner_id": borough.council[0].pk, "description": MADE_UP}
    audience = Text("Residents", "السكان")
    roadmap = borough.add(Roadmap, title, 0, label="title", written=TODAY, audience=audience, **values)
    for position, initiative in enumerate(borough.some_of(borough.initiatives, 10), start=1):
        borough.rows.add(RoadmapItem, TODAY, roadmap_id=roadmap.pk, position=position, initiative_id=initiative.pk)
