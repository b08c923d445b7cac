"""Sends one subscription what it does not have yet: batch after batch, the next one only once the last was taken.

An advisory lock of the session lets one process at a time deliver to a subscription; PostgreSQL frees it when that
process dies, however it dies. The cursor moves after the receiver has answered, so that a death in between repeats a
batch, under the same message id, and loses none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any

from django.db import connections
from django.utils import timezone

from tracker.database.session_locks import alone
from tracker.history.feed import FeedChange, read_feed
from tracker.history.readers import Reader
from tracker.history.time_travel import current_revision
from tracker.webhooks.events import CONTENT_TYPE, Event, Selection, events_of, test_event
from tracker.webhooks.models import Attempt, Subscription
from tracker.webhooks.posting import Outcome, post
from tracker.webhooks.signing import signed_headers

MOST_EVENTS = 100
# Changes that are read for one batch where few of them are selected; then others have their turn.
MOST_READ = 5_000
BATCHES_A_TURN = 50


@dataclass
class Batch:
    """Whole revisions after ``since``, up to ``until``: those of their changes that a subscriber is sent."""

    since: int
    until: int
    events: list[Event] = field(default_factory=list)


def take_turn(model: type[Subscription], pk: int, stopping: Flag) -> bool:
    """Deliver to a subscription until it has everything, does not take it, or others want their turn.

    False if another process is at it.
    """
    try:
        with alone(f"webhooks:{model._meta.label_lower}:{pk}") as is_alone:
            if is_alone:
                for _turn in range(BATCHES_A_TURN):
                    if stopping.is_set() or not _step(model, pk):
                        break
            return is_alone
    finally:
        # This thread may never run again, and nobody else can use its connection.
        connections.close_all()


def _step(model: Any, pk: int) -> bool:
    """Deliver one batch; whether to go on with the next."""
    rows = model._default_manager.due(current_revision())
    subscription: Subscription | None = rows.select_related("owner").filter(pk=pk).first()
    if subscription is None:
        return False
    refusal = subscription.refusal()
    if refusal:
        subscription.pause(refusal)
        return False
    batch = next_batch(subscription)
    if not batch.events:
        subscription.skip_to(batch.since, batch.until)
        return True
    subscription.begin(batch.since, batch.until)
    message_id = f"msg_{pk}_{subscription.replays}_{batch.since}-{batch.until}"
    attempt, outcome = _send(subscription, message_id, batch.events, Attempt.Kind.CHANGES)
    attempt.first_revision = batch.events[0]["data"]["revision"]
    attempt.last_revision = batch.events[-1]["data"]["revision"]
    subscription.note(attempt, outcome, batch.since, batch.until)
    return outcome.is_delivered


def next_batch(subscription: Subscription) -> Batch:
    """What comes after the cursor: as much as fits, or again what was begun before."""
    reader = Reader(subscription.owner)
    selection = Selection(frozenset(subscription.collections), subscription.selected_rows())
    batch = Batch(subscription.cursor, subscription.cursor)
    read = 0
    while subscription.batch_until is None or batch.until < subscription.batch_until:
        page = read_feed(batch.until, MOST_EVENTS, reader)
        told = _until(page.changes, subscription.batch_until)
        events = events_of(told, selection)
        if batch.events and subscription.batch_until is None and len(batch.events) + len(events) > MOST_EVENTS:
            break
        batch.events += events
        batch.until = min(page.last, subscription.batch_until or page.last)
        read += MOST_EVENTS
        if not page.more or (subscription.batch_until is None and read >= MOST_READ):
            break
    return batch


def _until(changes: dict[int, list[FeedChange]], last: int | None) -> dict[int, list[FeedChange]]:
    return {number: told for number, told in changes.items() if last is None or number <= last}


def send_test(subscription: Subscription) -> Attempt:
    """Post an event that says nothing, now, and write down what came of it."""
    now = timezone.now()
    event = test_event(now, subscription.name)
    attempt, _outcome = _send(subscription, f"msg_{subscription.pk}_{event['id']}", [event], Attempt.Kind.TEST)
    attempt.save()
    return attempt


def _send(
    subscription: Subscription, message_id: str, events: list[Event], kind: Attempt.Kind
) -> tuple[Attempt, Outcome]:
    body = json.dumps(events, ensure_ascii=False, separators=(",", ":"))
    now = timezone.now()
    headers = signed_headers(message_id, now, body, subscription.valid_secrets())
    outcome = post(subscription.link, body.encode(), {"Content-Type": CONTENT_TYPE, **headers})
    attempt = subscription.deliveries.model(
        **{subscription.deliveries.field.name: subscription},
        at=now,
        kind=kind,
        message_id=message_id,
        events=len(events),
    )
    attempt.tell(outcome)
    return attempt, outcome
