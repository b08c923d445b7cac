"""Updates that are owed are shown to those who owe them, and told by e-mail once."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.db import connection

from initiatives.models import Reminder
from initiatives.owed import send_reminders
from tests.access.people import Cast
from tests.api.client import ApiClient
from tests.factories import make_indicator, make_initiative, make_observation, make_progress_update
from tracker.accounts.models import Profile

pytestmark = pytest.mark.django_db

TODAY = datetime.now(UTC).date()


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast.of_everybody()


def plant(cast: Cast) -> None:
    """An initiative whose update is overdue, an indicator whose observation is due soon, one that owes nothing yet."""
    late = make_initiative(slug="late", lead=cast.own, update_frequency="monthly", title_ar="متأخر")
    make_progress_update(initiative=late, on=TODAY - timedelta(days=60))
    soon = make_indicator(slug="soon", organization=cast.own, update_frequency="weekly")
    make_observation(indicator=soon, on=TODAY - timedelta(days=4))
    make_initiative(slug="later", lead=cast.own, update_frequency="yearly", actual_start=TODAY)
    make_initiative(slug="elsewhere", lead=cast.other, update_frequency="weekly", actual_start=date(2017, 1, 1))


def owed(client: ApiClient, **parameters: Any) -> list[tuple[str, str, bool]]:
    answer = client.read("me/owed/", **parameters)
    assert answer.status_code == 200, answer.content
    return [(each["kind"], each["record"]["slug"], each["overdue"]) for each in answer.json()["results"]]


def test_members_are_shown_what_their_organization_owes(cast: Cast) -> None:
    plant(cast)
    for role in ("contributor", "publisher above"):
        assert owed(cast.clients[role]) == [("progress_update", "late", True), ("observation", "soon", False)]
    assert owed(cast.clients["contributor"], until=str(TODAY)) == [("progress_update", "late", True)]
    assert owed(cast.clients["outsider"]) == []
    assert ("progress_update", "elsewhere", True) in owed(cast.clients["manager elsewhere"])
    assert ApiClient().read("me/owed/").status_code == 401
    for until in ("soon", "2017-13-01", ""):
        assert cast.clients["contributor"].read("me/owed/", until=until).status_code == 400


def confirmed(cast: Cast, role: str, language: str = "") -> User:
    user = User.objects.get(username__startswith=f"{role}-", memberships__organization=cast.own)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    if language:
        Profile.objects.choose_language(user, language)
    return user


def test_what_is_due_is_told_once_in_the_persons_language(cast: Cast) -> None:
    plant(cast)
    confirmed(cast, "contributor", "ar")
    out = StringIO()
    call_command("send_reminders", stdout=out)
    assert "1 sent, 0 failed" in out.getvalue()
    (sent,) = mail.outbox
    assert "متأخر" in sent.body
    assert "/api/v1/initiatives/late/" in sent.body
    assert "soon" not in sent.body
    assert 'dir="rtl"' in str(sent.alternatives[0][0])  # type: ignore[attr-defined]
    call_command("send_reminders", stdout=out)
    assert len(mail.outbox) == 1
    assert send_reminders(TODAY + timedelta(days=5)).sent == 1
    assert "/api/v1/indicators/soon/" in mail.outbox[1].body


def test_nobody_is_written_to_at_an_address_that_is_not_confirmed(cast: Cast) -> None:
    plant(cast)
    assert send_reminders(TODAY).sent == 0
    assert not mail.outbox


@pytest.mark.django_db(transaction=True)
def test_processes_at_once_remind_nobody_twice(cast: Cast) -> None:
    plant(cast)
    for role in ("contributor", "publisher", "manager"):
        confirmed(cast, role)
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        send_reminders(TODAY)
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({sent.to[0] for sent in mail.outbox}) == len(mail.outbox)
    send_reminders(TODAY)
    assert len(mail.outbox) == 3
    assert Reminder.objects.count() == 3
