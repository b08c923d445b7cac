"""What is not published is not there: not in lists, references, parts, citations, filters or expansions."""

from __future__ import annotations

from typing import Any

import pytest

from initiatives.models.publication import PublicationState
from tests import factories as make
from tests.api.client import ApiClient
from tests.api.collections.cases import CASES
from tests.api.collections.suite import refusals
from tests.api.collections.test_query_counts import expansions

pytestmark = pytest.mark.django_db

HIDDEN_STATES = [PublicationState.DRAFT, PublicationState.IN_REVIEW, PublicationState.WITHDRAWN]
# Part of every slug and text that only staff may read.
SECRET = "secret"


def hide(state: PublicationState) -> dict[str, Any]:
    """Records that are not published, and all that hangs on them, by the names of their collections."""
    initiative = make.make_initiative(slug="secret-initiative", title_en=SECRET, state=state)
    milestone = make.make_milestone(slug="secret-milestone", title_en=SECRET, initiative=initiative)
    service = make.make_smart_service(slug="secret-service", name_en=SECRET, state=state)
    dataset = make.make_dataset(slug="secret-dataset", title_en=SECRET, state=state)
    agreement = make.make_sharing_agreement(slug="secret-agreement", purpose_en=SECRET, dataset=dataset)
    subjects: tuple[dict[str, Any], ...] = ({"initiative": initiative}, {"smart_service": service})
    indicators = [
        make.make_indicator(slug=f"secret-indicator-{n}", title_en=SECRET, **subject)
        for n, subject in enumerate(subjects)
    ]
    observation = make.make_observation(slug="secret-observation", indicator=indicators[0])
    involvement = make.make_involvement(initiative=initiative)
    release = make.make_service_release(smart_service=service, notes_en=SECRET)
    distribution = make.make_distribution(dataset=dataset)
    cited = [initiative, milestone, service, dataset, agreement, *indicators, observation]
    citations = [
        make.make_citation(slug=f"secret-citation-{n}", note_en=SECRET, record=record)
        for n, record in enumerate([*cited, involvement, release, distribution])
    ]
    return {
        "initiatives": [initiative],
        "milestones": [milestone],
        "smart-services": [service],
        "datasets": [dataset],
        "agreements": [agreement],
        "indicators": indicators,
        "observations": [observation],
        "citations": citations,
    }


@pytest.fixture
def hidden(db: None) -> dict[str, Any]:
    return hide(PublicationState.WITHDRAWN)


@pytest.fixture
def public(hidden: dict[str, Any]) -> dict[str, Any]:
    """Published records that refer to hidden ones in every way there is."""
    initiative, milestone = hidden["initiatives"][0], hidden["milestones"][0]
    child = make.make_initiative(parent=initiative)
    waiting = make.make_milestone(initiative=child)
    make.make_dependency(milestone=waiting, depends_on=milestone)
    make.make_progress_update(initiative=child, text_en=SECRET, state=PublicationState.DRAFT)
    roadmap = make.make_roadmap()
    make.make_roadmap_item(roadmap=roadmap, position=1, initiative=initiative)
    make.make_roadmap_item(roadmap=roadmap, position=2, milestone=milestone)
    make.make_roadmap_item(roadmap=roadmap, position=3, initiative=child)
    engagement = make.make_engagement(part_of=initiative)
    make.make_agenda_item(engagement=engagement, refers_to=hidden["smart-services"][0])
    outcome = make.make_outcome(engagement=engagement)
    outcome.initiatives.set([initiative, child])
    outcome.milestones.set([milestone])
    statements = [make.make_statement(about=rows[0]) for rows in hidden.values()]
    part = make.make_indicator(parent=hidden["indicators"][0])
    return {
        "initiatives": [child],
        "milestones": [waiting],
        "roadmaps": [roadmap],
        "engagements": [engagement],
        "statements": statements,
        "indicators": [part],
    }


@pytest.mark.parametrize("state", HIDDEN_STATES)
@pytest.mark.parametrize("outsider", ["anonymous", "reader"])
def test_outsiders_do_not_find_what_is_hidden(
    request: pytest.FixtureRequest, outsider: str, state: PublicationState
) -> None:
    client, hidden = request.getfixturevalue(outsider), hide(state)
    for collection, rows in hidden.items():
        assert client.slugs(f"{collection}/") == []
        nothing = client.read(f"{collection}/nowhere/").json()
        for row in rows:
            response = client.read(f"{collection}/{row.slug}/")
            assert response.status_code == 404
            assert response.json() == nothing
        assert client.head(f"/api/v1/{collection}/{rows[0].slug}/").status_code == 404
    indicator = hidden["indicators"][0]
    refusals(client.read(f"indicators/{indicator.slug}/total/"), 404)


def test_staff_find_it_all(staff: ApiClient, hidden: dict[str, Any], public: dict[str, Any]) -> None:
    for rows in (hidden, public):
        for collection, records in rows.items():
            listed = staff.slugs(f"{collection}/")
            for row in records:
                assert row.slug in listed
                assert staff.read(f"{collection}/{row.slug}/").status_code == 200
    child = public["initiatives"][0]
    assert staff.read(f"initiatives/{child.slug}/").json()["parent"]["slug"] == "secret-initiative"
    assert len(staff.read(f"roadmaps/{public['roadmaps'][0].slug}/").json()["items"]) == 3


def test_nothing_that_outsiders_read_speaks_of_it(
    anonymous: ApiClient, hidden: dict[str, Any], public: dict[str, Any]
) -> None:
    for case in CASES:
        for expand in expansions(case):
            listed = anonymous.read(case.path, limit=1000, **({"expand": expand} if expand else {}))
            assert listed.status_code == 200
            assert SECRET not in listed.content.decode()
    for collection, rows in public.items():
        for row in rows:
            detail = anonymous.read(f"{collection}/{row.slug}/")
            assert detail.status_code == 200
            assert SECRET not in detail.content.decode()


def test_references_to_it_are_null_and_its_places_are_empty(anonymous: ApiClient, public: dict[str, Any]) -> None:
    def read(collection: str) -> dict[str, Any]:
        document: dict[str, Any] = anonymous.read(f"{collection}/{public[collection][0].slug}/").json()
        return document

    assert read("initiatives")["parent"] is None
    assert read("initiatives")["progress_updates"] == []
    assert read("initiatives")["last_update_on"] is None
    assert read("milestones")["depends_on"] == []
    assert [item["position"] for item in read("roadmaps")["items"]] == [3]
    assert read("engagements")["part_of"] is None
    assert read("engagements")["agenda"][0]["refers_to"] is None
    [outcome] = read("engagements")["outcomes"]
    assert [each["slug"] for each in outcome["initiatives"]] == [public["initiatives"][0].slug]
    assert outcome["milestones"] == []
    assert read("indicators")["parent"] is None
    for statement in public["statements"]:
        assert anonymous.read(f"statements/{statement.slug}/").json()["about"] is None


def test_filters_do_not_know_it(anonymous: ApiClient, hidden: dict[str, Any], public: dict[str, Any]) -> None:
    unknown = [
        ("initiatives/", "parent", "secret-initiative"),
        ("initiatives/", "parent__in", "secret-initiative"),
        ("milestones/", "initiative", "secret-initiative"),
        ("milestones/", "depends_on", "secret-milestone"),
        ("milestones/", "depends_on__in", "secret-milestone"),
        ("engagements/", "part_of", "secret-initiative"),
        ("indicators/", "initiative", "secret-initiative"),
        ("indicators/", "smart_service", "secret-service"),
        ("agreements/", "dataset", "secret-dataset"),
        ("observations/", "indicator", "secret-indicator-0"),
        ("statements/", "about", "initiatives/secret-initiative"),
        ("citations/", "record", "observations/secret-observation"),
    ]
    for path, name, value in unknown:
        response = anonymous.read(path, **{name: value})
        assert refusals(response) == [(name, "invalid")]
        # The same words as for what has never been.
        made_up = value.replace("secret", "no-such")
        never = anonymous.read(path, **{name: made_up}).content.decode()
        assert response.content.decode().replace("secret", "no-such") == never
    for path, name in (
        ("initiatives/", "parent__isnull"),
        ("milestones/", "depends_on__isnull"),
        ("engagements/", "part_of__isnull"),
        ("indicators/", "parent__isnull"),
        ("statements/", "about__isnull"),
    ):
        collection = path.rstrip("/")
        slugs = {row.slug for row in public[collection]}
        assert slugs <= set(anonymous.slugs(path, **{name: "true"}))
        assert not slugs & set(anonymous.slugs(path, **{name: "false"}))
    for path, query in (
        ("initiatives/", {"title__icontains": SECRET}),
        ("indicators/", {"slug__in": "secret-indicator-0,secret-indicator-1"}),
        ("milestones/", {"title": SECRET}),
    ):
        assert anonymous.slugs(path, **query) == []


def test_staff_filter_by_it(staff: ApiClient, public: dict[str, Any]) -> None:
    child = public["initiatives"][0].slug
    assert staff.slugs("initiatives/", parent="secret-initiative") == [child]
    assert staff.slugs("initiatives/", parent__in="secret-initiative") == [child]
    assert staff.slugs("initiatives/", parent__isnull="false") == [child]


@pytest.mark.parametrize("outsider", ["anonymous", "reader"])
def test_outsiders_learn_nothing_by_writing(
    request: pytest.FixtureRequest, outsider: str, hidden: dict[str, Any]
) -> None:
    client = request.getfixturevalue(outsider)
    for collection, rows in hidden.items():
        for method in ("PUT", "PATCH", "DELETE"):
            there = client.send(method, f"{collection}/{rows[0].slug}/", {})
            not_there = client.send(method, f"{collection}/nowhere/", {})
            assert there.status_code == not_there.status_code
            assert there.json() == not_there.json()


def test_the_state_cannot_be_written(curator: ApiClient, hidden: dict[str, Any]) -> None:
    for collection in ("initiatives", "smart-services", "datasets"):
        path = f"{collection}/{hidden[collection][0].slug}/"
        assert refusals(curator.send("PATCH", path, {"state": "published"})) == [("#/state", "read_only")]


def test_a_duplicate_of_what_is_hidden_leads_nowhere(anonymous: ApiClient, hidden: dict[str, Any]) -> None:
    duplicate = make.make_initiative(replaced_by=hidden["initiatives"][0])
    response = anonymous.read(f"initiatives/{duplicate.slug}/")
    assert refusals(response, 404) == []
    assert SECRET not in str(response.headers)


def test_withdrawing_and_publishing_take_effect_at_once(anonymous: ApiClient) -> None:
    service = make.make_smart_service()
    path = f"smart-services/{service.slug}/"
    assert anonymous.read(path).status_code == 200
    service.withdraw()
    assert anonymous.read(path).status_code == 404
    service.publish()
    assert anonymous.read(path).status_code == 200
