"""Revisions and their changes, as PostgreSQL's triggers write them; nothing in Python writes them."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class RevisionQuerySet(models.QuerySet[Any]):
    """Revisions in the order of their commits."""

    def numbered(self) -> Self:
        """Without those of transactions that have not committed; only their own transaction sees such."""
        return self.filter(number__isnull=False).order_by("number")


class Revision(models.Model):
    """One committed transaction: numbers have no gaps and follow the order of the commits."""

    number = models.BigIntegerField(_("number"), unique=True, null=True, editable=False)
    at = models.DateTimeField(_("at"), db_default=Now(), db_index=True, editable=False)
    actor_id = models.BigIntegerField(_("actor's id"), null=True, db_index=True, editable=False)
    actor = models.CharField(_("actor"), max_length=200, blank=True, db_default="", editable=False)
    reason = models.TextField(_("reason"), blank=True, db_default="", editable=False)
    request_id = models.CharField(_("request"), max_length=64, blank=True, db_default="", editable=False)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ("-number",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.number)


class Change(models.Model):
    """A row as one revision left it; ``after`` is null where the revision deleted it.

    ``owner_table`` and ``owner_id`` name the row that it is a part of, for parts, links and citations.
    """

    class Action(models.TextChoices):
        CREATE = "create", _("Created")
        UPDATE = "update", _("Changed")
        DELETE = "delete", _("Deleted")

    # Without a constraint in the database: both rows are only ever written together, by one trigger.
    revision = models.ForeignKey(
        Revision, verbose_name=_("revision"), on_delete=models.DO_NOTHING, related_name="changes", db_constraint=False
    )
    table_name = models.CharField(_("table"), max_length=63, editable=False)
    object_id = models.BigIntegerField(_("row"), editable=False)
    owner_table = models.CharField(_("owner's table"), max_length=63, blank=True, db_default="", editable=False)
    owner_id = models.BigIntegerField(_("owner"), null=True, editable=False)
    action = models.CharField(_("action"), max_length=6, choices=Action.choices, editable=False)
    after: models.JSONField[Any, Any] = models.JSONField(_("row afterwards"), null=True, editable=False)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ("id",)
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["table_name", "object_id", "id"], name="history_change_object"),
            models.Index(
                fields=["owner_table", "owner_id", "id"],
                name="history_change_owner",
                condition=models.Q(owner_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.object_id}: {self.action}"
