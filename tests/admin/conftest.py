"""A curator at the desk, in either language."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def curator(db: None) -> User:
    """A curator who may do everything."""
    return User.objects.create_superuser("curator")


@pytest.fixture
def desk(curator: User) -> Client:
    """The desk in English, signed in."""
    client = Client()
    client.force_login(curator)
    return client


@pytest.fixture(params=["en", "ar"])
def either_desk(desk: Client, request: pytest.FixtureRequest) -> Client:
    """The desk in each language, signed in."""
    desk.cookies[settings.LANGUAGE_COOKIE_NAME] = request.param
    return desk
