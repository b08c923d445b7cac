"""Dashboards that individuals build for themselves, of widgets that each show a saved API query."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .records import Timestamped, in_current_language, text_required

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MOST_DASHBOARDS = 50
"""How many a person may have."""
MOST_WIDGETS = 24
"""How many a dashboard may have."""
LONGEST_QUERY = 1_000
# 24 random bytes: 192 bits.
KEY_BYTES = 24
KEY_LENGTH = 32


def new_share_key() -> str:
    """What nobody guesses: the address of a dashboard that is shared by link."""
    return secrets.token_urlsafe(KEY_BYTES)


class DashboardQuerySet(models.QuerySet[Any]):
    """Dashboards: everybody's own, and those that are public."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(Q(visibility=Dashboard.Visibility.PUBLIC) | self._of(user))

    def owned_by(self, user: User | AnonymousUser) -> Self:
        return self.filter(self._of(user))

    def shared_under(self, key: str) -> Self:
        """The one that a link leads to, if it still does."""
        return self.exclude(visibility=Dashboard.Visibility.PRIVATE).filter(share_key=key) if key else self.none()

    def _of(self, user: User | AnonymousUser) -> Q:
        return Q(owner=user.pk) if user.is_authenticated and user.is_active else Q(pk__in=())


class Dashboard(Timestamped):
    """A page of widgets that a person made."""

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("Private")
        LINK = "link", _("Shared by link")
        PUBLIC = "public", pgettext_lazy("dashboard", "Public")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.CASCADE, related_name="dashboards"
    )
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    title_ar = models.CharField(_("title (Arabic)"), max_length=200, blank=True)
    visibility = models.CharField(
        _("visibility"), max_length=8, choices=Visibility.choices, default=Visibility.PRIVATE, db_index=True
    )
    # In clear, because its owner is shown it again.
    share_key = models.CharField(
        _("key of the link"), max_length=KEY_LENGTH, blank=True, default="", db_default="", editable=False
    )

    objects = DashboardQuerySet.as_manager()

    class Meta:
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboards")
        ordering = ("id",)
        constraints = [
            text_required("title"),
            models.CheckConstraint(
                name="dashboard_key_while_shared",
                condition=Q(visibility="private", share_key="")
                | Q(visibility="link") & ~Q(share_key="")
                | Q(visibility="public"),
                violation_error_message=_("A private dashboard has no link, one that is shared by link has one."),
            ),
            models.UniqueConstraint(name="dashboard_share_key", fields=["share_key"], condition=~Q(share_key="")),
        ]

    def __str__(self) -> str:
        return in_current_language(self, "title")

    def save(self, *args: Any, update_fields: Any = None, **kwargs: Any) -> None:
        """Have a link while it is shared by one; a private dashboard loses it for good."""
        before = self.share_key
        if self.visibility == self.Visibility.PRIVATE:
            self.share_key = ""
        elif self.visibility == self.Visibility.LINK and not self.share_key:
            self.share_key = new_share_key()
        if update_fields is not None and self.share_key != before:
            update_fields = {*update_fields, "share_key"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def rotate_link(self) -> None:
        """Take a new link; the one before leads nowhere from now on."""
        self.share_key = new_share_key()
        self.save(update_fields=["share_key", "updated_at"])

    def is_of(self, user: Any) -> bool:
        """Whether it is the user's own."""
        return bool(user.is_authenticated and user.is_active and user.pk == self.owner_id)


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
        _("query"), max_length=LONGEST_QUERY, help_text=_("An API query, for example “initiatives/?status=active”.")
    )
    display = models.CharField(_("display"), max_length=10, choices=Display.choices)
    group_by = models.CharField(
        _("group by"),
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text=_("Of a chart that counts records: the member by which they are counted, for example “status”."),
    )

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
            # Positions differ, so that this also says how many there may be.
            models.CheckConstraint(
                name="widget_position_in_range",
                condition=Q(position__gte=1, position__lte=MOST_WIDGETS),
                violation_error_message=_("A dashboard has at most 24 widgets, at the positions 1 to 24."),
            ),
            models.CheckConstraint(
                name="widget_group_of_chart",
                condition=Q(group_by="") | Q(display="chart"),
                violation_error_message=_("Only a chart groups what it shows."),
            ),
        ]

    def __str__(self) -> str:
        return in_current_language(self, "title")
