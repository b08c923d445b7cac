"""Visits and meetings of the borough's council: who took part, what was spoken of and said, what came of it."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.contenttypes.models import ContentType

from initiatives.models import AgendaItem, Engagement, Initiative, Outcome, Participation, Statement

from .borough import TODAY, Borough, Named
from .centre import MADE_UP
from .words import Text, phrase

# There is one for so many initiatives.
SPREAD = 50


def make_engagements(borough: Borough) -> None:
    about = ContentType.objects.get_for_model(Initiative).pk
    for number in range(borough.share(SPREAD)):
        initiative, visitor = borough.one_of(borough.initiatives), borough.one_of(borough.companies)
        day = borough.day(date(2024, 1, 1), TODAY)
        engagement = borough.add(
            Engagement,
            phrase("{visitor} visits {name}", "زيارة {visitor} إلى {name}", visitor=visitor.name, name=borough.name),
            number,
            label="title",
            written=day,
            kind=borough.one_of(Engagement.Kind.values),
            host_id=borough.council[0].pk,
            visitor_id=visitor.pk,
            on=day,
            place=borough.place(),
            purpose=MADE_UP,
            part_of_id=initiative.pk,
        )
        _participants(borough, engagement, visitor, day)
        refers_to = {"refers_to_type_id": about, "refers_to_id": initiative.pk}
        presenter = borough.one_of(borough.people)
        borough.rows.add(
            AgendaItem,
            day,
            engagement_id=engagement.pk,
            position=1,
            presenter_id=presenter.pk,
            subject=initiative.name,
            **refers_to,
        )
        _outcome(borough, engagement, initiative, day)
        borough.rows.add(
            Statement,
            day,
            slug=f"{engagement.slug}-said",
            engagement_id=engagement.pk,
            position=1,
            speaker_id=presenter.pk,
            mode=Statement.Mode.PRESENTATION.value,
            gist=phrase("How {it} goes on.", "عرض سير العمل في {it}.", it=initiative.name),
            about_type_id=about,
            about_id=initiative.pk,
        )


def _participants(borough: Borough, engagement: Named, visitor: Named, day: date) -> None:
    person = borough.one_of(borough.people)
    role = Participation.Role
    everybody = (
        {"person_id": person.pk, "role": role.RECEIVED_BY.value, "on_behalf_of_id": borough.council[0].pk},
        {"organization_id": visitor.pk, "role": role.DELEGATE.value},
        {"group": Text("Residents of the borough", "سكان البلدية"), "role": role.PARTICIPANT.value},
    )
    for position, values in enumerate(everybody, start=1):
        borough.rows.add(Participation, day, engagement_id=engagement.pk, position=position, **values)


def _outcome(borough: Borough, engagement: Named, initiative: Named, day: date) -> None:
    outcome = borough.rows.add(
        Outcome,
        day,
        engagement_id=engagement.pk,
        text=Text("The council sends a report.", "يرسل المجلس تقريراً."),
        owner_id=borough.council[0].pk,
        due_on=day + timedelta(days=60),
        status=borough.one_of(Outcome.Status.values),
    )
    borough.rows.add(Outcome.initiatives.through, outcome_id=outcome, initiative_id=initiative.pk)
