"""The delivery process as a process: killed, doubled, cut off, stopped; nothing is lost or out of order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.db.models import Count

from initiatives.models import Webhook, WebhookDelivery
from tests.factories import make_person
from tests.platform.services import CHECKOUT, wait_until
from tests.webhooks.processes import environment, process_server
from tests.webhooks.receiver import Handler, Receiver, Several, assert_in_order, hanging, taking
from tracker.history.models import Change
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

Subscribe = Callable[..., Webhook]
KILLS = 20
WRITERS = 3
ALIVE_SECONDS = (0.02, 0.35)
# The receivers live in this process, beside the writers; on a busy machine they get to answer once these are done.
MOST_COMMITS = 300
PATIENCE_SECONDS = 180


class Writers:
    """Threads that commit, one or several rows at a time, until they are told to stop or have written much."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=[number]) for number in range(WRITERS)]

    def _write(self, number: int) -> None:
        rng = random.Random(number)
        try:
            for _commit in range(MOST_COMMITS):
                if self.stopping.is_set():
                    break
                with transaction.atomic():
                    for _row in range(rng.choice((1, 1, 2, 5))):
                        make_person()
                self.stopping.wait(rng.uniform(0.01, 0.06))
        finally:
            connections.close_all()

    def __enter__(self) -> Writers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def has_everything(receiver: Receiver) -> bool:
    return bool(receiver.messages) and current_revision() in receiver.revisions


def deliveries() -> object:
    """Where each webhook is, and what came of its posts."""
    cursors = list(Webhook.objects.values_list("pk", "cursor", "attempts", "paused_at"))
    outcomes = WebhookDelivery.objects.values_list("webhook", "status", "error").annotate(Count("pk"))
    return current_revision(), cursors, list(outcomes)


def assert_everything_arrived(receiver: Receiver) -> None:
    """Each committed change at least once, the first time in the order of the commits, each batch as it was."""
    committed = Change.objects.order_by("revision__number", "id")
    expected = [
        f"{number}-{table}-{pk}"
        for number, table, pk in committed.values_list("revision__number", "table_name", "object_id")
    ]
    assert list(dict.fromkeys(event["id"] for event in receiver.events)) == expected
    assert_in_order(receiver)
    bodies: dict[str, bytes] = {}
    for message in receiver.messages:
        assert bodies.setdefault(message.id, message.body) == message.body
    # What is repeated is the batch that was under way when the process died.
    firsts = list(dict.fromkeys(message.id for message in receiver.messages))
    assert [message.id for message in receiver.messages] == sorted(
        (message.id for message in receiver.messages), key=firsts.index
    )


def test_every_committed_change_arrives_in_order_though_the_process_is_killed_at_twenty_points(
    receivers: Several, subscribe: Subscribe
) -> None:
    rng = random.Random(20261123)
    for number in range(3):
        receiver = receivers()
        receiver.way = slowly(rng, number)
        subscribe(receiver)
    first = receivers.made[0]
    with process_server() as start, Writers():
        for kill in range(KILLS):
            process = start()
            before = len(first.messages)
            if kill % 4:
                # Most die some while after they have begun to deliver, the others on their way there.
                wait_until(
                    lambda before=before: len(first.messages) > before or has_everything(first),  # type: ignore[misc]
                    PATIENCE_SECONDS,
                    deliveries,
                )
            time.sleep(rng.uniform(*ALIVE_SECONDS))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
    with process_server() as start:
        start()
        wait_until(lambda: all(map(has_everything, receivers.made)), PATIENCE_SECONDS, deliveries)
        wait_until(lambda: set(Webhook.objects.values_list("cursor", flat=True)) == {current_revision()})
    for receiver in receivers.made:
        assert_everything_arrived(receiver)


def slowly(rng: random.Random, number: int) -> Callable[[Handler], None]:
    """Take it, now and then before or after a while, so that a death finds every moment of a delivery."""

    def take(handler: Handler) -> None:
        time.sleep(rng.uniform(0, 0.02 * number))
        handler.answer(200)

    return take


def test_two_processes_deliver_nothing_twice_and_nothing_out_of_order(receivers: Several, subscribe: Subscribe) -> None:
    rng = random.Random(7)
    for number in range(3):
        receiver = receivers()
        receiver.way = slowly(rng, number)
        subscribe(receiver)
    with process_server() as start:
        for _process in range(2):
            start()
        with Writers():
            wait_until(lambda: all(len(each.messages) > 10 for each in receivers.made), PATIENCE_SECONDS, deliveries)
        wait_until(lambda: all(map(has_everything, receivers.made)), PATIENCE_SECONDS, deliveries)
    for receiver in receivers.made:
        assert_everything_arrived(receiver)
        assert len({message.id for message in receiver.messages}) == len(receiver.messages)


def test_it_is_woken_by_a_commit_and_goes_on_when_its_connections_are_lost(
    receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe(receiver)
    with process_server() as start:
        process = start()
        make_person()
        wait_until(lambda: has_everything(receiver))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchall()
        make_person()
        wait_until(lambda: has_everything(receiver))
        assert process.is_alive()
    assert_everything_arrived(receiver)


def test_thousands_of_commits_at_once_wake_it_once(receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe(receiver)
    with process_server() as start:
        start()
        make_person()
        wait_until(lambda: has_everything(receiver))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('history_revision', n::text) FROM generate_series(1, 5000) n")
        # Meanwhile it has taken them all off the line, and is about to wait for what they announce.
        time.sleep(0.2)
        make_person()
        wait_until(lambda: has_everything(receiver), 4)
    assert_everything_arrived(receiver)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_once_what_is_under_way_is_done(
    receiver: Receiver, subscribe: Subscribe, number: signal.Signals
) -> None:
    webhook = subscribe(receiver)
    asked, go_on = threading.Event(), threading.Event()

    def wait(handler: Handler) -> None:
        asked.set()
        go_on.wait(20)
        handler.answer(200)

    receiver.way = wait
    make_person()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "deliver_webhooks"],
        cwd=CHECKOUT,
        env={**os.environ, **environment()},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert asked.wait(60)
    process.send_signal(number)
    time.sleep(0.2)
    assert process.poll() is None
    go_on.set()
    _out, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (0, "")
    webhook.refresh_from_db()
    assert webhook.cursor == current_revision()


def test_a_death_frees_what_the_process_was_at(receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe(receiver)

    def hang_once(handler: Handler) -> None:
        receiver.way = taking
        hanging(handler)

    receiver.way = hang_once
    make_person()
    with process_server() as start:
        process = start()
        wait_until(lambda: Webhook.objects.filter(batch_until__isnull=False).exists())
        process.kill()
        process.join()
        start()
        wait_until(lambda: has_everything(receiver))
    assert_everything_arrived(receiver)
