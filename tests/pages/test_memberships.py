"""Memberships as a page: to be invited, to ask, to join, to manage and to leave, by plain forms."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from initiatives.models import Invitation, JoinRequest, Membership, Organization
from tests.access.people import make_member
from tests.factories import make_organization
from tests.platform.markup import inline_in

pytestmark = pytest.mark.django_db

PAGE = "/memberships/"


def browser_of(user: User, language: str = "en") -> Client:
    browser = Client(headers={"accept-language": language})
    browser.force_login(user)
    return browser


@pytest.fixture
def office() -> Organization:
    return make_organization(slug="office", name_en="Office", name_ar="المكتب")


@pytest.fixture
def manager(office: Organization) -> Client:
    return browser_of(make_member(office, "manager"))


@pytest.fixture
def salim() -> User:
    user = User.objects.create_user("salim", email="salim@example.org")
    EmailAddress.objects.create(user=user, email="salim@example.org", verified=True, primary=True)
    return user


def act(browser: Client, do: str, **said: Any) -> Any:
    return browser.post(PAGE, {"do": do, **said}, follow=True)


def roles(user: User) -> list[str]:
    return list(Membership.objects.filter(user=user).values_list("role", flat=True))


def test_whoever_has_not_signed_in_is_asked_to(client: Client) -> None:
    for answer in (client.get(PAGE), client.post(PAGE, {"do": "ask", "organization": "office"})):
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith(f"/account/login/?next={PAGE}")


def test_an_invitation_comes_by_mail_in_both_languages_and_is_accepted_on_the_page(
    office: Organization, manager: Client, salim: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        page = act(
            manager, "invite", organization="office", email="Salim@example.org", role="publisher", message="أهلًا <b>"
        )
    assert "salim@example.org is invited" in page.content.decode()
    (sent,) = mail.outbox
    assert sent.to == ["salim@example.org"]
    assert isinstance(sent, EmailMultiAlternatives)
    html = str(sent.alternatives[0][0])
    for text in (sent.body, html):
        assert "Office" in text
        assert "المكتب" in text
        assert "Publisher" in text
        assert "ناشر" in text
        assert PAGE in text
    assert "أهلًا &lt;b&gt;" in html
    theirs = browser_of(salim)
    (invitation,) = Invitation.objects.all()
    assert 'value="accept"' in theirs.get(PAGE).content.decode()
    assert "You are a member of Office now" in act(theirs, "accept", id=invitation.pk).content.decode()
    assert roles(salim) == ["publisher"]
    assert act(theirs, "accept", id=invitation.pk).status_code == 400


def test_an_invitation_stands_though_the_mail_server_does_not_answer(
    office: Organization, manager: Client, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with django_capture_on_commit_callbacks(execute=True):
        act(manager, "invite", organization="office", email="a@example.org", role="manager")
    assert Invitation.objects.open().count() == 1


def test_an_invitation_is_declined_or_revoked(office: Organization, manager: Client, salim: User) -> None:
    for browser, do, state in ((browser_of(salim), "decline", "declined"), (manager, "revoke", "revoked")):
        act(manager, "invite", organization="office", email=salim.email, role="contributor")
        invitation = Invitation.objects.open().get()
        assert act(browser, do, id=invitation.pk).status_code == 200
        invitation.refresh_from_db()
        assert invitation.state == state
    assert roles(salim) == []


def test_whoever_asks_is_admitted_or_refused_with_a_comment(office: Organization, manager: Client, salim: User) -> None:
    theirs = browser_of(salim)
    act(theirs, "ask", organization="office", message="I run the cars")
    wish = JoinRequest.objects.get()
    assert "I run the cars" in manager.get(PAGE).content.decode()
    assert act(manager, "refuse", id=wish.pk).status_code == 400
    act(manager, "refuse", id=wish.pk, comment="Not you")
    wish.refresh_from_db()
    assert (wish.state, wish.comment) == ("refused", "Not you")
    act(theirs, "ask", organization="office")
    act(theirs, "take back", id=JoinRequest.objects.open().get().pk)
    act(theirs, "ask", organization="office")
    act(manager, "admit", id=JoinRequest.objects.open().get().pk, role="publisher", comment="Welcome")
    assert roles(salim) == ["publisher"]


def test_members_are_promoted_removed_and_leave_but_not_the_last_manager(office: Organization, manager: Client) -> None:
    user = make_member(office, "contributor")
    membership = user.memberships.get()
    act(manager, "change role", id=membership.pk, role="manager")
    assert roles(user) == ["manager"]
    act(browser_of(user), "leave", id=membership.pk)
    assert roles(user) == []
    last = Membership.objects.get()
    refused = act(manager, "leave", id=last.pk)
    assert refused.status_code == 400
    assert "last manager" in refused.content.decode()


def test_nobody_acts_on_what_is_not_theirs(office: Organization, manager: Client, salim: User) -> None:
    act(manager, "invite", organization="office", email="other@example.org", role="contributor")
    theirs = browser_of(salim)
    membership = Membership.objects.get()
    wish = JoinRequest.objects.create(organization=office, user=User.objects.create_user("third"))
    for do, pk in (
        ("leave", membership.pk), ("change role", membership.pk), ("accept", Invitation.objects.get().pk),
        ("revoke", Invitation.objects.get().pk), ("admit", wish.pk), ("refuse", wish.pk), ("take back", wish.pk),
    ):  # fmt: skip
        assert act(theirs, do, id=pk, role="manager", comment="Mine").status_code == 404, do
    refused = act(theirs, "invite", organization="office", email="salim@example.org", role="manager")
    assert refused.status_code == 403
    assert (roles(salim), Membership.objects.count(), Invitation.objects.open().count()) == ([], 1, 1)


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 30, "٣"])
def test_a_form_that_names_no_row_finds_none(manager: Client, number: str) -> None:
    assert act(manager, "leave", id=number).status_code == 404


def test_what_is_wrong_is_said_and_what_was_typed_stays(manager: Client) -> None:
    page = act(manager, "invite", organization="office", email="no address", role="publisher", message="Come")
    assert page.status_code == 400
    html = page.content.decode()
    assert 'value="no address"' in html
    assert 'value="Come"' in html
    assert Invitation.objects.count() == 0
    for organization in ("nowhere", ""):
        assert act(manager, "ask", organization=organization).status_code == 400


def test_the_page_speaks_arabic_and_runs_no_script_of_anybody(office: Organization, salim: User) -> None:
    Membership.objects.create(user=salim, organization=office, role="manager")
    browser = browser_of(salim, "ar")
    for message in ("<script>alert(1)</script>",):
        JoinRequest.objects.create(organization=office, user=User.objects.create_user("x"), message=message)
    html = browser.get(PAGE).content.decode()
    assert 'dir="rtl"' in html
    assert "العضويات" in html
    assert inline_in(html) == []


def test_a_page_of_many_organizations_takes_no_more_queries(
    office: Organization, django_assert_max_num_queries: Any
) -> None:
    browser = browser_of(make_member(office, "manager"))
    for _number in range(20):
        make_member(make_organization(parent=office), "manager")
    with django_assert_max_num_queries(18):
        assert browser.get(PAGE).content.decode().count('value="change role"') == 21
