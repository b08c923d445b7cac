"""Second factors as they are kept and shown here."""

from __future__ import annotations

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.utils.translation import gettext as _

from tracker.accounts import second_factor
from tracker.peppers import peppers

PURPOSE = "tracker.accounts.authenticators"


class AuthenticatorAdapter(DefaultMFAAdapter):
    """allauth's hooks."""

    def _get_site_name(self) -> str:
        return _("Smart city transformation registry")

    def encrypt(self, text: str) -> str:
        """A secret as the database keeps it: whoever has only the database cannot make codes of it."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again. One whose key is gone fits no code, until the person makes a new one."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return str(generate_totp_secret())

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whoever owes a second factor keeps the last one."""
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=second_factor.FACTORS)
        return not second_factor.is_owed_by(authenticator.user) or others.exclude(pk=authenticator.pk).exists()


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(pepper)) for pepper in peppers(PURPOSE)])
