"""What a browser is shown where there is no page, in the language of its user."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest
from django.test import Client
from django.urls import path

from tracker.urls import handler400, handler403, handler404, handler500

ARABIC = re.compile("[\u0621-\u064a]")
WAYS: dict[str, Exception] = {"400": BadRequest(), "403": PermissionDenied(), "500": ZeroDivisionError()}


def failing(request: HttpRequest, way: str) -> Any:
    raise WAYS[way]


urlpatterns = [path("fail/<way>", failing)]
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def body_of(page: str) -> str:
    return page.partition("<body>")[2]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_page_that_fails_says_so_in_the_language_of_the_reader(status: int) -> None:
    client = Client(raise_request_exception=False)
    for language, direction in (("en", "ltr"), ("ar", "rtl")):
        answer = client.get(f"/fail/{status}" if status != 404 else "/nowhere", headers={"accept-language": language})
        assert answer.status_code == status
        page = answer.content.decode()
        assert f'<html lang="{language}" dir="{direction}">' in page
        assert bool(ARABIC.search(body_of(page))) is (language == "ar")
        assert 'href="/"' in page


def test_a_form_that_was_open_too_long_is_refused_in_the_language_of_the_reader() -> None:
    client = Client(enforce_csrf_checks=True)
    refused = client.post("/account/login/", {"login": "a"}, headers={"accept-language": "ar"})
    assert refused.status_code == 403
    assert '<html lang="ar" dir="rtl">' in refused.content.decode()
