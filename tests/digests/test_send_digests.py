"""The daily digest: to whom it goes, once a day and not twice, what it says, and how it is switched off."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date, timedelta
from email.message import Message
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from initiatives import workflow
from initiatives.digests import send_digests, token_for
from initiatives.models import FeedReader, SmartService
from tests import factories as new
from tests.platform.services import CHECKOUT
from tests.webhooks.processes import environment

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 1, 1)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.TRACKER_SITE_URL = "https://registry.example"


@pytest.fixture
def service() -> SmartService:
    return new.make_smart_service(slug="parking", name_en="Parking", name_ar="المواقف")


@pytest.fixture
def follower(service: SmartService) -> Callable[..., FeedReader]:
    """Somebody who follows the service and wants a digest."""

    def make(name: str = "reader", language: str = "en", **fields: Any) -> FeedReader:
        user = User.objects.create_user(name, **{"email": f"{name}@example.org", **fields})
        if user.email:
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
        workflow.follow(user=user, record=service, slug=service.slug)
        reader = FeedReader.objects.of_user(user)
        workflow.set_digest(reader=reader, digest="daily", language=language)
        return reader

    return make


def release(service: SmartService, version: str = "2.0") -> None:
    new.make_service_release(smart_service=service, version=version, notes_en="Pays by plate")


def texts(sent: Any) -> tuple[str, str]:
    html = next(content for content, kind in sent.alternatives if kind == "text/html")
    return sent.body, html


def test_news_are_mailed_once_a_day(follower: Callable[..., FeedReader], service: SmartService) -> None:
    follower()
    release(service)
    assert send_digests(TODAY).sent == 1
    release(service, "2.1")
    assert send_digests(TODAY).sent == 0
    assert send_digests(TOMORROW).sent == 1
    first, second = (texts(each)[0] for each in mail.outbox)
    assert "2.0" in first
    assert "2.1" in second
    assert "2.0" not in second
    assert [each.to for each in mail.outbox] == [["reader@example.org"]] * 2


def test_nothing_is_mailed_where_there_is_nothing_new(follower: Callable[..., FeedReader], service: Any) -> None:
    reader = follower()
    new.make_service_release()
    assert send_digests(TODAY).sent == 0
    release(service)
    reader.see(10**6)
    assert send_digests(TODAY).sent == 0
    assert mail.outbox == []


@pytest.mark.parametrize("fields", [{"email": ""}, {"is_active": False}])
def test_nobody_is_mailed_who_cannot_be_or_should_not(
    follower: Callable[..., FeedReader], service: SmartService, fields: Any
) -> None:
    follower(**fields)
    release(service)
    assert send_digests(TODAY).sent == 0
    assert mail.outbox == []


def test_nobody_is_mailed_what_they_may_not_read(follower: Callable[..., FeedReader], service: SmartService) -> None:
    follower()
    release(service)
    service.withdraw()
    assert send_digests(TODAY).sent == 0
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("language", "direction", "name", "other"),
    [("en", "ltr", "Parking", "المواقف"), ("ar", "rtl", "المواقف", "Parking")],
)
def test_it_speaks_the_readers_language(
    follower: Callable[..., FeedReader], service: SmartService, language: str, direction: str, name: str, other: str
) -> None:
    follower(language=language)
    release(service)
    send_digests(TODAY)
    plain, html = texts(mail.outbox[0])
    for text in (plain, html):
        assert name in text
        assert other not in text
        assert "https://registry.example/api/v1/smart-services/parking/" in text
    assert f'<html lang="{language}" dir="{direction}">' in html


def test_what_people_wrote_is_text_in_a_mail_and_breaks_no_header(
    follower: Callable[..., FeedReader], service: SmartService
) -> None:
    follower()
    service.name_en = "<script>alert(1)</script>\nBcc: everybody@example.org"
    service.save()
    send_digests(TODAY)
    (sent,) = mail.outbox
    assert "<script>" not in texts(sent)[1]
    assert "&lt;script&gt;" in texts(sent)[1]
    assert "Bcc" not in sent.message()


# Failures, and processes at once -------------------------------------------------------------------------------------


class Refusing(EmailBackend):
    """A mail server that takes no message for one of the readers."""

    def send_messages(self, messages: Any) -> int:
        if any("broken@" in address for message in messages for address in message.to):
            raise ConnectionRefusedError("Not now")
        return super().send_messages(messages)


def test_a_mail_that_is_not_taken_is_tried_again_and_holds_nobody_up(
    follower: Callable[..., FeedReader], service: SmartService, settings: Any
) -> None:
    follower("broken")
    follower("whole")
    release(service)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    with pytest.raises(CommandError):
        call_command("send_digests")
    assert [each.to for each in mail.outbox] == [["whole@example.org"]]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    call_command("send_digests")
    assert [each.to for each in mail.outbox][1:] == [["broken@example.org"]]


def test_whoever_died_after_sending_sends_the_same_message_again(
    follower: Callable[..., FeedReader], service: SmartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower()
    release(service)

    def die(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(FeedReader, "note_digest", die)
        with pytest.raises(KeyboardInterrupt):
            send_digests(TODAY)
    assert send_digests(TODAY).sent == 1
    assert send_digests(TODAY).sent == 0
    first, again = (header(each, "Message-ID") for each in mail.outbox)
    assert first == again


def test_processes_at_once_send_nobody_two(follower: Callable[..., FeedReader], service: SmartService) -> None:
    for number in range(6):
        follower(f"reader-{number}")
    release(service)
    runs: list[int] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        runs.append(send_digests(TODAY).sent)
        connections.close_all()

    threads = [threading.Thread(target=run) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(runs) == 6
    assert len({each.to[0] for each in mail.outbox}) == len(mail.outbox) == 6


# Switching it off ----------------------------------------------------------------------------------------------------


def header(sent: Any, name: str) -> str:
    message: Message = sent.message()
    return str(message[name])


def test_it_is_switched_off_from_the_mail_without_signing_in(
    follower: Callable[..., FeedReader], service: SmartService
) -> None:
    reader = follower()
    release(service)
    send_digests(TODAY)
    (sent,) = mail.outbox
    address = header(sent, "List-Unsubscribe").replace("\n ", "").strip("<>")
    assert header(sent, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert address.startswith("https://registry.example/digest/off/")
    assert all(address in text for text in texts(sent))
    path = address.removeprefix("https://registry.example")
    client = Client(enforce_csrf_checks=True)
    asked = client.get(path)
    assert asked.status_code == 200
    assert b"<form" in asked.content
    assert FeedReader.objects.get(pk=reader.pk).digest == "daily"
    done = client.post(path, {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert "no-store" in done.headers["Cache-Control"]
    assert FeedReader.objects.get(pk=reader.pk).digest == "off"
    release(service, "3.0")
    assert send_digests(TOMORROW).sent == 0


def test_the_page_speaks_the_readers_language(follower: Callable[..., FeedReader]) -> None:
    page = Client().get(f"/digest/off/{token_for(follower(language='ar'))}/").content.decode()
    assert 'dir="rtl"' in page


@pytest.mark.parametrize("damage", [lambda token: token[:-1] + "x", lambda token: "2" + token, lambda _token: "1"])
def test_a_token_that_was_not_mailed_switches_nothing_off(
    follower: Callable[..., FeedReader], damage: Callable[[str], str]
) -> None:
    reader = follower()
    assert Client().post(f"/digest/off/{damage(token_for(reader))}/").status_code == 404
    assert FeedReader.objects.get(pk=reader.pk).digest == "daily"
    assert re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", token_for(reader))


# As a process --------------------------------------------------------------------------------------------------------


def test_it_runs_until_it_is_stopped(follower: Callable[..., FeedReader], service: SmartService) -> None:
    follower()
    release(service)
    command = [sys.executable, "manage.py", "send_digests", "--keep-running"]
    settings = {**os.environ, **environment(), "PYTHONUNBUFFERED": "1", "EMAIL_URL": "smtp://127.0.0.1:9"}
    with subprocess.Popen(command, cwd=CHECKOUT, env=settings, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            # This machine has no mail server: it goes on all the same.
            assert process.stdout.readline() == "0 sent, 1 failed.\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert FeedReader.objects.get().digested_on is None
