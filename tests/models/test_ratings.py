"""Ratings in the database: never changed, counted as they come, kept by month, sealed for a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from initiatives.models import HappinessCount, Rating, SmartService, WaitingRatings
from initiatives.models.days import city_day
from initiatives.models.rating_partitions import make_partitions
from initiatives.models.rating_seals import DayIsOverError, day_in_force, set_seal, turn_to
from initiatives.rating import rate
from tests.factories import make_rating, make_smart_service
from tests.history.clients import at_once

pytestmark = pytest.mark.django_db

SCORES = ("happy", "neutral", "unhappy")


def execute(statement: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def partition_of(rating: Rating) -> str:
    ((name,),) = execute("SELECT tableoid::regclass::text FROM initiatives_rating WHERE id = %s", rating.pk)
    return str(name)


def partitions() -> set[str]:
    return {
        name
        for (name,) in execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'initiatives_rating'::regclass"
        )
    }


# Never changed -------------------------------------------------------------------------------------------------------

CHANGES: list[Callable[[Any], Any]] = [
    lambda rows: rows.update(score="unhappy"),
    lambda rows: rows.update(channel="kiosk"),
    lambda rows: rows.update(comment="Better"),
    lambda rows: rows.update(comment="", comment_state=""),
    lambda rows: rows.update(rated_at=datetime(2020, 1, 1, tzinfo=UTC)),
    lambda rows: rows.update(day=date(2020, 1, 1)),
    lambda rows: rows.update(smart_service=make_smart_service()),
    lambda rows: rows.update(comment_state="shown", score="unhappy"),
    lambda rows: rows.delete(),
    lambda rows: rows.get().delete(),
    lambda _rows: execute("DELETE FROM initiatives_rating"),
    lambda _rows: execute("UPDATE initiatives_rating SET id = id + 1"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_rating_is_neither_changed_nor_deleted(change: Callable[[Any], Any]) -> None:
    rating = make_rating(comment="Good")
    with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
        change(Rating.objects.filter(pk=rating.pk))
    (kept,) = Rating.objects.all()
    assert (kept.score, kept.channel, kept.comment, kept.rated_at, kept.day, kept.comment_state) == (
        "happy", "web", "Good", rating.rated_at, rating.day, "pending",
    )  # fmt: skip


def test_only_what_moderators_say_of_its_comment_changes() -> None:
    rating, silent = make_rating(comment="Good"), make_rating()
    assert (rating.comment_state, silent.comment_state) == ("pending", "")
    assert Rating.objects.all().moderate(Rating.CommentState.SHOWN) == 1
    assert [each.pk for each in Rating.objects.shown()] == [rating.pk]
    rating.refresh_from_db()
    rating.comment_state = Rating.CommentState.REFUSED
    rating.save(update_fields=["comment_state"])
    assert not Rating.objects.shown().exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"score": "ecstatic"},
        {"comment": "Good", "comment_state": "praised"},
        {"comment": "", "comment_state": "shown"},
    ],
)
def test_the_database_takes_no_other_score_or_state(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_rating(**fields)


# Counted -------------------------------------------------------------------------------------------------------------


def of_each_score(rows: Any) -> dict[str, int]:
    return {score: count or 0 for score, count in rows.aggregate(**{s: Sum(s) for s in SCORES}).items()}


def counted_and_waiting(**of: Any) -> dict[str, dict[str, int]]:
    """By period, how many of each score are counted or wait: as many as there are ratings."""
    waiting = of_each_score(WaitingRatings.objects.filter(**of))
    return {
        period: {
            s: n + waiting[s] for s, n in of_each_score(HappinessCount.objects.filter(period=period, **of)).items()
        }
        for period in HappinessCount.Period.values
    }


def rows_by_score(**of: Any) -> dict[str, int]:
    return {score: Rating.objects.filter(score=score, **of).count() for score in SCORES}


def test_whoever_inserts_ratings_they_are_counted() -> None:
    service = make_smart_service()
    rows = [
        Rating(smart_service=service, score=SCORES[number % 3], channel="web", day=city_day()) for number in range(12)
    ]
    Rating.objects.bulk_create(rows)
    assert counted_and_waiting() == dict.fromkeys(HappinessCount.Period.values, rows_by_score())
    assert sum(of_each_score(WaitingRatings.objects).values()) == 2


def test_a_rating_that_is_taken_back_with_its_transaction_is_not_counted() -> None:
    service = make_smart_service()
    for _each in range(4):
        make_rating(smart_service=service)
    with transaction.atomic():
        make_rating(smart_service=service)
        transaction.set_rollback(True)
    assert not HappinessCount.objects.exists()
    assert WaitingRatings.objects.get().happy == 4


@pytest.mark.django_db(transaction=True)
def test_sixteen_who_rate_at_once_are_counted_as_they_are() -> None:
    services = [make_smart_service() for _each in range(3)]

    def visitor(number: int) -> None:
        try:
            for turn in range(15):
                rate(
                    smart_service=services[turn % 3],
                    client=f"{number}/{turn}",
                    score=SCORES[(number + turn) % 3],
                    channel="web",
                    comment="Said" if turn % 4 == 0 else "",
                )
        finally:
            connection.close()

    at_once([lambda number=number: visitor(number) for number in range(16)])  # type: ignore[misc]
    assert Rating.objects.count() == 16 * 15
    for service in services:
        expected = rows_by_score(smart_service=service)
        assert counted_and_waiting(smart_service=service) == dict.fromkeys(HappinessCount.Period.values, expected)
    assert all(row.happy + row.neutral + row.unhappy < 5 for row in WaitingRatings.objects.all())


# By month ------------------------------------------------------------------------------------------------------------


def test_each_month_is_a_partition_and_what_has_none_is_kept_all_the_same() -> None:
    today = city_day()
    assert partition_of(make_rating()) == f"initiatives_rating_{today:%Y_%m}"
    assert partition_of(make_rating(rated_at=datetime(2001, 1, 1, tzinfo=UTC))) == "initiatives_rating_default"
    last_moment = datetime(today.year, today.month, 1, tzinfo=UTC) - timedelta(microseconds=1)
    assert partition_of(make_rating(rated_at=last_moment)) != f"initiatives_rating_{today:%Y_%m}"


def test_partitions_are_made_for_this_month_and_the_next_two_across_the_turn_of_the_year() -> None:
    names = ["initiatives_rating_2031_11", "initiatives_rating_2031_12", "initiatives_rating_2032_01"]
    assert make_partitions(date(2031, 11, 30)) == names
    assert make_partitions(date(2031, 11, 30)) == []
    assert make_partitions(date(2031, 12, 1)) == ["initiatives_rating_2032_02"]
    assert set(names) <= partitions()
    rating = make_rating(rated_at=datetime(2032, 1, 31, 23, 59, 59, tzinfo=UTC))
    assert partition_of(rating) == names[-1]
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Rating.objects.update(score="unhappy")


def test_a_month_that_the_default_partition_has_ratings_of_stays_there() -> None:
    make_rating(rated_at=datetime(2041, 5, 1, tzinfo=UTC))
    assert make_partitions(date(2041, 5, 1)) == ["initiatives_rating_2041_06", "initiatives_rating_2041_07"]
    assert Rating.objects.count() == 1


def test_ids_are_unique_across_partitions() -> None:
    ratings = [make_rating(rated_at=datetime(2001 + year, 1, 1, tzinfo=UTC)) for year in range(3)] + [make_rating()]
    assert len({rating.pk for rating in ratings}) == 4
    assert [Rating.objects.get(pk=rating.pk) for rating in ratings] == ratings


# Sealed for a day ----------------------------------------------------------------------------------------------------


def test_seals_of_one_client_differ_by_service_and_by_day() -> None:
    for day in (city_day(), city_day() + timedelta(days=2)):
        assert turn_to(day) == day
        assert set_seal(client="a", service=1, day=day)
        assert set_seal(client="a", service=2, day=day)
        assert set_seal(client="b", service=1, day=day)
        assert not set_seal(client="a", service=1, day=day)
        assert execute("SELECT count(*) FROM initiatives_ratingseal") == [(3,)]


def test_a_day_that_is_over_takes_no_more_seals() -> None:
    day = turn_to(city_day())
    turn_to(day + timedelta(days=1))
    with pytest.raises(DayIsOverError):
        set_seal(client="a", service=1, day=day)


def test_a_clock_that_ran_far_ahead_does_not_stop_the_days() -> None:
    day = city_day()
    turn_to(day + timedelta(days=400))
    assert day_in_force(day) is None
    assert turn_to(day) == day


def test_the_command_forgets_yesterday_and_makes_partitions_and_may_be_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service: SmartService = make_smart_service()
    rate(smart_service=service, client="a", score="happy", channel="web")
    make_rating(rated_at=datetime(2001, 1, 1, tzinfo=UTC))
    monkeypatch.setattr("initiatives.management.commands.tend_happiness.city_day", lambda: date(2051, 1, 1))
    call_command("tend_happiness")
    said = capsys.readouterr().out
    assert "before 2051-01-01" in said
    assert "initiatives_rating_2051_01, initiatives_rating_2051_02, initiatives_rating_2051_03" in said
    assert "1 ratings are of months without a partition" in said
    assert execute("SELECT count(*) FROM initiatives_ratingseal") == [(0,)]
    call_command("tend_happiness")
    assert "New partitions: none" in capsys.readouterr().out
