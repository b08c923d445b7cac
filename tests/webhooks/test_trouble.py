"""Receivers that do not take what they are sent: when it is tried again, when it is given up, and in what order."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from initiatives.models import Webhook
from tests.factories import make_citation, make_initiative, make_involvement, make_organization, make_person
from tests.webhooks.conftest import make_manager
from tests.webhooks.receiver import (
    Handler,
    Receiver,
    Several,
    Way,
    assert_in_order,
    dripping,
    dripping_body,
    endless_body,
    failing,
    hanging,
    speaking_otherwise,
    taking,
)
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

Deliver = Callable[[], None]
Subscribe = Callable[..., Webhook]

WAYS: dict[str, tuple[Way, int | None, str]] = {
    "500": (failing(500, b"No\x00thing"), 500, ""),
    "404": (failing(404), 404, ""),
    "redirect": (
        failing(302, Location="http://127.0.0.1:9/inside"),
        302,
        "It redirects to “http://127.0.0.1:9/inside”",
    ),
    "permanent redirect": (failing(308, Location="/hook"), 308, "redirects are not followed"),
    "hang": (hanging, None, "There was no whole answer within 1 seconds."),
    "drip": (dripping, None, "There was no whole answer within 1 seconds."),
    "dripping body": (dripping_body, None, "There was no whole answer within 1 seconds."),
    "cut": (lambda handler: handler.connection.close(), None, "RemoteDisconnected"),
    "nonsense": (speaking_otherwise, None, "BadStatusLine"),
}


@pytest.fixture(autouse=True)
def _short_patience(settings: Any) -> None:
    settings.TRACKER_WEBHOOK_TIMEOUT = 1


def wait_of(webhook: Webhook) -> timedelta:
    """How long it still waits before it tries again."""
    webhook.refresh_from_db()
    assert webhook.next_attempt_at is not None
    return webhook.next_attempt_at - timezone.now()


def now_is_the_time() -> None:
    """Let the time come for which deliveries wait."""
    Webhook.objects.update(next_attempt_at=timezone.now())


@pytest.mark.parametrize("kind", WAYS)
def test_it_is_tried_again_until_it_is_taken_and_the_order_is_kept(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, kind: str
) -> None:
    way, status, error = WAYS[kind]
    webhook = subscribe(receiver)
    make_person()
    receiver.way = way
    deliver()
    make_person()
    deliver()
    assert timedelta(0) < wait_of(webhook) <= timedelta(seconds=6.25)
    assert (webhook.attempts, webhook.cursor) == (1, current_revision() - 2)
    assert webhook.failing_since is not None
    entry = webhook.deliveries.get()
    assert (entry.attempt, entry.status) == (1, status)
    assert error in entry.error
    assert entry.milliseconds < 5_000
    receiver.way = taking
    now_is_the_time()
    deliver()
    webhook = Webhook.objects.get()
    assert webhook.attempts == 0
    assert (webhook.failing_since, webhook.next_attempt_at) == (None, None)
    assert webhook.cursor == current_revision()
    assert receiver.revisions == [webhook.cursor - 1, webhook.cursor]
    assert [each.attempt for each in webhook.deliveries.order_by("pk")] == [1, 2, 1]


def test_a_batch_is_sent_again_as_it_was_under_the_same_message_id(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    receiver.way = failing()
    make_person()
    deliver()
    make_person()
    now_is_the_time()
    deliver()
    receiver.way = taking
    now_is_the_time()
    deliver()
    first, second, third, fourth = receiver.messages
    assert first.id == second.id == third.id != fourth.id
    assert first.body == second.body == third.body
    assert fourth.verified_by(webhook.secret())
    assert int(third.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"])


def test_the_waits_double_up_to_six_hours(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    webhook = subscribe(receiver)
    receiver.way = failing()
    make_person()
    for attempt in range(1, 18):
        deliver()
        wait = wait_of(webhook).total_seconds()
        middle = min(5 * 2 ** (attempt - 1), 6 * 3600)
        assert 0.75 * middle - 3 <= wait <= 1.25 * middle
        assert webhook.attempts == attempt
        now_is_the_time()


@pytest.mark.parametrize("form", ["seconds", "moment"])
def test_a_receiver_may_ask_for_more_time(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, form: str
) -> None:
    webhook = subscribe(receiver)
    make_person()
    moment = timezone.now() + timedelta(hours=1)
    receiver.way = failing(503, Retry_After="3600" if form == "seconds" else format_datetime(moment))
    deliver()
    assert timedelta(minutes=58) < wait_of(webhook) <= timedelta(hours=1)


@pytest.mark.parametrize("asked", ["99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_but_not_for_more_than_a_day(receiver: Receiver, subscribe: Subscribe, deliver: Deliver, asked: str) -> None:
    webhook = subscribe(receiver)
    make_person()
    receiver.way = failing(429, Retry_After=asked)
    deliver()
    assert timedelta(hours=23) < wait_of(webhook) <= timedelta(hours=24)


@pytest.mark.parametrize("asked", ["soon", "-5", "1e9", "", "٣"])
def test_what_cannot_be_understood_changes_nothing(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, asked: str
) -> None:
    webhook = subscribe(receiver)
    make_person()
    receiver.way = failing(503, Retry_After=asked.encode().decode("latin-1"))
    deliver()
    assert wait_of(webhook) < timedelta(seconds=7)


def test_after_days_of_failure_it_is_paused_and_nothing_is_lost(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, settings: Any
) -> None:
    settings.TRACKER_WEBHOOK_PAUSE_DAYS = 2
    webhook = subscribe(receiver)
    receiver.way = failing()
    make_person()
    deliver()
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=1, hours=23))
    now_is_the_time()
    deliver()
    webhook.refresh_from_db()
    assert webhook.pause_reason == ""
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=2))
    now_is_the_time()
    deliver()
    webhook.refresh_from_db()
    assert Webhook.objects.get(paused_at__isnull=False).pause_reason == "failing"
    receiver.way = taking
    now_is_the_time()
    make_person()
    deliver()
    assert receiver.taken == []
    webhook.resume()
    deliver()
    assert receiver.revisions == [current_revision() - 1, current_revision()]


def test_a_receiver_that_is_gone_is_left_alone_at_once(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    receiver.way = failing(410)
    make_person()
    deliver()
    now_is_the_time()
    deliver()
    webhook.refresh_from_db()
    assert (webhook.pause_reason, len(receiver.messages)) == ("gone", 1)


def test_replay_sends_again_from_a_revision_under_new_message_ids_and_the_same_event_ids(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    since = current_revision()
    for _row in range(3):
        make_person()
        deliver()
    first = list(receiver.messages)
    webhook.replay(since + 1)
    deliver()
    again = receiver.messages[3:]
    assert [revision for message in again for revision in message.revisions] == [since + 2, since + 3]
    assert {message.id for message in again}.isdisjoint(message.id for message in first)
    assert [event for message in again for event in message.events] == first[1].events + first[2].events
    make_person()
    deliver()
    assert receiver.messages[-1].revisions == [since + 4]


def test_a_replay_during_a_delivery_is_not_undone_by_its_end(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    since = current_revision()
    make_person()

    def replayed_meanwhile(handler: Any) -> None:
        receiver.way = taking
        webhook.replay(since)
        handler.answer(200)

    receiver.way = replayed_meanwhile
    deliver()
    assert [message.revisions for message in receiver.messages] == [[since + 1], [since + 1]]
    assert receiver.messages[0].id != receiver.messages[1].id


def test_a_webhook_that_is_deleted_during_its_delivery_leaves_nothing(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    make_person()

    def deleted_meanwhile(handler: Any) -> None:
        webhook.delete()
        handler.answer(200)

    receiver.way = deleted_meanwhile
    deliver()
    assert not Webhook.objects.exists()


def test_a_slow_receiver_delays_nobody_else(receivers: Several, subscribe: Subscribe, deliver: Deliver) -> None:
    for _receiver in range(3):
        subscribe(receivers())
    receivers.made[0].way = hanging
    arrived: list[float] = []

    def note(handler: Handler) -> None:
        arrived.append(time.monotonic())
        handler.answer(200)

    for other in receivers.made[1:]:
        other.way = note
    for _row in range(3):
        make_person()
    deliver()
    ended = time.monotonic()
    assert len(arrived) == 2
    # The slow one kept the process until its time was over; the others had theirs long before.
    assert all(moment < ended - 0.3 for moment in arrived)


def test_megabytes_of_answer_are_not_read(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    webhook = subscribe(receiver)
    receiver.way = endless_body
    make_person()
    deliver()
    entry = webhook.deliveries.get()
    assert (entry.status, entry.excerpt) == (200, "b" * 500)


def test_an_answer_of_any_bytes_can_be_kept(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    webhook = subscribe(receiver)
    receiver.way = failing(500, bytes(range(256)) + "تعذّر".encode())
    make_person()
    deliver()
    excerpt = webhook.deliveries.get().excerpt
    assert "\x00" not in excerpt
    assert excerpt.endswith("تعذّر")


def test_a_receiver_that_does_not_listen_is_an_error_in_the_log(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver, link="http://127.0.0.1:9/")
    make_person()
    deliver()
    assert "refused" in webhook.deliveries.get().error


# Owners --------------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_for_an_owner_who_is_no_longer_active(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, curator_user: User
) -> None:
    webhook = subscribe(receiver)
    User.objects.update(is_active=False)
    make_person()
    deliver()
    webhook.refresh_from_db()
    assert (webhook.pause_reason, receiver.messages) == ("owner_inactive", [])


@pytest.mark.parametrize("loss", ["membership", "role", "tree"])
def test_nothing_is_sent_for_a_manager_who_is_one_no_more(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, loss: str
) -> None:
    above = make_organization()
    office = make_organization(parent=above)
    manager = make_manager("manager", above)
    webhook = subscribe(receiver, owner=manager, organizations=(office,))
    office.save()
    deliver()
    assert len(receiver.messages) == 1
    if loss == "membership":
        manager.memberships.all().delete()
    elif loss == "role":
        manager.memberships.update(role="publisher")
    else:
        office.parent = None
    office.save()
    deliver()
    webhook.refresh_from_db()
    assert (webhook.pause_reason, len(receiver.messages)) == ("owner_lost_authority", 1)


def test_a_managers_webhook_without_organizations_never_widens_to_all(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver, owner=make_manager("manager", make_organization()))
    make_person()
    deliver()
    webhook.refresh_from_db()
    assert (webhook.pause_reason, receiver.messages) == ("owner_lost_authority", [])


def test_nothing_is_sent_for_staff_who_lost_the_permission(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, curator_user: User
) -> None:
    webhook = subscribe(receiver)
    User.objects.update(is_superuser=False)
    make_person()
    deliver()
    webhook.refresh_from_db()
    assert (webhook.pause_reason, receiver.messages) == ("owner_lost_authority", [])


# What is hidden ------------------------------------------------------------------------------------------------------


def test_what_the_public_does_not_see_is_sent_to_staff_but_not_to_managers(
    receivers: Several, subscribe: Subscribe, deliver: Deliver
) -> None:
    office = make_organization(slug="office")
    to_staff, to_manager = receivers(), receivers()
    subscribe(to_staff, organizations=(office,))
    subscribe(to_manager, owner=make_manager("manager", office), organizations=(office,))
    hidden = make_initiative(slug="hidden", title_en="Secret plan", lead=office, state="withdrawn")
    make_involvement(initiative=hidden, organization=office)
    make_citation(slug="of-hidden", record=hidden)
    shown = make_initiative(slug="shown", lead=office, parent=hidden)
    deliver()
    assert [event["subject"] for event in to_staff.events] == [
        # That somebody became its manager; members of staff alone hear of that.
        "organizations/office",
        "initiatives/hidden",
        "initiatives/hidden",
        "citations/of-hidden",
        "initiatives/shown",
    ]
    assert [event["subject"] for event in to_manager.events] == ["initiatives/shown"]
    assert to_manager.events[0]["data"]["row"]["parent_id"] is None
    assert all(b"hidden" not in message.body and b"Secret" not in message.body for message in to_manager.messages)

    shown.withdraw()
    deliver()
    gone = to_manager.events[-1]
    assert gone["type"].endswith("record.deleted")
    assert gone["subject"] == f"initiatives_initiative/{shown.pk}"
    assert (gone["data"]["row"], gone["data"]["slug"]) == (None, None)

    hidden.publish()
    deliver()
    assert "initiatives/hidden" in [event["subject"] for event in to_manager.events]


def test_what_became_hidden_before_it_was_sent_is_not_sent(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    office = make_organization()
    subscribe(receiver, owner=make_manager("manager", office), organizations=(office,))
    receiver.way = failing()
    initiative = make_initiative(title_en="Secret plan", lead=office)
    deliver()
    initiative.withdraw()
    receiver.way = taking
    now_is_the_time()
    deliver()
    assert all(b"Secret plan" not in message.body for message in receiver.taken)


def test_order_is_kept_through_many_failures(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    subscribe(receiver)
    answers = iter([500, 200, 503, 200, 200, 500, 500, 200] + [200] * 20)
    receiver.way = lambda handler: handler.answer(next(answers))
    for _row in range(8):
        make_person()
        deliver()
        now_is_the_time()
    deliver()
    assert receiver.revisions == sorted(set(receiver.revisions))
    assert len(receiver.revisions) == 8
    assert_in_order(receiver)
