"""The borough's council, its departments and their offices, the companies there, partnerships, people and sources."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from initiatives.models import Appointment, Organization, Partnership, Person, Source

from .borough import TODAY, Borough, Named
from .centre import FOUNDED, MADE_UP
from .words import COMPANIES, FAMILY_NAMES, FIRST_NAMES, NAMES, POSTS, SECTORS, Text, phrase

Kind = Organization.Kind
Sector = Organization.Sector


def make_organizations(borough: Borough) -> None:
    """A tree under the city's executive office: council, departments by sector, and offices in their places."""
    executive = borough.centre.executive
    name = phrase("Council of {name}", "مجلس بلدية {name}", name=borough.name)
    council = _public(borough, name, 0, executive and executive.pk, Kind.MUNICIPALITY)
    borough.council = [council]
    for number, sector in enumerate(borough.some_of(list(SECTORS), borough.share(200)), start=1):
        name = phrase("{sector} department of {name}", "دائرة {sector} في {name}", sector=sector, name=borough.name)
        borough.council.append(_public(borough, name.titled(), number, council.pk, Kind.AUTHORITY))
    for number in range(1, borough.share(25) + 1):
        _sector, subject = borough.subject()
        name = phrase(
            "Office for {subject}, {place}", "مكتب {subject} في {place}", subject=subject, place=borough.place()
        )
        parent = borough.one_of(borough.council)
        borough.offices.append(_public(borough, name, number, parent.pk, Kind.ESTABLISHMENT))
    for number in range(1, borough.share(100) + 3):
        _company(borough, number)


def _public(borough: Borough, name: Text, number: int, parent: int | None, kind: Kind) -> Named:
    founded = borough.day(date(1995, 1, 1), FOUNDED)
    values: dict[str, Any] = {"sector": Sector.PUBLIC.value, "country": "AE", "founded_on": founded, "role": MADE_UP}
    return borough.add(Organization, name, number, written=FOUNDED, parent_id=parent, kind=kind.value, **values)


def _company(borough: Borough, number: int) -> None:
    pattern = borough.one_of(COMPANIES)
    name = phrase(pattern.en, pattern.ar, name=borough.one_of(NAMES))
    country = borough.one_of(("AE", "AE", "AE", "DE", "JP", "JO", "EG"))
    values: dict[str, Any] = {"kind": Kind.COMPANY.value, "sector": Sector.PRIVATE.value, "role": MADE_UP}
    link = f"https://{borough.prefix}-{borough.number}-{number}.example/"
    company = borough.add(Organization, name, number, written=FOUNDED, country=country, website=link, **values)
    borough.companies.append(company)
    since = borough.day(FOUNDED, TODAY)
    borough.rows.add(
        Partnership,
        since,
        slug=borough.slug("partnership", number),
        organization_id=company.pk,
        with_organization_id=borough.council[0].pk,
        tier=borough.one_of(Partnership.Tier.values),
        scope=Partnership.Scope.DOMESTIC.value if country == "AE" else Partnership.Scope.INTERNATIONAL.value,
        since=since,
        description=MADE_UP,
    )


def make_people(borough: Borough) -> None:
    """People, each with a post, and some with one that they held before."""
    for number in range(1, borough.share(25) + 1):
        name = phrase(
            "{first} {family}",
            "{first} {family}",
            first=borough.one_of(FIRST_NAMES),
            family=borough.one_of(FAMILY_NAMES),
        )
        person = borough.add(Person, name, number, written=FOUNDED)
        borough.people.append(person)
        start = borough.day(date(2021, 1, 1), date(2025, 12, 31))
        _appointment(borough, person, f"{number}-1", start, None)
        if borough.happens(0.3):
            last = start - timedelta(days=1)
            _appointment(borough, person, f"{number}-2", borough.day(date(2018, 1, 1), last), last)


def _appointment(borough: Borough, person: Named, number: str, start: date, end: date | None) -> None:
    borough.rows.add(
        Appointment,
        start,
        slug=borough.slug("appointment", number),
        person_id=person.pk,
        organization_id=borough.one_of(borough.council + borough.offices).pk,
        title=borough.one_of(POSTS),
        start=start,
        end=end,
    )


def make_sources(borough: Borough) -> None:
    """Reports of the council, which the borough's records cite."""
    for number in range(1, borough.share(50) + 1):
        published = borough.day(date(2024, 1, 1), TODAY)
        month = Text(f"{published:%Y-%m}", f"{published:%Y-%m}")
        title = phrase(
            "Progress report of {name}, {month}", "تقرير الإنجاز في {name}، {month}", name=borough.name, month=month
        )
        values = {
            "kind": Source.Kind.REPORT.value,
            "publisher": borough.council[0].name,
            "link": f"https://reports.example/{borough.prefix}/{borough.number}/{number}",
            "language": borough.one_of(("ar", "en")),
            "published_on": published,
        }
        borough.sources.append(borough.add(Source, title, number, label="title", written=published, **values))
