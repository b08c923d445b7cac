"""Everything that curators read of the models is there in Arabic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.utils.translation import override

from tracker.api.problem_types import Problem

ARABIC = re.compile("[\u0621-\u064a]")
OUR_APPS = ("initiatives", "api", "history")
# Names of frameworks stay as they are in every language.
SAME_IN_BOTH = {"U4SSC", "ISO 37122"}


def our_models() -> list[type[models.Model]]:
    """The models of ours that curators see."""
    return [model for model in admin.site._registry if model._meta.app_label in OUR_APPS]


def words_of(model: type[models.Model]) -> Iterator[Any]:
    yield model._meta.verbose_name
    yield model._meta.verbose_name_plural
    for field in model._meta.concrete_fields:
        if field.editable and field.name != "id":
            yield field.verbose_name
        yield getattr(field, "help_text", "")
        yield from (label for _value, label in field.flatchoices)
    for constraint in model._meta.constraints:
        if constraint.violation_error_message != constraint.default_violation_error_message:
            yield constraint.violation_error_message


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model.__name__)
def test_every_name_help_text_choice_and_refusal_of_a_model_is_translated(model: type[models.Model]) -> None:
    with override("ar"):
        words = {str(text) for text in words_of(model)} - SAME_IN_BOTH - {""}

    assert [text for text in sorted(words) if not ARABIC.search(text)] == []


@pytest.mark.django_db
def test_a_refusal_is_in_the_language_of_the_request(client: Client) -> None:
    problem = client.get("/api/v1/organizations/?kind=nonsense", headers={"Accept-Language": "ar"}).json()

    assert ARABIC.search(problem["title"])
    assert ARABIC.search(problem["detail"])
    assert problem["errors"][0]["code"] == "invalid"


def test_a_problem_without_words_of_its_own_has_arabic_ones() -> None:
    with override("ar"):
        assert ARABIC.search(str(Problem().document()["detail"]))
