"""What every test may ask for."""

import pytest
from django.conf import settings

pytest_plugins = ["tests.database"]


def pytest_configure(config: pytest.Config) -> None:
    """Hash the passwords of test users quickly: a real hash takes half a second by design."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
