"""A step of signing in: the person's e-mail address is confirmed."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.email_verification import get_address_for_login
from allauth.account.stages import EmailVerificationStage


class ConfirmedAddress(EmailVerificationStage):
    """allauth's step, which lets those in who have no address at all: accounts made by `prepare` or in admin."""

    def handle(self) -> tuple[Any, bool]:
        user = self.login.user
        if user is not None and get_address_for_login(self.login) is None:
            return None, True
        response: tuple[Any, bool] = super().handle()
        return response
