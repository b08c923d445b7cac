"""The change feed: whoever follows it has the registry, as far as they may see it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from initiatives.models import Engagement, Initiative, Milestone, Organization, Person, Pillar, Source, Strategy
from tests.database import Rows
from tests.history.mirror import Mirror, curator, public_registry, whole_registry
from tests.history.random_writes import WRITES
from tests.history.small_registry import plant
from tracker.history.feed import WINDOW
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

HISTORIES = 12
LONGEST_HISTORY = 8


@settings(
    max_examples=HISTORIES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_copy_built_from_the_feed_alone_is_the_registry_wherever_it_stopped_before(data: st.DataObject) -> None:
    Rows.forget_all_new()
    writer = curator()
    plant()
    limits = st.sampled_from([1, 3, 10, 1000])
    staff, public = Mirror(writer, data.draw(limits)), Mirror(Client(), data.draw(limits))
    for write in data.draw(st.lists(st.sampled_from(WRITES), min_size=3, max_size=LONGEST_HISTORY)):
        write(writer, data.draw)
        if data.draw(st.booleans()):
            staff.follow()
            assert staff.without_empty() == whole_registry()
        if data.draw(st.booleans()):
            public.follow()
            assert public.without_empty() == public_registry()
    for late in (staff, Mirror(writer)):
        late.follow()
        assert late.without_empty() == whole_registry()
    for late in (public, Mirror(Client())):
        late.follow()
        assert late.without_empty() == public_registry()


# What is told of what -------------------------------------------------------------------------------------------------


def feed(client: Client | None = None, **parameters: Any) -> Any:
    answer = (client or Client()).get("/api/v1/changes/", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def told(page: Any) -> list[tuple[int, str, str, Any]]:
    """Revision, action, table without its prefix, and the slug of each change."""
    return [
        (revision["revision"], change["action"], change["table"].removeprefix("initiatives_"), change["slug"])
        for revision in page["results"]
        for change in revision["changes"]
    ]


def test_each_write_is_told_once_with_the_row_as_it_left_it() -> None:
    person = Person.objects.create(slug="aisha", name_en="Aisha")
    Person.objects.update(name_ar="عائشة")
    page = feed()
    assert (page["since"], page["revision"], page["next"], page["more"]) == (0, 2, None, False)
    first, second = page["results"]
    assert told(page) == [(1, "create", "person", "aisha"), (2, "update", "person", "aisha")]
    (change,) = second["changes"]
    assert (change["collection"], change["id"], change["owner"]) == ("people", person.pk, None)
    assert first["changes"][0]["row"]["name_ar"] == ""
    assert change["row"]["name_ar"] == "عائشة"
    assert set(change["row"]) == {field.column for field in Person._meta.concrete_fields}


def test_parts_and_links_tell_what_they_belong_to() -> None:
    strategy = Strategy.objects.create(slug="strategy", title_en="Strategy")
    pillar = Pillar.objects.create(slug="pillar", name_en="Pillar", strategy=strategy, position=1)
    initiative = Initiative.objects.create(slug="shown", title_en="Shown")
    last = current_revision()
    initiative.pillars.add(pillar)
    office = Organization.objects.create(slug="office", name_en="Office")
    initiative.involvements.create(organization=office, role="lead")
    link, _office, involvement = [revision["changes"][0] for revision in feed(since=last)["results"]]
    owner = {"table": "initiatives_initiative", "id": initiative.pk}
    assert (link["collection"], link["table"], link["owner"]) == (None, "initiatives_initiative_pillars", owner)
    assert (involvement["collection"], involvement["slug"], involvement["owner"]) == (None, None, owner)


def test_the_public_is_told_why_but_not_who() -> None:
    office = curator().post(
        "/api/v1/organizations/",
        {"name": {"en": "Office"}},
        "application/json",
        headers={"X-Change-Reason": "Founded", "X-Request-ID": "r-1"},
    )
    assert office.status_code == 201
    (public,), (staff,) = feed()["results"], feed(curator())["results"]
    assert (public["reason"], public["actor"], public["request_id"]) == ("Founded", None, None)
    assert (staff["reason"], staff["actor"], staff["request_id"]) == ("Founded", "curator", "r-1")


# What the public is not told ------------------------------------------------------------------------------------------


def test_what_is_hidden_is_not_told_until_it_is_published_and_then_with_all_that_belongs_to_it() -> None:
    plan = Initiative.objects.create(slug="plan", title_en="Secret title", state="draft")
    milestone = Milestone.objects.create(slug="first", title_en="First", initiative=plan)
    article = Source.objects.create(slug="article", title_en="Article")
    milestone.citations.create(slug="cited", source=article, locator="L1")
    Initiative.objects.update(title_en="Public title")
    before = feed()
    assert told(before) == [(3, "create", "source", "article")]
    assert before["revision"] == current_revision()
    plan.refresh_from_db()
    plan.publish()
    page = feed(since=before["revision"])
    assert sorted(each[1:] for each in told(page)) == [
        ("update", "citation", "cited"),
        ("update", "initiative", "plan"),
        ("update", "milestone", "first"),
    ]
    assert "Secret title" not in json.dumps(feed())
    Initiative.objects.update(title_en="Newer title")
    assert [each[1:] for each in told(feed(since=page["revision"]))] == [("update", "initiative", "plan")]


def test_what_is_withdrawn_is_told_of_as_gone_without_a_word_of_what_it_was() -> None:
    plan = Initiative.objects.create(slug="plan", title_en="Title")
    Milestone.objects.create(slug="first", title_en="First", initiative=plan)
    mirror = Mirror(Client())
    mirror.follow()
    plan.withdraw()
    mirror.follow()
    assert mirror.without_empty() == {}
    gone = mirror.told[-2:]
    assert {(each["action"], each["slug"], each["row"], each["owner"] is None) for each in gone} == {
        ("delete", None, None, True)
    }
    # Whoever comes later hears of nothing but that.
    assert "Title" not in json.dumps(feed())
    assert [each[1] for each in told(feed())] == ["delete", "delete"]


def test_what_was_never_public_leaves_no_trace_in_the_public_feed() -> None:
    plan = Initiative.objects.create(slug="plan", title_en="Title", state="draft")
    Milestone.objects.create(slug="first", title_en="First", initiative=plan).delete()
    plan.withdraw()
    plan.delete()
    once = Initiative.objects.create(slug="once", title_en="Once")
    once.withdraw()
    last = current_revision()
    # Written while its initiative was hidden already.
    Milestone.objects.create(slug="late", title_en="Late", initiative=once).delete()
    assert [each[0] for each in told(feed())] == [last]
    assert feed()["revision"] == last + 2
    assert len(told(feed(curator()))) == 9


def test_a_part_that_moves_to_where_the_public_sees_nothing_is_gone_and_comes_back_with_its_initiative() -> None:
    shown = Initiative.objects.create(slug="shown", title_en="Shown")
    hidden = Initiative.objects.create(slug="hidden", title_en="Hidden", state="draft")
    Milestone.objects.create(slug="moved", title_en="Moved", initiative=shown)
    mirror = Mirror(Client())
    mirror.follow()
    Milestone.objects.update(initiative=hidden)
    mirror.follow()
    assert set(mirror.without_empty()) == {"initiatives_initiative"}
    hidden.publish()
    mirror.follow()
    assert mirror.without_empty() == public_registry()
    assert "initiatives_milestone" in mirror.without_empty()


def test_a_reference_to_something_hidden_is_null_and_is_told_when_that_is_published() -> None:
    whole = Initiative.objects.create(slug="whole", title_en="Whole", state="draft")
    Initiative.objects.create(slug="part", title_en="Part", parent=whole)
    visit = Engagement.objects.create(slug="visit", kind="visit", title_en="Visit", part_of=whole)
    visit.agenda.create(position=1, subject_en="The plan", refers_to=whole)
    mirror = Mirror(Client())
    mirror.follow()
    rows = [row for table in mirror.without_empty().values() for row in table.values()]
    assert not any(row.get(column) for row in rows for column in ("parent_id", "part_of_id", "refers_to_id"))
    assert mirror.without_empty() == public_registry()
    for change in (whole.publish, whole.withdraw, whole.publish):
        change()
        mirror.follow()
        assert mirror.without_empty() == public_registry()
    assert mirror.tables["initiatives_engagement"][visit.pk]["part_of_id"] == whole.pk


def test_a_deletion_and_a_return_under_the_old_id_are_both_followed() -> None:
    Initiative.objects.create(pk=70, slug="plan", title_en="Title")
    mirror, staff = Mirror(Client()), Mirror(curator())
    for write in (Initiative.objects.all().delete, lambda: Initiative.objects.create(pk=70, slug="p", title_en="New")):
        mirror.follow()
        staff.follow()
        write()
    mirror.follow()
    staff.follow()
    assert mirror.without_empty() == staff.without_empty() == whole_registry()


# Pages ----------------------------------------------------------------------------------------------------------------


def test_a_page_holds_whole_revisions_and_a_large_one_is_not_split() -> None:
    for size in (2, 5, 1, 1, 1):
        with transaction.atomic():
            for number in range(size):
                Person.objects.create(slug=f"p-{current_revision()}-{size}-{number}", name_en="P")

    def sizes(**parameters: Any) -> list[int]:
        return [len(revision["changes"]) for revision in feed(**parameters)["results"]]

    assert sizes(limit=1) == [2]
    assert sizes(limit=3) == [2]
    assert sizes(limit=3, since=1) == [5]
    assert sizes(limit=7) == [2, 5]
    assert sizes(limit=2, since=2) == [1, 1]
    assert sizes(limit=3, since=2) == [1, 1, 1]
    page = feed(limit=2, since=2)
    assert (page["revision"], page["more"]) == (4, True)
    assert "since=4" in page["next"]
    assert "limit=2" in page["next"]
    assert feed(limit=3, since=2)["more"] is False
    assert feed(since=5) == {"since": 5, "revision": 5, "next": None, "more": False, "results": []}


def test_a_revision_of_which_the_public_sees_nothing_still_moves_the_reader_on() -> None:
    for number in range(5):
        Initiative.objects.create(slug=f"draft-{number}", title_en="Draft", state="draft")
    page = feed(limit=2)
    assert (page["results"], page["revision"], page["more"]) == ([], 2, True)


@pytest.mark.parametrize(
    "query",
    [
        *("since=-1", "since=2", "since=x", "since=", "since=٣", "since=1&since=1", "since=99999999999999999999"),
        *("limit=0", "limit=1001", "limit=1e3", "sinse=1", "as_of=1", "offset=0"),
    ],
)
def test_what_makes_no_sense_is_refused(query: str) -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    answer = Client().get(f"/api/v1/changes/?{query}")
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


def test_an_empty_log_is_an_empty_page() -> None:
    assert feed() == {"since": 0, "revision": 0, "next": None, "more": False, "results": []}


def test_head_answers_as_get_does_and_nothing_new_is_not_sent_again() -> None:
    Person.objects.create(slug="aisha", name_en="Aisha")
    client = Client()
    answer = client.get("/api/v1/changes/")
    assert client.head("/api/v1/changes/")["ETag"] == answer["ETag"]
    assert client.get("/api/v1/changes/", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    Person.objects.update(name_en="Another")
    assert client.get("/api/v1/changes/", headers={"If-None-Match": answer["ETag"]}).status_code == 200
    assert client.post("/api/v1/changes/", {}, "application/json").status_code == 405


# Cost -----------------------------------------------------------------------------------------------------------------

LENGTHEN = """
INSERT INTO history_revision (number, actor) SELECT number, 'filler' FROM generate_series({since} + 1, {until}) number;
INSERT INTO history_change (revision_id, table_name, object_id, action, after)
SELECT revision.id, 'initiatives_person', revision.number, 'create', '{{}}'
FROM history_revision revision WHERE revision.number > {since};
"""


def pages_touched(since: int) -> int:
    """How many pages of the database the window of the feed reads."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {WINDOW}", [since, 11])
        plan = cursor.fetchone()[0][0]["Plan"]
    assert "Seq Scan" not in json.dumps(plan)
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_the_end_of_a_long_log_is_read_as_quickly_as_that_of_a_short_one() -> None:
    touched = {}
    with connection.cursor() as cursor:
        length = 0
        for until in (2_000, 100_000):
            cursor.execute(LENGTHEN.format(since=length, until=until))
            cursor.execute("ANALYZE history_revision, history_change")
            length = until
            touched[until] = [pages_touched(since) for since in (until - 5, until - 1_000, until // 2, 0)]
    assert all(few < 200 for counts in touched.values() for few in counts), touched
