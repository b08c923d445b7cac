"""Every standard test runs for every collection."""

from __future__ import annotations

import pytest

from tests.api.collections.cases import CASES
from tests.api.collections.suite import CollectionCase


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest, db: None) -> CollectionCase:
    """The collection under test."""
    found: CollectionCase = request.param
    return found
