"""Telling somebody by e-mail that they are invited: in every language, as theirs is not known yet."""

from __future__ import annotations

import logging

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, override

from initiatives.models import Invitation
from initiatives.two_part_mail import two_part_mail

logger = logging.getLogger(__name__)


def send_invitation(invitation: Invitation) -> None:
    """Write to whoever is invited. If the mail server refuses, the invitation still stands on its page."""
    languages = [code for code, _name in settings.LANGUAGES]
    subject = " / ".join(map(_subject, languages))
    context = {
        "invitation": invitation,
        "organization": invitation.organization,
        "inviter": invitation.invited_by.get_username() if invitation.invited_by else "",
        "url": settings.TRACKER_SITE_URL + reverse("memberships-page"),
        "languages": languages,
        "subject": subject,
    }
    mail = two_part_mail("invitation", subject, invitation.email, context)
    try:
        mail.send()
    except OSError as error:
        logger.warning("The invitation %d was not taken by the mail server: %s", invitation.pk, error)


def _subject(language: str) -> str:
    with override(language):
        return gettext("You are invited to the registry")
