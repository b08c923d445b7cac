"""The factories make rows that the database takes, of every model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from tests import factories

FACTORIES = [getattr(factories, name) for name in dir(factories) if name.startswith("make_")]
# Rows that only a person's account gives meaning to; their behaviour is not the registry's.
OF_USERS = {
    "Dashboard", "DatasetAccess", "FeedReader", "Follow", "Invitation", "JoinRequest", "Membership", "NextVersion",
    "PublicationStep", "Reminder", "Webhook", "WebhookDelivery", "Widget",
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("make", FACTORIES, ids=lambda make: make.__name__)
def test_a_minimal_row_is_valid_and_can_be_made_twice(make: Callable[..., Any]) -> None:
    first, second = make(), make()
    first.refresh_from_db()
    assert first.pk != second.pk
    assert str(first)
    first.full_clean()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
def test_every_model_has_a_factory() -> None:
    made = {type(make()) for make in FACTORIES}
    domain: set[type[models.Model]] = set(apps.get_app_config("initiatives").get_models())
    assert {model.__name__ for model in domain - made} == OF_USERS
