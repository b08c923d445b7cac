"""The tests' own database: every test finds it as the migrations left it."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_commits_is_gone_in_the_next(turn: int) -> None:
    assert not User.objects.exists()
    group = Group.objects.create(name="committed")
    group.permissions.add(Permission.objects.earliest("id"))
    User.objects.create_user("committed").groups.add(group)


@pytest.mark.parametrize("turn", [1, 2])
def test_content_types_and_permissions_stay_with_their_numbers(turn: int) -> None:
    first = ContentType.objects.earliest("id")
    assert first.pk == 1
    assert Permission.objects.filter(content_type=first).exists()


def test_an_unfinished_transaction_of_a_test_does_not_block_the_emptying() -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO auth_group (name) VALUES ('unfinished')")
