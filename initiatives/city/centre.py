"""What all boroughs share: the city's government, its strategies with pillars and goals, its platforms."""

from __future__ import annotations

from datetime import date
from typing import Any

from initiatives.models import Capability, Goal, Organization, Pillar, Platform, Strategy

from .borough import Borough, Centre, Named
from .words import SECTORS, Text, phrase, texts

FOUNDED = date(2020, 1, 6)
MARK = "centre"

MADE_UP = Text(
    "Made up by a program for trials and measurements. Nothing of it is real.",
    "من صنع برنامج لأغراض التجربة والقياس، ولا شيء منه حقيقي.",
)
STRATEGIES = texts(
    "Strategy {year} for a connected city | استراتيجية {year} لمدينة متصلة",
    "Strategy {year} for a green city | استراتيجية {year} لمدينة خضراء",
    "Strategy {year} for a fair city | استراتيجية {year} لمدينة عادلة",
)
CAPABILITIES = texts(
    "One account for every service | حساب واحد لكل الخدمات",
    "Payment in instalments | الدفع بالتقسيط",
    "Answers in sign language | الرد بلغة الإشارة",
    "Use without a connection | الاستخدام دون اتصال",
)
PLATFORMS = texts("{city} Services | خدمات {city}", "{city} Data | بيانات {city}", "{city} Map | خريطة {city}")
Status = Capability.Status


def make_centre(borough: Borough, city: Text) -> None:
    """Add the centre's rows to the first borough's, which are written with it."""
    executive = _organization(borough, phrase("{city} Executive Office", "المكتب التنفيذي في {city}", city=city), None)
    authorities = [
        _organization(borough, phrase("{sector} authority", "هيئة {sector}", sector=sector).titled(), executive.pk)
        for sector in SECTORS
    ]
    for number, pattern in enumerate(STRATEGIES):
        year = str(2030 + 5 * number)
        _strategy(borough, phrase(pattern.en, pattern.ar, year=Text(year, year)), int(year), executive, authorities)
    for number, pattern in enumerate(PLATFORMS):
        _platform(borough, phrase(pattern.en, pattern.ar, city=city), number, authorities[-1])


def _add(borough: Borough, model: Any, name: Text, label: str = "name", **values: Any) -> Named:
    slug = borough.slug(f"{MARK} {name.en}").removesuffix(f"-{borough.number}")
    return Named(borough.rows.add(model, FOUNDED, slug=slug, **{label: name}, **values), slug, name)


def _organization(borough: Borough, name: Text, parent: int | None) -> Named:
    return _add(
        borough,
        Organization,
        name,
        parent_id=parent,
        kind=Organization.Kind.AUTHORITY.value,
        sector=Organization.Sector.PUBLIC.value,
        country="AE",
        role=MADE_UP,
        founded_on=borough.day(date(1990, 1, 1), FOUNDED),
    )


def _strategy(borough: Borough, title: Text, year: int, owner: Named, authorities: list[Named]) -> None:
    span = {"start": FOUNDED, "end": date(year, 12, 31)}
    strategy = _add(borough, Strategy, title, "title", owner_id=owner.pk, description=MADE_UP, **span)
    for position, sector in enumerate(borough.some_of(list(SECTORS), 4), start=1):
        name = phrase("Pillar of {sector}, {year}", "ركيزة {sector} {year}", sector=sector, year=Text(*[str(year)] * 2))
        _add(borough, Pillar, name, strategy_id=strategy.pk, position=position, description=MADE_UP)
        share = Text(*[str(borough.random.randrange(50, 100, 5))] * 2)
        aim = phrase(
            "{share} % of people content with {sector} by {year}",
            "رضا {share}% من الناس عن {sector} بحلول {year}",
            share=share,
            sector=sector,
            year=Text(*[str(year)] * 2),
        )
        owned = {"owner_id": borough.one_of(authorities).pk, "strategy_id": strategy.pk}
        _add(borough, Goal, aim, "title", description=MADE_UP, horizon=date(year, 12, 31), **owned)


def _platform(borough: Borough, name: Text, number: int, owner: Named) -> None:
    launched = borough.day(date(2021, 1, 1), date(2025, 12, 31))
    link = f"https://platform-{number}.example/"
    platform = _add(borough, Platform, name, owner_id=owner.pk, description=MADE_UP, website=link, launched_on=launched)
    for position, text in enumerate(CAPABILITIES, start=1):
        status = borough.one_of((Status.PROMISED, Status.IN_DEVELOPMENT, Status.DELIVERED)).value
        borough.rows.add(
            Capability,
            launched,
            platform_id=platform.pk,
            position=position,
            text=text,
            status=status,
            delivered_on=launched if status == Status.DELIVERED else None,
        )


def read_centre(prefix: str, city: Text) -> Centre:
    """The centre as the database has it, which is where every borough finds it."""
    organizations = Organization.objects.all()
    return Centre(
        city,
        executive=_named(organizations.filter(parent=None), prefix)[0],
        organizations=_named(organizations, prefix),
        pillars=_named(Pillar.objects.all(), prefix),
        goals=_named(Goal.objects.all(), prefix),
        platforms=_named(Platform.objects.all(), prefix),
    )


def _named(records: Any, prefix: str) -> list[Named]:
    rows = records.filter(slug__startswith=f"{prefix}-{MARK}-").order_by("slug")
    columns = [f"{records.model.label}_{language}" for language in Text._fields]
    return [Named(pk, slug, Text(en, ar)) for pk, slug, en, ar in rows.values_list("pk", "slug", *columns)]
