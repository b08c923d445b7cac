"""The review queue: what waits, beside what the public sees; approved or returned, many at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from initiatives.models import NextVersion, PublicationStep
from tests.access.people import make_member
from tests.api.client import ApiClient
from tests.factories import make_dataset, make_organization, make_service_release, make_smart_service
from tests.platform.markup import inline_in

pytestmark = pytest.mark.django_db

QUEUE = "/admin/initiatives/nextversion/queue/"


def rows_of(page: Any) -> dict[str, tuple[list[str], list[str]]]:
    """The fields that a queue with one entry compares: what is now, and what is proposed."""
    html = page.content.decode()
    found = {}
    for field, now, then in re.findall(
        r'<th scope="row" dir="ltr">([^<]*)</th>\s*<td>(.*?)</td>\s*<td>(.*?)</td>', html, re.DOTALL
    ):
        found[field] = tuple(re.findall(r'<div dir="auto">(.*?)</div>', each) for each in (now, then))
    return found  # type: ignore[return-value]


def waiting_services(count: int) -> list[Any]:
    return [make_smart_service(name_en=f"Waiting {n}", state="in_review") for n in range(count)]


def keys(rows: list[Any]) -> list[str]:
    return [f"smartservice-{row.pk}" for row in rows]


def states(rows: list[Any]) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.state for row in rows]


def test_a_first_version_is_shown_with_all_that_it_says(either_desk: Client) -> None:
    make_smart_service(name_en="Parking", name_ar="المواقف", state="in_review")
    make_smart_service(name_en="A draft", state="draft")
    page = either_desk.get(QUEUE)
    compared = rows_of(page)
    assert compared["name"] == ([], ["Parking", "المواقف"])
    html = page.content.decode()
    assert "A draft" not in html
    assert inline_in(html) == []
    assert ("قائمة المراجعة" in html) is ('<html lang="ar"' in html)


def test_a_next_version_is_shown_beside_what_the_public_sees_and_its_parts_whole(desk: Client) -> None:
    office = make_organization()
    service = make_smart_service(provider=office, name_en="Parking", name_ar="")
    one = make_service_release(smart_service=service, version="1.0", released_on="2026-01-01")
    author = ApiClient(make_member(office, "contributor"))
    releases = [{"id": one.pk}, {"version": "2.0", "released_on": "2026-11-01"}]
    at = f"smart-services/{service.slug}/"
    assert author.send("PUT", f"{at}next-version/", {"name": {"en": "Parks"}, "releases": releases}).status_code == 200
    assert author.send("POST", f"{at}submit/", {}).status_code == 200
    compared = rows_of(desk.get(QUEUE))
    assert compared["name"] == (["Parking"], ["Parks"])
    now, then = compared["releases"]
    assert now == ["1.0 · 2026-01-01"]
    assert then == ["1.0 · 2026-01-01", "2.0 · 2026-11-01"]
    desk.post(QUEUE, {"chosen": f"smartservice-{service.pk}", "step": "approve"})
    service.refresh_from_db()
    assert (service.name_en, service.releases.count(), NextVersion.objects.count()) == ("Parks", 2, 0)


def test_many_are_approved_at_once_and_those_that_were_not_chosen_wait_on(desk: Client) -> None:
    first, second, third = services = waiting_services(3)
    page = desk.post(QUEUE, {"chosen": keys([first, second]), "step": "approve"}, follow=True)
    assert "2/2" in page.content.decode()
    assert states(services) == ["published", "published", "in_review"]
    assert "Waiting 2" in page.content.decode()
    assert third.name_en == "Waiting 2"


def test_many_are_returned_for_a_reason_which_is_owed(desk: Client, curator: User) -> None:
    services = waiting_services(2)
    chosen = {"chosen": keys(services), "step": "return"}
    refused = desk.post(QUEUE, chosen, follow=True)
    assert "Say why" in refused.content.decode()
    assert states(services) == ["in_review", "in_review"]
    desk.post(QUEUE, {**chosen, "change_reason": "What is it for?"})
    assert states(services) == ["draft", "draft"]
    steps = PublicationStep.objects.filter(kind="returned").values_list("comment", "by__username")
    assert list(steps) == [("What is it for?", curator.username)] * 2


@pytest.mark.parametrize(
    "sent",
    [{}, {"step": "approve"}, {"chosen": "smartservice-0", "step": "approve"}, {"chosen": "x", "step": "delete"}],
)
def test_a_form_that_chooses_nothing_changes_nothing(desk: Client, sent: dict[str, str]) -> None:
    services = waiting_services(1)
    if sent.get("chosen") == "x":
        sent = {**sent, "chosen": keys(services)[0]}
    assert desk.post(QUEUE, sent).status_code == 302
    assert states(services) == ["in_review"]


def test_staff_see_and_approve_only_what_they_may_change() -> None:
    service, dataset = make_smart_service(state="in_review"), make_dataset(state="in_review")
    user = User.objects.create_user("desk-officer", is_staff=True)
    for codename in ("view_nextversion", "change_dataset"):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    client = Client()
    client.force_login(user)
    html = client.get(QUEUE).content.decode()
    assert f"dataset-{dataset.pk}" in html
    assert f"smartservice-{service.pk}" not in html
    chosen = [f"dataset-{dataset.pk}", f"smartservice-{service.pk}"]
    client.post(QUEUE, {"chosen": chosen, "step": "approve"})
    assert (states([service]), states([dataset])) == (["in_review"], ["published"])


def test_whoever_is_no_curator_has_no_queue() -> None:
    client = Client()
    client.force_login(make_member(make_organization(), "publisher"))
    assert client.get(QUEUE).status_code == 302
    assert client.post(QUEUE, {"chosen": keys(waiting_services(1)), "step": "approve"}).status_code == 302
