"""Dashboards that individuals build for themselves, of widgets that each show a saved API query."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .records import Timestamped, in_current_language, text_required


class Dashboard(Timestamped):
    """A page of widgets that a person made."""

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("Private")
        LINK = "link", _("Shared by link")
        PUBLIC = "public", _("Public")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.CASCADE, related_name="dashboards"
    )
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    visibility = models.CharField(
        _("visibility"), max_length=8, choices=Visibility.choices, default=Visibility.PRIVATE, db_index=True
    )

    class Meta:
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboards")
        ordering = ("id",)
        constraints = [text_required("title")]

    def __str__(self) -> str:
        return in_current_language(self, "title")


class Widget(Timestamped):
    """A saved API query with the display that shows its answer."""

    class Display(models.TextChoices):
        COUNT = "count", _("Count")
        LIST = "list", _("List")
        PROGRESS = "progress", _("Progress")
        TIMELINE = "timeline", _("Timeline")
        CHART = "chart", _("Chart")
        HAPPINESS = "happiness", _("Happiness")

    dashboard = models.ForeignKey(
        Dashboard, verbose_name=_("dashboard"), on_delete=models.CASCADE, related_name="widgets"
    )
    position = models.PositiveSmallIntegerField(_("position"), help_text=_("Its place in the order, counted from 1."))
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    query = models.CharField(
        _("query"), max_length=1000, help_text=_("An API query, for example “initiatives/?status=active”.")
    )
    display = models.CharField(_("display"), max_length=10, choices=Display.choices)

    class Meta:
        verbose_name = _("widget")
        verbose_name_plural = _("widgets")
        ordering = ("position", "id")
        constraints = [
            text_required("title"),
            models.UniqueConstraint(
                name="widget_position",
                fields=["dashboard", "position"],
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("Another widget of this dashboard has this position."),
            ),
        ]

    def __str__(self) -> str:
        return in_current_language(self, "title")
