"""The desk itself: areas, both languages with a visible switch, no script or style inside its pages."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from initiatives.models import Organization
from tests.admin.pages import adding, listing
from tests.factories import make_organization

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", re.IGNORECASE)


def test_the_models_stand_under_their_areas(desk: Client) -> None:
    listed = desk.get("/admin/").context["app_list"]
    assert [heading["app_label"] for heading in listed] == [
        "organizations", "strategies", "initiatives", "indicators", "services", "datasets", "engagements", "sources",
        "review", "access",
    ]  # fmt: skip
    assert [entry["object_name"] for entry in listed[0]["models"]] == [
        "Organization", "Person", "Appointment", "Partnership",
    ]  # fmt: skip


def test_an_area_has_a_page(either_desk: Client) -> None:
    page = either_desk.get("/admin/areas/engagements/")
    assert [entry["object_name"] for entry in page.context["app_list"][0]["models"]][:2] == ["Engagement", "Statement"]
    assert either_desk.get("/admin/areas/nowhere/").status_code == 404


def test_the_registry_as_a_whole_has_a_page(either_desk: Client) -> None:
    assert either_desk.get("/admin/initiatives/").status_code == 200


def test_only_areas_with_something_to_see_are_shown(db: None) -> None:
    user = User.objects.create(username="reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_organization"))
    client = Client()
    client.force_login(user)
    assert [heading["app_label"] for heading in client.get("/admin/").context["app_list"]] == ["organizations"]


def test_the_language_is_switched_in_the_header_and_the_page_turns(desk: Client) -> None:
    address = listing(Organization) + "?q=office"
    page = desk.get(address).content.decode()
    assert '<html lang="en" dir="ltr"' in page
    assert f'<input type="hidden" name="next" value="{address}">' in page
    assert 'value="ar" lang="ar" dir="rtl"' in page
    switched = desk.post(reverse("set_language"), {"language": "ar", "next": address})
    assert switched["Location"] == address
    assert '<html lang="ar" dir="rtl"' in desk.get(address).content.decode()


def test_the_language_is_switched_before_signing_in(db: None) -> None:
    assert 'name="language" value="ar"' in Client().get("/admin/", follow=True).content.decode()


@pytest.mark.parametrize("address", ["/admin/", listing(Organization), adding(Organization)])
def test_no_script_or_style_stands_inside_a_page(desk: Client, address: str) -> None:
    make_organization()
    assert INLINE.findall(desk.get(address).content.decode()) == []
