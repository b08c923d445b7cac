"""Reading the registry as it was: the past answers as the present did, and the present decides who may see it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import Error, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from initiatives.api.urls import router
from initiatives.models import Dataset, Initiative, Milestone, Organization, Person
from tests.database import Rows
from tests.history.log import assert_history_is_whole
from tests.history.random_writes import WRITES
from tests.history.small_registry import plant
from tracker.api import collections
from tracker.history.models import Revision
from tracker.history.time_travel import as_of, current_revision

pytestmark = pytest.mark.django_db(transaction=True)

COLLECTIONS = [prefix for prefix, _viewset, _name in router.registry if prefix in collections.names()]
HISTORIES = 4
LONGEST_HISTORY = 5

Answers = dict[str, Any]


def signed_in() -> Client:
    client = Client()
    client.force_login(User.objects.get_or_create(username="curator", is_staff=True, is_superuser=True)[0])
    return client


@pytest.fixture
def curator() -> Client:
    return signed_in()


def listed(client: Client, collection: str, **parameters: Any) -> list[Any]:
    """The whole collection, page by page."""
    found: list[Any] = []
    address: str | None = f"/api/v1/{collection}/"
    query = {"limit": 1000, **parameters}
    while address:
        answer = client.get(address, query)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        found += page["results"]
        address, query = page["next"], {}
    return found


def detail(client: Client, url: str, **parameters: Any) -> Any:
    answer = client.get(url, parameters)
    return answer.status_code, answer.json()


def snapshot(client: Client, **parameters: Any) -> Answers:
    """What the API says of everything."""
    return {collection: listed(client, collection, **parameters) for collection in COLLECTIONS}


def urls_in(answers: Answers) -> set[str]:
    return {record["url"] for records in answers.values() for record in records}


# Random histories ----------------------------------------------------------------------------------------------------


@settings(
    max_examples=HISTORIES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_every_revision_reads_as_the_registry_did_when_it_was_the_last(data: st.DataObject) -> None:
    Rows.forget_all_new()
    curator = signed_in()
    plant()
    snapshots = {1: snapshot(curator)}
    details: dict[int, dict[str, Any]] = {}
    for write in data.draw(st.lists(st.sampled_from(WRITES), min_size=3, max_size=LONGEST_HISTORY)):
        write(curator, data.draw)
        number = current_revision()
        if number not in snapshots:
            snapshots[number] = snapshot(curator)
            collection = data.draw(st.sampled_from(COLLECTIONS))
            details[number] = {
                record["url"]: detail(curator, record["url"]) for record in snapshots[number][collection]
            }
    assert_history_is_whole()
    for number, then in snapshots.items():
        assert snapshot(curator, as_of=number) == then
        for url, answer in details.get(number, {}).items():
            assert detail(curator, url, as_of=number) == answer
    assert_that_nothing_leaks(snapshots)


def assert_that_nothing_leaks(snapshots: dict[int, Answers]) -> None:
    """No address of a record that the public does not see now is in anything that it is told of the past."""
    public = Client()
    ever = set().union(*(urls_in(then) for then in snapshots.values()))
    models: list[Any] = [collections.model_named(collection) for collection in COLLECTIONS]
    shown = {
        f"http://testserver{record.get_absolute_url()}"
        for model in models
        for record in model.objects.visible_to(AnonymousUser())
    }
    for number in list(snapshots)[:: max(1, len(snapshots) - 1)]:
        told = json.dumps(snapshot(public, as_of=number))
        assert not [url for url in ever - shown if f'"{url}"' in told], number


# Which moment --------------------------------------------------------------------------------------------------------


@pytest.fixture
def three_names() -> list[Revision]:
    """An organization under three names in turn."""
    organization = Organization.objects.create(slug="office", name_en="First")
    for name in ("Second", "Third"):
        Organization.objects.update(name_en=name)
    assert organization.slug == "office"
    return list(Revision.objects.numbered())


def name_at(moment: str) -> Any:
    answer = Client().get("/api/v1/organizations/office/", {"as_of": moment})
    assert answer.status_code == 200, answer.content
    return answer.json()["name"]["en"]


def test_a_revision_number_names_the_registry_right_after_it(three_names: list[Revision]) -> None:
    assert [name_at(str(number)) for number in (1, 2, 3)] == ["First", "Second", "Third"]
    assert name_at("0003") == "Third"


def test_a_time_names_the_last_revision_until_then(three_names: list[Revision]) -> None:
    first, second, third = (revision.at for revision in three_names)
    moments = [first, second - timedelta(microseconds=1), second, third - timedelta(microseconds=1), third]
    names = ["First", "First", "Second", "Second", "Third"]
    assert [name_at(moment.isoformat()) for moment in moments] == names
    assert name_at(f"{second:%Y-%m-%dT%H:%M:%S.%f}Z") == "Second"
    assert name_at(f"{second:%Y-%m-%d %H:%M:%S.%f}") == "Second"
    elsewhere = second.astimezone(timezone(timedelta(hours=4)))
    assert name_at(elsewhere.isoformat()) == "Second"
    assert name_at(f"{datetime.now(UTC):%Y-%m-%d}") == "Third"


def test_revisions_of_one_microsecond_are_told_apart_by_number(three_names: list[Revision]) -> None:
    same = three_names[0].at
    Revision.objects.update(at=same)
    assert name_at(same.isoformat()) == "Third"
    assert name_at("1") == "First"


MOMENTS_THAT_ARE_NONE = [
    *("0", "-1", "4", "999999999", "9" * 30, "00", "+1", "1.5", "1e0", "1,2", "٣", "³", "NaN", "null", "", " ", "\x00"),
    *("yesterday", "2999-01-01", "2999-01-01T00:00:00Z", "1999-12-31", "1999-12-31T23:59:59Z", "2026-13-01"),
    *(
        "2026-02-30",
        "2026-01-01T25:00:00Z",
        "20260101T000000",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ),
    "'; DROP TABLE history_revision; --",
]


@pytest.mark.parametrize("address", ["/api/v1/organizations/", "/api/v1/organizations/office/"])
def test_what_names_no_moment_of_the_registry_is_refused(three_names: list[Revision], address: str) -> None:
    for moment in MOMENTS_THAT_ARE_NONE:
        answer = Client().get(address, {"as_of": moment})
        assert answer.status_code == 400, (moment, answer.content)
        assert answer["Content-Type"] == "application/problem+json"
        (error,) = answer.json()["errors"]
        assert "as_of" in json.dumps(error), error


def test_two_moments_at_once_are_refused(three_names: list[Revision]) -> None:
    assert Client().get("/api/v1/organizations/?as_of=1&as_of=2").status_code == 400


def test_a_registry_without_a_revision_has_no_past() -> None:
    for moment in ("0", "1", f"{datetime.now(UTC):%Y-%m-%d}"):
        assert Client().get("/api/v1/organizations/", {"as_of": moment}).status_code == 400


# Reading and writing there -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_write_to_the_past_is_refused_and_nothing_is_written(
    curator: Client, three_names: list[Revision], method: str
) -> None:
    address = "/api/v1/organizations/" + ("" if method == "post" else "office/")
    answer = getattr(curator, method)(f"{address}?as_of=1", {"name": {"en": "Never"}}, "application/json")
    assert answer.status_code == 400, answer.content
    assert "as_of" in answer.content.decode()
    assert current_revision() == 3
    assert name_at("3") == "Third"


def test_nothing_can_be_written_inside_the_past_and_the_present_is_back_afterwards(three_names: list[Revision]) -> None:
    with as_of(1, unrestricted=True):
        assert Organization.objects.get().name_en == "First"
        for row in (Person(slug="a", name_en="A"), User(username="somebody")):
            with pytest.raises(Error, match=r"read-only|cannot insert into view"), transaction.atomic():
                row.save()
    assert Organization.objects.get().name_en == "Third"
    Person.objects.create(slug="a", name_en="A")
    assert current_revision() == 4


def test_the_past_ends_with_its_block_inside_of_a_longer_transaction(three_names: list[Revision]) -> None:
    with transaction.atomic():
        Organization.objects.update(name_en="Fourth")
        with as_of(2, unrestricted=True):
            assert Organization.objects.get().name_en == "Second"
        assert Organization.objects.get().name_en == "Fourth"
        Organization.objects.update(name_en="Fifth")
    assert Organization.objects.get().name_en == "Fifth"
    assert current_revision() == 4


def test_the_next_request_on_the_connection_is_in_the_present(three_names: list[Revision]) -> None:
    client = Client()
    assert name_at("1") == "First"
    assert client.get("/api/v1/organizations/nowhere/?as_of=1").status_code == 404
    assert client.get("/api/v1/organizations/?as_of=1&nonsense=1").status_code == 400
    assert client.get("/api/v1/organizations/office/").json()["name"]["en"] == "Third"


def test_filters_ordering_pages_fields_and_expansion_work_in_the_past(curator: Client) -> None:
    office = Organization.objects.create(slug="office", name_en="Office", kind="authority")
    people = Person.objects.bulk_create(Person(slug=f"p-{number}", name_en=f"P{number}") for number in range(5))
    for number, person in enumerate(people):
        Initiative.objects.create(
            slug=f"i-{number}", title_en=person.name_en, lead=office, planned_start=f"201{number}-01-01"
        )
    then = current_revision()
    Initiative.objects.filter(slug="i-4").delete()
    Initiative.objects.update(lead=None, planned_start=None, title_en="Now")
    Organization.objects.update(slug="authority", kind="company")
    Person.objects.all().delete()

    def slugs(collection: str, **parameters: Any) -> list[str]:
        return [record["slug"] for record in listed(curator, collection, as_of=then, **parameters)]

    assert slugs("initiatives", lead="office", ordering="-planned_start") == ["i-4", "i-3", "i-2", "i-1", "i-0"]
    assert slugs("initiatives", planned_start__lt="2012-01-01") == ["i-0", "i-1"]
    assert slugs("initiatives", status="planned", slug="i-4") == ["i-4"]
    assert slugs("organizations", kind="authority") == ["office"]
    assert slugs("organizations", kind="company") == []
    assert slugs("people", limit=2, ordering="-slug") == ["p-4", "p-3", "p-2", "p-1", "p-0"]
    address = f"/api/v1/initiatives/?as_of={then}"
    page = curator.get(f"{address}&limit=2&offset=2").json()
    assert page["count"] == 5
    assert f"as_of={then}" in page["next"]
    (thin,) = curator.get(f"{address}&slug=i-1&fields=slug,title").json()["results"]
    assert thin == {"slug": "i-1", "title": {"en": "P1", "ar": None}}
    (wide,) = curator.get(f"{address}&slug=i-1&expand=lead").json()["results"]
    assert wide["lead"]["kind"] == "authority"
    assert curator.get(f"{address}&lead=authority").status_code == 400


def test_the_number_of_queries_does_not_grow_with_the_rows_of_the_past(
    curator: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for _ in range(2):
        for number in range(10):
            Organization.objects.create(slug=f"o-{current_revision()}-{number}", name_en="O")
        last = current_revision()
        with django_assert_max_num_queries(50) as asked:
            assert len(listed(curator, "organizations", as_of=last)) == Organization.objects.count()
        counts.append(len(asked))
    assert counts[0] == counts[1]


# Who may see it ------------------------------------------------------------------------------------------------------


def test_what_is_deleted_now_is_in_the_past_for_curators_only(curator: Client) -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    Person.objects.all().delete()
    assert curator.get("/api/v1/people/aisha/?as_of=1").status_code == 200
    assert Client().get("/api/v1/people/aisha/?as_of=1").status_code == 404
    assert listed(Client(), "people", as_of=1) == []


def test_what_is_hidden_now_is_in_the_past_for_curators_only(curator: Client) -> None:
    Initiative.objects.create(slug="secret", title_en="Secret").withdraw()
    assert curator.get("/api/v1/initiatives/secret/?as_of=1").json()["state"] == "published"
    assert Client().get("/api/v1/initiatives/secret/?as_of=1").status_code == 404


def test_what_was_hidden_then_stays_hidden_then_when_it_is_published_now(curator: Client) -> None:
    Initiative.objects.create(slug="draft", title_en="Not yet", state="draft").publish()
    assert curator.get("/api/v1/initiatives/draft/?as_of=1").status_code == 200
    assert Client().get("/api/v1/initiatives/draft/?as_of=1").status_code == 404
    assert Client().get("/api/v1/initiatives/draft/?as_of=2").status_code == 200


def test_parts_that_have_moved_to_where_nobody_sees_them_are_gone_from_the_publics_past(curator: Client) -> None:
    shown = Initiative.objects.create(slug="shown", title_en="Shown")
    hidden = Initiative.objects.create(slug="hidden", title_en="Hidden", state="draft")
    Milestone.objects.create(slug="moved", title_en="Moved", initiative=shown)
    then = current_revision()
    Milestone.objects.update(initiative=hidden)
    assert [each["slug"] for each in listed(curator, "milestones", as_of=then)] == ["moved"]
    assert listed(Client(), "milestones", as_of=then) == []
    (initiative,) = listed(Client(), "initiatives", as_of=then)
    assert initiative["milestones"] == []


def test_what_refers_to_something_hidden_now_is_gone_from_the_publics_past_as_well(curator: Client) -> None:
    """Some records are no parts, and yet nobody sees them without what they are about."""
    plant()
    then = current_revision()
    curator.patch("/api/v1/agreements/agreement-open/", {"dataset": "kept"}, "application/json")
    curator.patch("/api/v1/citations/citation-2/", {"record": "initiatives/hidden"}, "application/json")
    curator.patch("/api/v1/indicators/happiness/", {"goal": None, "initiative": "hidden"}, "application/json")
    assert current_revision() == then + 3
    told, kept = (json.dumps(snapshot(client, as_of=then)) for client in (Client(), curator))
    for address in ("agreements/agreement-open", "citations/citation-2", "indicators/happiness", "happiness-2016"):
        assert address in kept
        assert address not in told


def test_what_depends_on_something_hidden_now_is_gone_from_the_publics_past(curator: Client) -> None:
    plant()
    then = current_revision()
    Initiative.objects.get(slug="shown").withdraw()
    Dataset.objects.get(slug="open").withdraw()
    told, kept = (json.dumps(snapshot(client, as_of=then)) for client in (Client(), curator))
    for address in ("initiatives/shown", "milestones/milestone-1", "datasets/open", "agreements/agreement-open"):
        assert address in kept
        assert address not in told
