"""People with accounts."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.accounts.people import new_person


@pytest.fixture
def person(db: None) -> User:
    """Somebody with a confirmed address and no authority."""
    return new_person("mariam")


@pytest.fixture
def editor(db: None) -> User:
    """A curator with a confirmed address."""
    return new_person("salem", is_staff=True, is_superuser=True)


@pytest.fixture
def _second_factor_owed(settings: Any) -> None:
    settings.TRACKER_REQUIRE_STAFF_MFA = True
