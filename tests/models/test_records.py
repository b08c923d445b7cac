"""What every record has: a slug that lasts, and a name in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from initiatives.models import Organization
from initiatives.models.records import SLUG_LENGTH
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("names", "slug"),
    [
        ({"name_en": "Smart Dubai Office"}, "smart-dubai-office"),
        ({"name_en": "  Café “Ünïcode” & Sons, Ltd. "}, "cafe-unicode-sons-ltd"),
        ({"name_en": "under_scores -- and—dashes"}, "under-scores-and-dashes"),
        ({"name_en": "", "name_ar": "بلدية دبي"}, "organization"),
        ({"name_en": "!!!"}, "organization"),
    ],
)
def test_a_slug_is_made_of_the_english_name(names: dict[str, str], slug: str) -> None:
    assert Organization.objects.create(**names).slug == slug


def test_a_long_name_makes_a_slug_that_fits(db: None) -> None:
    slugs = [Organization.objects.create(name_en="word " * 40).slug for _ in range(3)]
    assert len(set(slugs)) == 3
    assert all(len(slug) <= SLUG_LENGTH for slug in slugs)


def test_a_slug_stays_when_the_name_changes() -> None:
    organization = Organization.objects.create(name_en="Before")
    organization.name_en = "After"
    organization.save()
    assert organization.slug == "before"


@pytest.mark.parametrize(
    ("make", "pieces"),
    [
        (factories.make_appointment, ("person", "organization")),
        (factories.make_partnership, ("organization", "with_organization")),
        (factories.make_sharing_agreement, ("dataset", "recipient")),
    ],
)
def test_a_record_between_others_takes_its_slug_from_them(make: Any, pieces: tuple[str, str]) -> None:
    row = make(slug="")
    assert row.slug == "-".join(getattr(row, piece).slug for piece in pieces)


@pytest.mark.parametrize(
    ("texts", "english", "arabic"),
    [
        ({"name_en": "Dubai", "name_ar": "دبي"}, "Dubai", "دبي"),
        ({"name_en": "Dubai", "name_ar": ""}, "Dubai", "Dubai"),
        ({"name_en": "", "name_ar": "دبي"}, "دبي", "دبي"),
    ],
)
def test_a_record_goes_by_its_name_in_the_readers_language(texts: dict[str, str], english: str, arabic: str) -> None:
    organization = factories.make_organization(**texts)
    for language, expected in (("en", english), ("ar", arabic), ("fr", english)):
        with override(language):
            assert str(organization) == expected
