"""Happiness: what people who used a smart service felt. Ratings are anonymous and never changed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .smart_services import SmartService


class Rating(models.Model):
    """One answer to the question whether a service made its user happy."""

    class Score(models.TextChoices):
        HAPPY = "happy", _("Happy")
        NEUTRAL = "neutral", _("Neutral")
        UNHAPPY = "unhappy", _("Unhappy")

    smart_service = models.ForeignKey(
        SmartService, verbose_name=_("smart service"), on_delete=models.PROTECT, related_name="ratings"
    )
    score = models.CharField(_("score"), max_length=8, choices=Score.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=SmartService.Channel.choices)
    comment = models.TextField(_("comment"), blank=True)
    rated_at = models.DateTimeField(_("rated at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        ordering = ("-rated_at", "-id")
        indexes = [models.Index(fields=["smart_service", "rated_at"], name="rating_service_time")]

    def __str__(self) -> str:
        return f"{self.smart_service}: {self.get_score_display()}"
