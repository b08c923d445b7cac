"""How allauth behaves here: who may come in, where links lead, in which language it writes to people."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as current
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from tracker.accounts.models import Profile

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Site:
    """The registry, as e-mails name it."""

    name: str
    domain: str


class AccountAdapter(DefaultAccountAdapter):
    """allauth's hooks."""

    def get_login_stages(self) -> list[str]:
        ours = {"allauth.account.stages.EmailVerificationStage": "tracker.accounts.stages.ConfirmedAddress"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def is_safe_url(self, url: str | None) -> bool:
        """Only this very host: whoever else we answer for is another's business."""
        request = self.request or current.request
        hosts = {request.get_host()}
        return url_has_allowed_host_and_scheme(url, allowed_hosts=hosts, require_https=request.is_secure())

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Not the last one: by it a forgotten password is replaced."""
        others = EmailAddress.objects.filter(user_id=email_address.user_id, verified=True).exclude(pk=email_address.pk)
        return super().can_delete_email(email_address) and (not email_address.pk or others.exists())

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """A new person is written to in the language in which they signed up."""
        user = super().save_user(request, user, form, commit)
        if user.pk is not None:
            Profile.objects.choose_language(user, translation.get_language() or settings.LANGUAGE_CODE)
        return user

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Go on in the language that the person has chosen."""
        language = Profile.objects.language_of(user)
        with translation.override(language or translation.get_language()):
            response: HttpResponse = super().post_login(request, user, **kwargs)
        if language:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax", secure=request.is_secure())
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write to a person in their language; links lead to this service by the name that it knows itself by.

        A mail server that is away keeps nobody from going on: they are told, and may ask again.
        """
        with _language_of(context.get("user"), email):
            ours = {name: _at_home(value) for name, value in context.items() if name.endswith("_url")}
            site = Site(_("Smart city transformation registry"), settings.TRACKER_SITE_URL)
            try:
                super().send_mail(template_prefix, email, {**context, **ours, "current_site": site})
            except (SMTPException, OSError):
                logger.exception("An e-mail could not be sent: %s", template_prefix)
                _tell_that_mail_failed(current.request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failed sign-ins count for the account whatever host the service is called by."""
        login = credentials.get("email") or credentials.get("username") or ""
        return f"{settings.TRACKER_SITE_URL}:{login.lower()}"


def _at_home(url: str) -> str:
    """The same page at the service's own address, whatever host the request named."""
    parts = urlsplit(url)
    return settings.TRACKER_SITE_URL + parts.path + (f"?{parts.query}" if parts.query else "")


@contextmanager
def _language_of(user: Any, email: str) -> Iterator[None]:
    """Speak the language of the account that an address belongs to, or else the request's."""
    owner = user or next(
        (a.user for a in EmailAddress.objects.filter(email=email.lower()).select_related("user")), None
    )
    language = Profile.objects.language_of(owner) if owner is not None else None
    with translation.override(language or translation.get_language()):
        yield


def _tell_that_mail_failed(request: Any) -> None:
    if request is not None:
        messages.error(request, _("The e-mail could not be sent now. Please try again later."))
