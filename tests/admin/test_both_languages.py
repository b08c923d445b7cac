"""Nothing that the desk itself says is left in English when it speaks Arabic."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.utils.html import strip_tags

from tests.admin.pages import adding, changing, listing
from tests.admin.rows import ROWS
from tests.factories import make_indicator, make_observation

SHOWN = list(admin.site._registry)
ARABIC = re.compile("[\u0621-\u064a]")
# Where a page speaks for itself, and does not show what somebody wrote.
OWN_WORDS = re.compile(
    r"<(label|legend|h1|h3|summary|button|thead)\b[^>]*>(.*?)</\1>|<div class=\"help\"[^>]*>()(.*?)</div>"
    r"|<input type=\"submit\" (?:class=\"[^\"]*\" )?value=()\"([^\"]*)\"",
    re.DOTALL,
)
# Names of frameworks and what a computer calls by that name in every language.
SAME_IN_BOTH = {"U4SSC", "ISO 37122", "English"}


@pytest.fixture
def arabic_desk(desk: Client) -> Client:
    desk.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    return desk


def left_in_english(page: Any) -> list[str]:
    assert page.status_code == 200
    content = page.content.decode().partition('id="content"')[2]
    said = {
        re.sub(r"&[\w#]+;", "", strip_tags(text)).strip(" :\n-–↓")
        for found in OWN_WORDS.finditer(content)
        for text in re.split(r"</th>", "".join(part for part in found.groups()[1:] if part))
    }
    return sorted(text for text in said - SAME_IN_BOTH if re.search("[A-Za-z]{2}", text) and not ARABIC.search(text))


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_a_list_and_its_filters_speak_arabic(arabic_desk: Client, model: type[models.Model]) -> None:
    assert left_in_english(arabic_desk.get(listing(model))) == []


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_forms_speak_arabic(arabic_desk: Client, model: type[models.Model], rf: Any, curator: User) -> None:
    assert left_in_english(arabic_desk.get(changing(ROWS[model]()))) == []
    request = rf.get("/")
    request.user = curator
    if admin.site.get_model_admin(model).has_add_permission(request):
        assert left_in_english(arabic_desk.get(adding(model))) == []


def test_a_number_stands_without_the_zeros_of_its_column(desk: Client) -> None:
    observation = make_observation(indicator=make_indicator(), stated_value="1300000000.5")
    page = desk.get(changing(observation)).content.decode()
    assert 'value="1300000000.5"' in page


def test_what_is_not_known_is_the_same_dash_everywhere(desk: Client) -> None:
    page = (
        desk.get(changing(make_indicator())).content.decode()
        + desk.get(listing(type(make_indicator()))).content.decode()
    )
    assert not re.findall(r">\s*-\s*<", page)
    assert "–" in page
