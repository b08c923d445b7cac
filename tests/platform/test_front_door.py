"""The page at `/`: in both languages, and every door on it opens."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_it_speaks_the_browsers_language(client: Client) -> None:
    english = client.get("/", headers={"accept-language": "en"})
    arabic = client.get("/", headers={"accept-language": "ar"})
    assert '<html lang="en" dir="ltr">' in english.content.decode()
    assert '<html lang="ar" dir="rtl">' in arabic.content.decode()


def test_the_language_can_be_chosen_and_is_remembered(client: Client) -> None:
    answer = client.post("/language/setlang/", {"language": "ar", "next": "/"}, follow=True)
    assert '<html lang="ar" dir="rtl">' in answer.content.decode()
    assert re.search(r'<html lang="ar"\s+dir="rtl"', client.get("/account/login/").content.decode())


def test_every_door_opens(client: Client) -> None:
    doors = re.findall(r'<a href="([^"]+)"', client.get("/").content.decode())
    assert {"/api/v1/", "/api/docs/", "/api/redoc/", "/api/schema/", "/account/", "/admin/"} <= set(doors)
    for door in doors:
        assert client.get(door, follow=True).status_code == 200, door


def test_no_page_has_the_browser_look_for_a_picture_that_is_not_there(client: Client) -> None:
    for address in ("/", "/account/login/", "/api/docs/"):
        assert '<link rel="icon" href="data:,">' in client.get(address).content.decode()


def test_one_can_search_from_there(client: Client) -> None:
    page = client.get("/").content.decode()
    form = re.search(r'<form action="([^"]+)"><input type="search" name="(\w+)"', page)
    assert form
    answer = client.get(form[1], {form[2]: "دبي"}, headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")


def test_another_host_is_refused(client: Client) -> None:
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 400


def test_the_answer_forbids_framing_and_sniffing(client: Client) -> None:
    answer = client.get("/")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
