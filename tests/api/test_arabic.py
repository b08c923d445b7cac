"""Arabic is an equal: search folds its letters, lists follow its alphabet, refusals speak it."""

from __future__ import annotations

import re

import pytest

from tests import factories
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db

ARABIC = re.compile("[\u0600-\u06ff]")


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("إدارة الأحوال", "ادارة"),
        ("إدارة الأحوال", "الاحوال"),
        ("أبوظبي", "إبوظبي"),
        ("آفاق", "افاق"),
        ("هيئة كهرباء ومياه دبي", "هيئه"),
        ("هيئه قديمة", "هيئة"),
        ("مستشفى راشد", "مستشفي"),
        ("مستشفي راشد", "مستشفى"),
        ("مُحَمَّد", "محمد"),
        ("محمد", "مُحَمَّد"),
        ("دبـــي", "دبي"),
        ("مسؤول", "مسوول"),
        ("شؤون", "شوون"),
        ("رئيس", "رييس"),
        ("ﻻعب", "لاعب"),
        ("دبي ٢٠٢١", "٢٠٢١"),
    ],
)
def test_search_finds_what_readers_take_for_the_same(anonymous: ApiClient, written: str, sought: str) -> None:
    organization = factories.make_organization(name_ar=written)
    factories.make_organization(name_ar="غير ذلك")
    assert anonymous.slugs("organizations/", name__icontains=sought) == [organization.slug]
    assert anonymous.slugs("organizations/", name_ar__icontains=sought) == [organization.slug]


@pytest.mark.parametrize(
    ("written", "sought"), [("Café", "cafe"), ("DUBAI", "dubai"), ("Straße", "STRASSE"), ("Ṣalāḥ", "salah")]
)
def test_search_folds_latin_letters_too(anonymous: ApiClient, written: str, sought: str) -> None:
    organization = factories.make_organization(name_en=written)
    assert anonymous.slugs("organizations/", name__icontains=sought) == [organization.slug]


@pytest.mark.parametrize("sought", ["%", "_", "\\", "a%b", "غ ي ر"])
def test_search_has_no_wildcards(anonymous: ApiClient, sought: str) -> None:
    factories.make_organization(name_en="Something", name_ar="غير ذلك")
    assert anonymous.slugs("organizations/", name__icontains=sought) == []
    literal = factories.make_organization(name_en=f"before {sought} after")
    assert anonymous.slugs("organizations/", name__icontains=sought) == [literal.slug]


def test_exact_filters_find_a_name_in_either_language(anonymous: ApiClient) -> None:
    organization = factories.make_organization(name_en="Dubai Municipality", name_ar="بلدية دبي")
    for name in ("Dubai Municipality", "بلدية دبي"):
        assert anonymous.slugs("organizations/", name=name) == [organization.slug]


def test_lists_follow_the_arabic_alphabet(anonymous: ApiClient) -> None:
    in_order = ["أبوظبي", "إثراء", "اجتماع", "آفاق", "بلدية", "تراث", "ثقافة", "جمارك", "دبي", "هيئة", "وزارة", "يوم"]
    made = {name: factories.make_organization(name_ar=name).slug for name in reversed(in_order)}
    slugs = [made[name] for name in in_order]
    assert anonymous.slugs("organizations/", ordering="name_ar") == slugs
    assert anonymous.slugs("organizations/", ordering="-name_ar") == slugs[::-1]


def test_who_has_no_arabic_name_comes_last(anonymous: ApiClient) -> None:
    without = factories.make_organization(name_ar="")
    named = factories.make_organization(name_ar="ي")
    for ordering in ("name_ar", "-name_ar"):
        assert anonymous.slugs("organizations/", ordering=ordering) == [named.slug, without.slug]


def test_arabic_goes_in_and_out_unchanged(curator: ApiClient) -> None:
    # With vowel marks, quotation marks, right-to-left marks and a zero-width non-joiner.
    name = "مكتبُ دبيّ الذكيّة — «منصّة» \u200f2021\u200f لا\u200cسلكي"
    response = curator.send("POST", "organizations/", {"name": {"ar": name}})
    assert response.json()["name"] == {"en": None, "ar": name}
    assert curator.read(f"organizations/{response.json()['slug']}/").json()["name"]["ar"] == name
    assert name in response.content.decode()


def test_a_record_with_an_arabic_name_alone_gets_an_ascii_slug(curator: ApiClient) -> None:
    slugs = [curator.send("POST", "organizations/", {"name": {"ar": "بلدية"}}).json()["slug"] for _ in range(2)]
    assert slugs == ["organization", "organization-2"]


@pytest.mark.parametrize("language", ["ar", "ar-AE", "ar,en;q=0.5", "fr;q=0.1,ar;q=0.9"])
def test_refusals_speak_arabic_to_who_asks_for_it(curator: ApiClient, language: str) -> None:
    response = curator.send("POST", "organizations/", {}, **{"accept-language": language})
    document = response.json()
    assert document["errors"][0]["code"] == "required"
    assert ARABIC.search(document["errors"][0]["detail"])
    assert response["Content-Language"].startswith("ar")


@pytest.mark.parametrize("language", ["en", "fr", "", "*", "\u202e"])
def test_refusals_speak_english_to_all_others(curator: ApiClient, language: str) -> None:
    document = curator.send("POST", "organizations/", {}, **{"accept-language": language}).json()
    assert not ARABIC.search(document["errors"][0]["detail"])
