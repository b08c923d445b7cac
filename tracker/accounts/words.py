"""What Django and allauth say and their Arabic does not, or says wrongly: named here for our catalogue to keep."""

from __future__ import annotations

from django.utils.translation import gettext_noop, ngettext_lazy

WORDS = (
    gettext_noop("Your email has been changed from %(from_email)s to %(to_email)s."),
    gettext_noop(
        "You are receiving this email because you, or someone else, tried to access an account with email %(email)s. "
        "However, we do not have any record of such an account in our database."
    ),
    gettext_noop("Your account has no verified email address."),
    gettext_noop("You must type the same password each time."),
    gettext_noop("Password successfully changed."),
    gettext_noop("Password successfully set."),
    gettext_noop("Primary email address set."),
    gettext_noop("Username can not be used. Please use other username."),
    gettext_noop("Generate"),
    gettext_noop("Incorrect code."),
    gettext_noop("Code"),
    gettext_noop("Authenticator code"),
    gettext_noop("Social Accounts"),
    gettext_noop("social account"),
    gettext_noop("social accounts"),
    gettext_noop("Account Connections"),
    gettext_noop("Add a Third-Party Account"),
    gettext_noop("Two-Factor Authentication"),
    gettext_noop("You can sign in to your account using any of the following third-party accounts:"),
    gettext_noop("You currently have no third-party accounts connected to this account."),
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
)
