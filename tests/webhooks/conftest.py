"""Receivers on this machine, which production would refuse; and whose subscriptions they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from initiatives.models import Membership, Organization, Webhook
from tests.api.client import ApiClient
from tests.webhooks.receiver import Receiver, Several, serving


@pytest.fixture(autouse=True)
def _this_machine_may_receive(settings: Any) -> None:
    settings.TRACKER_WEBHOOK_ALLOW_PRIVATE = True
    settings.TRACKER_SITE_URL = "https://registry.example"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving() as receiver:
        yield receiver


@pytest.fixture
def receivers() -> Iterator[Several]:
    with ExitStack() as stack:
        yield Several(stack)


@pytest.fixture
def deliver() -> Callable[[], None]:
    """Run the delivery process until everything is sent that can be now."""

    def run() -> None:
        call_command("deliver_webhooks", "--once")

    return run


@pytest.fixture
def subscribe(curator_user: User) -> Callable[..., Webhook]:
    """A webhook of the curator's, or of whom the test says."""

    def make(receiver: Receiver, *, organizations: tuple[Organization, ...] = (), **fields: Any) -> Webhook:
        named = {"owner": curator_user, "name": "Test", "link": receiver.link, **fields}
        webhook = Webhook.objects.create(**named)
        webhook.organizations.set(organizations)
        return webhook

    return make


def make_manager(name: str, organization: Organization, role: str = "manager") -> User:
    """Somebody with a role in an organization and no other right."""
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, organization=organization, role=role)
    return user


def client_of(user: User) -> ApiClient:
    return ApiClient(user)
