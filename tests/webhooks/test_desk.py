"""Webhooks at the curators' desk: made, tried, resumed, sent again, and their log read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from initiatives.models import Webhook
from tests.admin.pages import adding, changing, errors, form_data, listing
from tests.factories import make_organization, make_person
from tests.webhooks.conftest import make_manager
from tests.webhooks.receiver import Receiver, failing, taking
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

Subscribe = Callable[..., Webhook]
Deliver = Callable[[], None]
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def desk(curator_user: User) -> Client:
    client = Client()
    client.force_login(curator_user)
    return client


def act(desk: Client, action: str, *webhooks: Webhook, **typed: Any) -> Any:
    data = {"action": action, "_selected_action": [webhook.pk for webhook in webhooks], **typed}
    return desk.post(listing(Webhook), data, follow=True)


def said(page: Any) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def test_a_new_webhook_is_the_curators_and_its_secret_is_shown_once(desk: Client, receiver: Receiver) -> None:
    office = make_organization()
    data = form_data(
        desk.get(adding(Webhook)), name="Mirror", link=receiver.link, collections=["people"], organizations=[office.pk]
    )
    page = desk.post(adding(Webhook), data, follow=True)
    webhook = Webhook.objects.get()
    assert SECRET.findall(page.content.decode()) == [webhook.secret()]
    assert (webhook.owner.username, webhook.collections) == ("curator", ["people"])
    assert list(webhook.organizations.all()) == [office]
    for address in (listing(Webhook), changing(webhook)):
        assert not SECRET.findall(desk.get(address).content.decode())


def test_the_form_refuses_a_target_inside_and_organizations_that_the_owner_does_not_manage(
    desk: Client, receiver: Receiver, subscribe: Subscribe, settings: Any
) -> None:
    webhook = subscribe(receiver, owner=make_manager("manager", make_organization()), organizations=())
    page = desk.post(changing(webhook), form_data(desk.get(changing(webhook)), name="Other"))
    assert list(errors(page)) == ["organizations"]
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = False
    page = desk.post(adding(Webhook), form_data(desk.get(adding(Webhook)), name="Inside", link="https://10.0.0.1/"))
    assert errors(page) == {"link": ["“10.0.0.1” leads to 10.0.0.1, which is not a public address."]}


def test_the_log_stands_beside_the_form_and_the_form_can_still_be_saved(
    desk: Client, receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    receiver.way = failing(500, b"Something broke")
    make_person()
    deliver()
    opened = desk.get(changing(webhook))
    assert "Something broke" in opened.content.decode()
    data = form_data(opened, name="Renamed")
    receiver.way = taking
    webhook.retry()
    deliver()
    assert desk.post(changing(webhook), data).status_code == 302
    webhook.refresh_from_db()
    assert (webhook.name, webhook.cursor) == ("Renamed", current_revision())
    assert desk.get(changing(webhook.deliveries.latest("pk"))).status_code == 200


def test_a_test_event_is_sent_and_its_answer_told(desk: Client, receiver: Receiver, subscribe: Subscribe) -> None:
    webhook = subscribe(receiver)
    assert said(act(desk, "send_test", webhook)) == ["“Test”: the answer was 204."]
    receiver.way = failing(404)
    assert said(act(desk, "send_test", webhook)) == ["“Test”: the answer was 404."]
    assert len(receiver.messages) == 2


def test_resuming_goes_on_unless_the_owner_may_no_longer(
    desk: Client, receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    lost = subscribe(receiver, owner=User.objects.create_user("lost"), name="Lost")
    webhook.pause("gone")
    lost.pause("owner_lost_authority")
    make_person()
    assert said(act(desk, "resume", webhook, lost)) == [
        "“Test” goes on.",
        "Lost: The owner may no longer subscribe to this.",
    ]
    deliver()
    assert len(receiver.messages) == 1


def test_a_replay_asks_from_which_revision_and_says_when_there_is_none(
    desk: Client, receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    make_person()
    webhook = subscribe(receiver)
    asked = act(desk, "replay", webhook)
    assert "From which revision?" in asked.content.decode()
    refused = act(desk, "replay", webhook, since="99")
    assert refused.context["form"].errors["since"] == ["There is no revision 99; the last is 1."]
    deliver()
    assert receiver.messages == []
    assert said(act(desk, "replay", webhook, since="0")) == ["“Test” is sent everything again."]
    deliver()
    assert receiver.revisions == [1]


def test_a_rotated_secret_is_shown_once(desk: Client, receiver: Receiver, subscribe: Subscribe) -> None:
    webhook = subscribe(receiver)
    before = webhook.secret()
    page = act(desk, "rotate_secret", webhook)
    webhook.refresh_from_db()
    assert SECRET.findall(page.content.decode()) == [webhook.secret()] != [before]
    assert not SECRET.findall(desk.get(listing(Webhook)).content.decode())


def test_staff_without_the_permission_find_nothing(staff_user: User, receiver: Receiver, subscribe: Subscribe) -> None:
    webhook = subscribe(receiver)
    client = Client()
    client.force_login(staff_user)
    for address in (listing(Webhook), adding(Webhook), changing(webhook)):
        assert client.get(address).status_code == 403
