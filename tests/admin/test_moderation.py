"""Comments on ratings: curators read them and say which are shown, many at once; nobody changes what was said."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from initiatives.models import Rating
from tests.admin.pages import changing, deleting, listing
from tests.factories import make_rating

SCRIPT = "<script>alert(1)</script>"


def act(client: Client, action: str, *rows: Any) -> Any:
    return client.post(listing(Rating), {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)


def member_of_staff(*codenames: str) -> Client:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_many_comments_are_shown_or_refused_at_once_and_the_log_says_so(desk: Client) -> None:
    rows = [make_rating(comment=f"Comment {number}") for number in range(3)]
    silent = make_rating()
    page = act(desk, "show_comments", *rows, silent)
    assert "3 comments are shown now." in page.content.decode()
    assert set(Rating.objects.shown()) == set(rows)
    assert LogEntry.objects.count() == 3
    page = act(desk, "refuse_comments", rows[0])
    assert "1 comment is refused." in page.content.decode()
    assert set(Rating.objects.shown()) == set(rows[1:])
    silent.refresh_from_db()
    assert silent.comment_state == ""


def test_the_list_is_narrowed_to_what_is_to_be_read(desk: Client) -> None:
    pending = make_rating(comment="To be read")
    make_rating(comment="Read", comment_state="shown")
    make_rating()
    page = desk.get(listing(Rating), {"comment_state__exact": "pending"})
    assert list(page.context["cl"].result_list) == [pending]


def test_comments_are_found_by_their_words(desk: Client) -> None:
    found = make_rating(comment="الانتظار طويل")
    make_rating(comment="Quick")
    assert list(desk.get(listing(Rating), {"q": "طويل"}).context["cl"].result_list) == [found]


def test_who_may_only_look_is_offered_no_action(db: None) -> None:
    rating = make_rating(comment="Good")
    client = member_of_staff("view_rating")
    page = client.get(listing(Rating))
    assert page.status_code == 200
    assert "show_comments" not in page.content.decode()
    act(client, "show_comments", rating)
    assert not Rating.objects.shown().exists()


def test_who_may_change_ratings_moderates_and_changes_nothing_else(db: None) -> None:
    rating = make_rating(comment="Good")
    client = member_of_staff("view_rating", "change_rating", "delete_rating")
    act(client, "show_comments", rating)
    assert list(Rating.objects.shown()) == [rating]
    assert client.post(changing(rating), {"score": "unhappy", "comment": "Better"}).status_code == 403
    assert client.post(deleting(rating), {"post": "yes"}).status_code == 403
    act(client, "delete_selected", rating)
    rating.refresh_from_db()
    assert (rating.score, rating.comment) == ("happy", "Good")


@pytest.mark.parametrize("address", ["list", "form"])
def test_a_script_in_a_comment_is_text(either_desk: Client, address: str) -> None:
    rating = make_rating(comment=SCRIPT)
    page = either_desk.get(listing(Rating) if address == "list" else changing(rating)).content.decode()
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)" in page


def test_strangers_see_nothing_of_it(client: Client, db: None) -> None:
    make_rating(comment="Good")
    assert client.get(listing(Rating)).status_code == 302
