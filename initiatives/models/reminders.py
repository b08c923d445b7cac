"""Reminders: who was told by e-mail which update they owe, so that nobody is told twice."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _


class Reminder(models.Model):
    """That somebody was reminded of the update which was due on a day."""

    versioned: ClassVar[bool] = False

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="reminders"
    )
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", editable=False)
    object_id = models.PositiveBigIntegerField(editable=False)
    record = GenericForeignKey("content_type", "object_id")
    due_on = models.DateField(_("due on"))
    sent_at = models.DateTimeField(_("sent at"), auto_now_add=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ("-sent_at", "-id")
        constraints = [
            models.UniqueConstraint(
                name="reminder_once",
                fields=["user", "content_type", "object_id", "due_on"],
                violation_error_message=_("This person was reminded of this already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.record}, {self.due_on}"
