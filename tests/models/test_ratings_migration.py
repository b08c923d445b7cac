"""Ratings that were given before their table was divided by months are kept on the way there and back, and counted."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from initiatives.models import HappinessCount, Rating
from tests.factories import make_rating, make_smart_service
from tests.history.dumps import empty_database, working_in

BY_MONTH = "ratings_by_month_and_their_counts"
PLAIN = "SELECT id, smart_service_id, score, channel, comment, rated_at FROM initiatives_rating ORDER BY id"
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = 'initiatives_rating'::regclass AND attnum > 0"


def rows(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        found: list[Any] = cursor.fetchall()
    return found


def the_one_before(suffix: str) -> str:
    """The name of the migration on which the one with this ending stands."""
    migrations = MigrationLoader(connection).disk_migrations
    (found,) = (each for (app, name), each in migrations.items() if app == "initiatives" and name.endswith(suffix))
    return str(found.dependencies[0][1])


@pytest.mark.django_db(transaction=True)
def test_ratings_go_through_the_migration_and_back() -> None:
    with empty_database(template=connection.settings_dict["NAME"]) as name, working_in(name):
        service = make_smart_service()
        for score in ("happy", "happy", "neutral", "unhappy", "happy", "unhappy"):
            make_rating(smart_service=service, score=score)
        make_rating(smart_service=service, comment="Good", comment_state="shown")
        given, last = rows(PLAIN), Rating.objects.latest("id").pk
        call_command("migrate", "initiatives", the_one_before(BY_MONTH), verbosity=0)
        assert rows(PLAIN) == given
        assert rows("SELECT relkind FROM pg_class WHERE relname = 'initiatives_rating'") == [("r",)]
        assert not {("day",), ("comment_state",)} & set(rows(COLUMNS))
        assert (
            rows("SELECT relname FROM pg_class WHERE relname ~ '^initiatives_(rating_2|ratingseal|happiness|waiting)'")
            == []
        )
        call_command("migrate", verbosity=0)
        assert rows(PLAIN) == given
        assert set(Rating.objects.values_list("comment", "comment_state")) == {("", ""), ("Good", "pending")}
        counted = HappinessCount.objects.get(period="day")
        assert (counted.happy, counted.neutral, counted.unhappy) == (3, 1, 1)
        assert counted.start == Rating.objects.earliest("id").day
        assert make_rating(smart_service=service).pk == last + 1
