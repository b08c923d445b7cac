"""The data of every collection's standard tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from initiatives import models
from tests import factories as make
from tests.api.collections.suite import Body, CollectionCase
from tracker.api.viewsets import check_deferred_constraints

EARLY, LATE = date(2016, 5, 1), date(2018, 9, 30)
ADDRESS = "https://example.org/page"
CHECKSUM = "0f" * 32


def both(text: str) -> dict[str, str]:
    """A text in two languages, as the API takes it."""
    return {"en": text, "ar": f"{text} بالعربية"}


def columns(**texts: str) -> dict[str, str]:
    """Texts in two languages, as the columns hold them."""
    return {f"{name}_{language}": text for name, value in texts.items() for language, text in both(value).items()}


def cited(record: Any, *parts: Any) -> Any:
    """Cite the record for and against, and each of its parts, every time from a source of its own; the record."""
    stances = [(record, "supports"), (record, "disputes"), *((part, "supports") for part in parts)]
    for row, stance in stances:
        make.make_citation(
            record=row, locator="L1", fields=["slug"], stance=stance, claimed_value="1", **columns(note="Note")
        )
    # The checks that wait for a commit run now, as if the rows had been there before the test.
    check_deferred_constraints()
    return record


# Rows that leave nothing unknown -------------------------------------------------------------------------------------


def rich_organization(n: int) -> Any:
    return cited(
        make.make_organization(
            aliases_en=[f"Alias {n}"],
            aliases_ar=["اسم آخر"],
            kind="authority",
            sector="public",
            parent=make.make_organization(),
            country="AE",
            website=ADDRESS,
            founded_on=EARLY,
            dissolved_on=LATE,
            successor=make.make_organization(),
            **columns(role=f"Role {n}"),
        )
    )


def rich_person(n: int) -> Any:
    return cited(make.make_person(aliases_en=[f"Alias {n}"], aliases_ar=["اسم"], **columns(honorific="Dr")))


def rich_appointment(n: int) -> Any:
    return cited(make.make_appointment(start=EARLY, end=LATE))


def rich_strategy(n: int) -> Any:
    strategy = make.make_strategy(
        owner=make.make_organization(), start=EARLY, end=LATE, **columns(description="All", period_note="2016")
    )
    pillars = [make.make_pillar(strategy=strategy, position=p, **columns(description="One")) for p in (1, 2)]
    return cited(strategy, *pillars)


def rich_pillar(n: int) -> Any:
    return cited(make.make_pillar(position=n + 1, **columns(description="One")))


def rich_goal(n: int) -> Any:
    goal = make.make_goal(
        owner=make.make_organization(), strategy=make.make_strategy(), horizon=LATE, **columns(description="Far")
    )
    goal.stated_by.set([make.make_person(), make.make_person()])
    return cited(goal)


def rich_initiative(n: int) -> Any:
    initiative = make.make_initiative(
        kind="programme",
        parent=make.make_initiative(),
        lead=make.make_organization(),
        status_override="on_hold",
        planned_start=EARLY,
        planned_end=LATE,
        actual_start=EARLY,
        actual_end=LATE,
        budget_amount=1000 + n,
        budget_currency="AED",
        stated_progress=50,
        progress_source=make.make_source(),
        update_frequency="monthly",
        **columns(summary="Sum", status_reason="Waiting", dates_note="2016"),
    )
    initiative.pillars.set([make.make_pillar(), make.make_pillar()])
    initiative.goals.set([make.make_goal(), make.make_goal()])
    parts: list[Any] = []
    for on in (EARLY, LATE):
        parts += [
            make.make_involvement(initiative=initiative, start=EARLY, end=LATE),
            _milestone(initiative=initiative, weight=2),
            make.make_progress_update(initiative=initiative, on=on, text_ar="تقدم"),
        ]
    return cited(initiative, *parts)


def _milestone(**fields: Any) -> Any:
    milestone = make.make_milestone(due_on=EARLY, forecast_on=LATE, completed_on=LATE, **fields)
    make.make_dependency(milestone=milestone)
    make.make_dependency(milestone=milestone)
    return milestone


def rich_milestone(n: int) -> Any:
    return cited(_milestone(weight=n + 1))


def rich_roadmap(n: int) -> Any:
    roadmap = make.make_roadmap(owner=make.make_organization(), **columns(audience="Partners", description="The way"))
    first = make.make_roadmap_item(roadmap=roadmap, position=1)
    second = make.make_roadmap_item(roadmap=roadmap, position=2, milestone=make.make_milestone())
    return cited(roadmap, first, second)


def rich_indicator(n: int) -> Any:
    subjects: list[dict[str, Any]] = [
        {"goal": make.make_goal()},
        {"initiative": make.make_initiative()},
        {"smart_service": make.make_smart_service()},
        {"organization": make.make_organization()},
    ]
    indicator = make.make_indicator(
        locked_until=EARLY,
        code=f"C-{make.unique_number()}",
        framework="U4SSC",
        direction="decrease",
        parent=make.make_indicator(),
        update_frequency="yearly",
        update_begin=EARLY,
        unit_ar="في المئة",
        **subjects[n % len(subjects)],
    )
    targets = [make.make_target(indicator=indicator, value=n + 2) for _ in range(2)]
    make.make_observation(indicator=indicator, on=LATE, stated_value=n)
    return cited(indicator, *targets)


def rich_observation(n: int) -> Any:
    values: Body = {"stated_value": n + 1} if n % 2 else {"numerator": n + 1, "denominator": 4}
    return cited(make.make_observation(source=make.make_source(), **values, **columns(date_note="2017")))


def rich_partnership(n: int) -> Any:
    return cited(make.make_partnership(scope="domestic", since=EARLY, until=LATE, **columns(description="Close")))


def rich_platform(n: int) -> Any:
    platform = make.make_platform(
        owner=make.make_organization(), website=ADDRESS, launched_on=EARLY, **columns(description="A place")
    )
    capabilities = [
        make.make_capability(
            platform=platform, position=p, status="delivered", delivered_on=LATE, **columns(text=f"Text {p}")
        )
        for p in (1, 2)
    ]
    return cited(platform, *capabilities)


def rich_smart_service(n: int) -> Any:
    service = make.make_smart_service(
        platform=make.make_platform(),
        pillar=make.make_pillar(),
        audience="individuals",
        channels=["web", "mobile"],
        link=ADDRESS,
        **columns(description="Useful"),
    )
    releases = [
        make.make_service_release(smart_service=service, released_on=on, **columns(notes="New")) for on in (EARLY, LATE)
    ]
    return cited(service, *releases)


def rich_dataset(n: int) -> Any:
    dataset = make.make_dataset(
        license=ADDRESS,
        themes=["transport"],
        keywords_en=["bus"],
        keywords_ar=["حافلة"],
        update_frequency="monthly",
        covers_from=EARLY,
        covers_until=LATE,
        contact_email="data@example.org",
        **columns(description="Rows", spatial_coverage="Dubai"),
    )
    distributions = [
        make.make_distribution(
            dataset=dataset,
            media_type="text/csv",
            access_url=ADDRESS,
            download_url=f"{ADDRESS}/{p}",
            byte_size=p,
            checksum=CHECKSUM,
        )
        for p in (1, 2)
    ]
    return cited(dataset, *distributions)


def rich_agreement(n: int) -> Any:
    return cited(
        make.make_sharing_agreement(valid_from=EARLY, valid_until=LATE, **columns(terms="None", decision="As asked"))
    )


def rich_engagement(n: int) -> Any:
    engagement = make.make_engagement(
        host=make.make_organization(),
        visitor=make.make_organization(),
        on=LATE,
        part_of=make.make_initiative(),
        **columns(date_note="Today", place="Dubai", purpose="To see"),
    )
    parts: list[Any] = []
    participants: list[dict[str, Any]] = [
        {"person": make.make_person()},
        {"organization": make.make_organization()},
        columns(group="Heads"),
    ]
    for position, participant in enumerate(participants, start=1):
        parts.append(
            make.make_participation(
                engagement=engagement, position=position, on_behalf_of=make.make_organization(), **participant
            )
        )
    for position, refers_to in enumerate((make.make_goal(), make.make_platform()), start=1):
        item = make.make_agenda_item(
            engagement=engagement,
            position=position,
            presenter=make.make_person(),
            refers_to=refers_to,
            subject_ar="موضوع",
        )
        outcome = make.make_outcome(engagement=engagement, owner=make.make_organization(), due_on=LATE, text_ar="ناتج")
        outcome.initiatives.set([make.make_initiative(), make.make_initiative()])
        outcome.milestones.set([make.make_milestone(), make.make_milestone()])
        parts += [item, outcome]
    return cited(engagement, *parts)


def rich_statement(n: int) -> Any:
    subjects = (make.make_platform, make.make_goal, make.make_organization)
    return cited(
        make.make_statement(engagement=make.make_engagement(), position=n + 1, about=subjects[n % len(subjects)]())
    )


def rich_source(n: int) -> Any:
    return cited(
        make.make_source(
            kind="law",
            link=ADDRESS,
            language="ar",
            published_on=EARLY,
            checksum=CHECKSUM,
            **columns(publisher="Publisher"),
        )
    )


def rich_citation(n: int) -> Any:
    # Of a record of each kind, and of a part.
    subjects = (make.make_organization, make.make_person, make.make_indicator, make.make_capability)
    return make.make_citation(
        record=subjects[n % len(subjects)](), locator=f"L{n}", fields=["slug"], claimed_value="1", **columns(note="So")
    )


# The least that can be posted ----------------------------------------------------------------------------------------


def named() -> Body:
    return {"name": both("New")}


def titled() -> Body:
    return {"title": both("New")}


def appointment_body() -> Body:
    return {**titled(), "person": make.make_person().slug, "organization": make.make_organization().slug}


def pillar_body() -> Body:
    return {**named(), "strategy": make.make_strategy().slug, "position": 1}


def milestone_body() -> Body:
    return {**titled(), "initiative": make.make_initiative().slug}


def indicator_body() -> Body:
    return {**titled(), "unit": both("m"), "meaning": "point", "organization": make.make_organization().slug}


def observation_body() -> Body:
    return {"indicator": make.make_indicator().slug, "on": "2017-03-01", "stated_value": "1.500000"}


def partnership_body() -> Body:
    partner, other = make.make_organization(), make.make_organization()
    return {"organization": partner.slug, "with_organization": other.slug, "tier": "strategic"}


def smart_service_body() -> Body:
    return {**named(), "provider": make.make_organization().slug}


def dataset_body() -> Body:
    return {**titled(), "publisher": make.make_organization().slug, "classification": "open"}


def agreement_body() -> Body:
    return {
        "dataset": make.make_dataset().slug,
        "recipient": make.make_organization().slug,
        "purpose": both("Study"),
    }


def engagement_body() -> Body:
    return {**titled(), "kind": "meeting"}


def statement_body() -> Body:
    return {"gist": both("So it is"), "mode": "quote", "speaker": make.make_person().slug}


def citation_body() -> Body:
    return {"record": f"people/{make.make_person().slug}", "source": make.make_source().slug}


TITLE = {"title": both("Changed")}
NAME = {"name": both("Changed")}

CASES = [
    CollectionCase(
        models.Organization, make.make_organization, rich_organization, named, {**NAME, "country": "AT", "kind": None}
    ),
    CollectionCase(
        models.Person, make.make_person, rich_person, named, {**NAME, "aliases": {"en": ["A", "B"], "ar": []}}
    ),
    CollectionCase(models.Appointment, make.make_appointment, rich_appointment, appointment_body, {"end": None}),
    CollectionCase(models.Strategy, make.make_strategy, rich_strategy, titled, {**TITLE, "start": "2016-01-01"}),
    CollectionCase(models.Pillar, make.make_pillar, rich_pillar, pillar_body, {"position": 77}),
    CollectionCase(models.Goal, make.make_goal, rich_goal, titled, {"horizon": "2021-12-31", "stated_by": []}),
    CollectionCase(
        models.Initiative, make.make_initiative, rich_initiative, titled, {"budget_amount": "12.50", "parent": None}
    ),
    CollectionCase(models.Milestone, make.make_milestone, rich_milestone, milestone_body, {"weight": "0.25"}),
    CollectionCase(models.Roadmap, make.make_roadmap, rich_roadmap, titled, {"audience": {"en": "All", "ar": None}}),
    CollectionCase(models.Indicator, make.make_indicator, rich_indicator, indicator_body, {"meaning": "cumulative"}, 4),
    CollectionCase(models.Observation, make.make_observation, rich_observation, observation_body, {"source": None}, 2),
    CollectionCase(
        models.Partnership, make.make_partnership, rich_partnership, partnership_body, {"tier": "founding_strategic"}
    ),
    CollectionCase(models.Platform, make.make_platform, rich_platform, named, {"launched_on": "2018-01-01"}),
    CollectionCase(
        models.SmartService, make.make_smart_service, rich_smart_service, smart_service_body, {"channels": ["kiosk"]}
    ),
    CollectionCase(models.Dataset, make.make_dataset, rich_dataset, dataset_body, {"classification": "secret"}),
    CollectionCase(
        models.SharingAgreement, make.make_sharing_agreement, rich_agreement, agreement_body, {"status": "revoked"}
    ),
    CollectionCase(models.Engagement, make.make_engagement, rich_engagement, engagement_body, {"kind": "launch"}),
    CollectionCase(models.Statement, make.make_statement, rich_statement, statement_body, {"position": 7}, 3),
    CollectionCase(models.Source, make.make_source, rich_source, titled, {"language": "en", "link": None}),
    CollectionCase(models.Citation, make.make_citation, rich_citation, citation_body, {"stance": "disputes"}, 4),
]
