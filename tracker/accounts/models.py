"""What an account has besides Django's user."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ProfileQuerySet(models.QuerySet["Profile"]):
    """Profiles in bulk."""

    def language_of(self, user: Any) -> str | None:
        """The language that a person has chosen, if any."""
        return self.filter(user_id=user.pk).values_list("language", flat=True).first() or None

    def choose_language(self, user: Any, language: str) -> None:
        """Keep a person's choice."""
        self.update_or_create(user_id=user.pk, defaults={"language": language})


class Profile(models.Model):
    """A person's own choices."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="profile"
    )
    language = models.CharField(
        _("language"),
        max_length=2,
        choices=settings.LANGUAGES,
        help_text=_("E-mails are written in it, and pages are shown in it after signing in."),
    )

    objects = ProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        ordering = ("user",)

    def __str__(self) -> str:
        return str(self.user)


class SecondFactor(Authenticator):
    """allauth's record of a person's app, key or recovery codes, under a name that curators understand."""

    class Meta:
        proxy = True
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")
        ordering = ("user", "pk")
