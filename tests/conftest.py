"""What every test may ask for."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import translation

from tests.api.client import ApiClient

pytest_plugins = ["tests.database"]


def pytest_configure(config: pytest.Config) -> None:
    """Hash the passwords of test users quickly, which takes half a second by design, and let tests hurry."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Tests ask more often than people do, and of larger tables; those of the limits set their own.
    settings.TRACKER_RATES = {}
    settings.TRACKER_STATEMENT_TIMEOUT = 0


@pytest.fixture(autouse=True)
def language_of_a_new_process() -> None:
    """A request in Arabic leaves its thread in Arabic."""
    translation.deactivate()


# The cast: whoever may do everything, a member of staff who may do nothing yet, somebody with an account, a stranger.


@pytest.fixture
def curator_user(db: None) -> User:
    return User.objects.create_superuser("curator")


@pytest.fixture
def staff_user(db: None) -> User:
    return User.objects.create_user("staff", is_staff=True)


@pytest.fixture
def reader_user(db: None) -> User:
    return User.objects.create_user("reader")


@pytest.fixture
def curator(curator_user: User) -> ApiClient:
    return ApiClient(curator_user)


@pytest.fixture
def staff(staff_user: User) -> ApiClient:
    return ApiClient(staff_user)


@pytest.fixture
def reader(reader_user: User) -> ApiClient:
    return ApiClient(reader_user)


@pytest.fixture
def anonymous(db: None) -> ApiClient:
    return ApiClient()
