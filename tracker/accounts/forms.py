"""The forms of the account pages that are ours."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tracker.accounts.models import Profile
from tracker.api.models import Token, valid_scope

READ, WRITE, SOME = "*:read", "*", "some"
NEVER = "never"


class SignInForm(LoginForm):
    """allauth's form, which says what is typed into its first field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Username or e-mail address")
        self.fields["login"].widget.attrs.update(autocomplete="username", autofocus=True, maxlength=254)


class ProfileForm(forms.ModelForm):
    """A person's name and language."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_("E-mails are written in it, and pages are shown in it after signing in."),
    )

    class Meta:
        model = User
        fields = ("first_name", "last_name")

    def save(self, commit: bool = True) -> User:
        """Keep both."""
        user: User = super().save(commit)
        Profile.objects.choose_language(user, self.cleaned_data["language"])
        return user


class TokenForm(forms.Form):
    """What a new token is for, what it reaches, and how long it lives."""

    name = forms.CharField(
        label=_("Name"),
        max_length=Token._meta.get_field("name").max_length,
        help_text=_("What the token is for."),
    )
    reach = forms.ChoiceField(
        label=_("What it may do"),
        choices=(
            (READ, _("Read whatever you may read")),
            (WRITE, _("Read and write whatever you may")),
            (SOME, _("Only what is listed below")),
        ),
    )
    scopes = forms.CharField(
        label=_("Scopes"),
        required=False,
        max_length=2_000,
        help_text=_("Separated by spaces or commas, such as initiatives:read, engagements:write."),
    )
    lifetime = forms.ChoiceField(
        label=_("Expires"),
        choices=(
            ("30", _("In 30 days")),
            ("90", _("In 90 days")),
            ("365", _("In a year")),
            (NEVER, _("Never")),
        ),
        initial="90",
    )

    def clean(self) -> dict[str, Any]:
        """Say of scopes what is wrong with them where they were typed."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("reach") == SOME:
            try:
                data["scopes"] = _listed(data.get("scopes", ""))
            except ValidationError as error:
                self.add_error("scopes", error)
        return data

    def chosen_scopes(self) -> list[str]:
        """The scopes of the token."""
        chosen = self.cleaned_data["reach"]
        return self.cleaned_data["scopes"] if chosen == SOME else [chosen]

    def expires_at(self) -> datetime | None:
        """When the token ends; None is never."""
        lifetime = self.cleaned_data["lifetime"]
        return None if lifetime == NEVER else timezone.now() + timedelta(days=int(lifetime))


def _listed(text: str) -> list[str]:
    scopes = list(dict.fromkeys(scope for scope in re.split(r"[\s,،]+", text) if scope))
    if not scopes:
        raise ValidationError(_("List at least one scope."))
    for scope in scopes:
        valid_scope(scope)
    return scopes
