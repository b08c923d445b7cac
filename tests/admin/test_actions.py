"""What curators do to several records at once: publish, withdraw, merge."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import models
from django.test import Client

from initiatives.models import Dataset, Initiative, Organization, ProgressUpdate, SmartService
from tests.admin.pages import listing
from tests.admin.rows import ROWS
from tests.factories import make_initiative, make_organization, make_partnership


def act(client: Client, model: type[models.Model], action: str, *rows: Any, **more: Any) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(listing(model), data)


@pytest.mark.parametrize("model", [Initiative, ProgressUpdate, SmartService, Dataset])
def test_records_are_withdrawn_and_published_again(desk: Client, model: Any) -> None:
    row: Any = ROWS[model]()
    for action, state in (("withdraw", "withdrawn"), ("publish", "published")):
        page = act(desk, model, action, row, change_reason="For a reason")
        assert page.status_code == 302
        row.refresh_from_db()
        assert row.state == state
    assert LogEntry.objects.filter(object_id=row.pk).count() == 2


def test_the_list_shows_and_filters_the_state(desk: Client) -> None:
    withdrawn = make_initiative(state="withdrawn")
    make_initiative()
    page = desk.get(listing(Initiative), {"state__exact": "withdrawn"})
    assert list(page.context["cl"].result_list) == [withdrawn]
    assert "Withdrawn" in page.content.decode()


def test_a_record_that_is_not_published_step_by_step_has_no_such_actions(desk: Client) -> None:
    actions = (
        dict(desk.get(listing(Organization)).context["action_form"].fields["action"].choices)
        if (make_organization())
        else {}
    )
    assert "merge" in actions
    assert not {"publish", "withdraw"} & set(actions)


def test_one_who_may_only_look_is_offered_no_action(db: None) -> None:
    initiative = make_initiative()
    user = User.objects.create(username="reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_initiative"))
    client = Client()
    client.force_login(user)
    act(client, Initiative, "withdraw", initiative)
    initiative.refresh_from_db()
    assert initiative.state == "published"


def test_merging_asks_which_record_stays(desk: Client) -> None:
    first, second = make_organization(), make_organization()
    page = act(desk, Organization, "merge", first, second)
    assert page.status_code == 200
    text = page.content.decode()
    assert first.slug in text
    assert second.slug in text
    assert not Organization.objects.filter(replaced_by__isnull=False).exists()


def test_the_others_are_merged_into_the_one_that_stays(desk: Client) -> None:
    duplicate, staying = make_organization(), make_organization()
    partnership = make_partnership(organization=duplicate)
    assert act(desk, Organization, "merge", duplicate, staying, into=staying.pk).status_code == 302
    duplicate.refresh_from_db()
    partnership.refresh_from_db()
    assert duplicate.replaced_by == staying
    assert partnership.organization == staying


def test_the_list_marks_merged_records_and_leaves_them_out_on_request(desk: Client) -> None:
    staying = make_organization()
    make_organization(replaced_by=staying)
    assert f"→ {staying.slug}" in desk.get(listing(Organization)).content.decode()
    current = desk.get(listing(Organization), {"merged": "no"})
    assert list(current.context["cl"].result_list) == [staying]


def test_one_record_alone_cannot_be_merged(desk: Client) -> None:
    page = act(desk, Organization, "merge", make_organization())
    assert page.status_code == 302
    assert "Select the duplicates" in " ".join(str(message) for message in get_messages(page.wsgi_request))


def test_what_cannot_be_merged_is_said(desk: Client) -> None:
    other = make_organization()
    merged, record = make_organization(replaced_by=other), make_organization()
    page = act(desk, Organization, "merge", record, merged, into=merged.pk)
    assert other.slug in " ".join(str(message) for message in get_messages(page.wsgi_request))
    record.refresh_from_db()
    assert record.replaced_by is None


def test_a_merge_that_the_database_refuses_changes_nothing(desk: Client) -> None:
    one, other = make_organization(), make_organization()
    make_partnership(organization=one, with_organization=other)
    page = act(desk, Organization, "merge", one, other, into=other.pk)
    assert page.status_code == 302
    assert " ".join(str(message) for message in get_messages(page.wsgi_request))
    one.refresh_from_db()
    assert one.replaced_by is None
