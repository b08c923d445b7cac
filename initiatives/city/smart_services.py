"""The services that the borough's offices offer, with their releases, and the data that they publish and share."""

from __future__ import annotations

from datetime import date, timedelta

from initiatives.models import Dataset, Distribution, ServiceRelease, SharingAgreement, SmartService

from .borough import TODAY, Borough, Named
from .centre import MADE_UP
from .initiatives import cite
from .words import Text, phrase

# There is one of each for so many initiatives.
SPREAD = 20
FIRST = date(2022, 1, 1)
FORMATS = (("CSV", "text/csv"), ("JSON", "application/json"))
CHANNELS = ["web", "mobile", "kiosk", "phone", "counter"]


def make_smart_services(borough: Borough) -> None:
    for number in range(borough.share(SPREAD)):
        _sector, subject = borough.subject()
        name = phrase("{subject} service, {name}", "خدمة {subject} في {name}", subject=subject, name=borough.name)
        launched = borough.day(FIRST, date(2025, 12, 31))
        service = borough.add(
            SmartService,
            name.titled(),
            number,
            written=launched,
            description=MADE_UP,
            provider_id=borough.one_of(borough.offices).pk,
            platform_id=borough.one_of(borough.centre.platforms).pk,
            pillar_id=borough.one_of(borough.centre.pillars).pk,
            audience=borough.one_of(("individuals", "businesses", "government")),
            channels=borough.some_of(CHANNELS, 2),
            link=f"https://services.example/{borough.prefix}/{borough.number}/{number}",
            state=borough.state(number),
        )
        borough.smart_services.append(service)
        _releases(borough, service, launched)
        cite(borough, SmartService, service, [], launched)


def _releases(borough: Borough, service: Named, launched: date) -> None:
    for number in range(borough.random.randint(2, 4)):
        released = launched + timedelta(days=90 * number)
        borough.rows.add(
            ServiceRelease,
            released,
            smart_service_id=service.pk,
            version=f"1.{number}",
            notes=Text("Simpler and quicker.", "أبسط وأسرع."),
            released_on=released if released <= TODAY else None,
        )


def make_datasets(borough: Borough) -> None:
    for number in range(borough.share(SPREAD)):
        sector, subject = borough.subject()
        place = borough.place()
        day = borough.day(FIRST, TODAY)
        publisher = borough.one_of(borough.offices)
        dataset = borough.add(
            Dataset,
            phrase("Data on {subject} in {place}", "بيانات {subject} في {place}", subject=subject, place=place),
            number,
            label="title",
            written=day,
            description=MADE_UP,
            publisher_id=publisher.pk,
            classification=borough.one_of(("open", "open", "open", "confidential", "sensitive")),
            themes=[sector.en],
            keywords_en=[subject.en],
            keywords_ar=[subject.ar],
            update_frequency=borough.one_of(("daily", "weekly", "monthly")),
            covers_from=day,
            spatial_coverage=place,
            contact_email="data@city.example",
            state=borough.state(number),
        )
        _distributions(borough, dataset, number, day)
        if number % 2 == 0:
            _agreement(borough, dataset, number, publisher)


def _distributions(borough: Borough, dataset: Named, number: int, day: date) -> None:
    for name, media_type in FORMATS:
        link = f"https://data.example/{borough.prefix}/{borough.number}/{number}.{name.lower()}"
        values = {"format": name, "media_type": media_type, "download_url": link}
        size = borough.random.randint(10_000, 90_000_000)
        borough.rows.add(Distribution, day, dataset_id=dataset.pk, byte_size=size, **values)


def _agreement(borough: Borough, dataset: Named, number: int, publisher: Named) -> None:
    begin = borough.day(FIRST, TODAY)
    borough.rows.add(
        SharingAgreement,
        begin,
        slug=borough.slug("agreement", number),
        dataset_id=dataset.pk,
        provider_id=publisher.pk,
        recipient_id=borough.one_of(borough.companies).pk,
        purpose=Text("Research on the borough's traffic.", "بحث في حركة السير في البلدية."),
        terms=MADE_UP,
        status=borough.one_of(SharingAgreement.Status.values),
        valid_from=begin,
        valid_until=begin + timedelta(days=730),
    )
