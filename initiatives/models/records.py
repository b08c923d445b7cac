"""What every record is: a slug, two languages, timestamps, citations, and possibly a record that replaced it."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.contenttypes.fields import GenericRelation
from django.core.validators import RegexValidator
from django.db import connections, models, router
from django.db.models import Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from .integrity import refuse_cycle, refuse_dangling_references

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

SLUG_LENGTH = 120

validate_slug = RegexValidator(
    r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z",
    _("Use lower-case ASCII letters, digits and single hyphens, for example “smart-dubai-office”."),
    code="invalid_slug",
)


def in_current_language(instance: models.Model, field: str) -> str:
    """The text of a bilingual field in the reader's language, or in the other one where there is none."""
    wanted = "ar" if (get_language() or "").startswith("ar") else "en"
    other = "en" if wanted == "ar" else "ar"
    return str(getattr(instance, f"{field}_{wanted}") or getattr(instance, f"{field}_{other}"))


def text_required(field: str) -> models.CheckConstraint:
    """At least one of the two languages of ``field`` is filled in."""
    return models.CheckConstraint(
        name=f"%(class)s_{field}_required",
        condition=~Q(**{f"{field}_en": "", f"{field}_ar": ""}),
        violation_error_message=_("Give this text in English, in Arabic or in both."),
        violation_error_code="both_languages_missing",
    )


def in_order(start: str, end: str) -> models.CheckConstraint:
    """The date ``end`` is not before the date ``start`` where both are known."""
    return models.CheckConstraint(
        name=f"%(class)s_{end}_not_before_{start}",
        condition=Q(**{f"{end}__gte": models.F(start)})
        | Q(**{f"{start}__isnull": True})
        | Q(**{f"{end}__isnull": True}),
        violation_error_message=_("The end must not be before the start."),
        violation_error_code="end_before_start",
    )


class VisibleQuerySet(models.QuerySet[Any]):
    """Rows of which a user may see some. It fails closed: a record type says openly that it is public."""

    everybody_sees_all: ClassVar[bool] = False

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The rows that ``user`` may read."""
        return self.all() if self.everybody_sees_all else self.none()

    def with_computed(self) -> Self:
        """Annotate what readers are shown beyond the columns."""
        return self


class RecordQuerySet(VisibleQuerySet):
    """Questions asked of many records."""

    def current(self) -> Self:
        """Leave out duplicates that were merged into another record."""
        return self.filter(replaced_by__isnull=True)


class PublicRecordQuerySet(RecordQuerySet):
    """Records that everybody may read."""

    everybody_sees_all = True


class PartQuerySet(VisibleQuerySet):
    """Parts of records; whoever sees the record sees them."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        parent = self.model._meta.get_field(self.model.parent_field).related_model
        parents = parent._default_manager.get_queryset()
        return (
            self.all()
            if parents.everybody_sees_all
            else self.filter(**{f"{self.model.parent_field}__in": parents.visible_to(user)})
        )


class Timestamped(models.Model):
    """A row that knows when it was made and last changed (UTC)."""

    created_at = models.DateTimeField(_("created at"), auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True, editable=False)

    class Meta:
        abstract = True


class Record(Timestamped):
    """A citable entry of the registry with an address of its own; each type says by its manager who sees it."""

    replaced_by_id: int | None

    versioned: ClassVar[bool] = True
    public_with: ClassVar[tuple[str, ...]] = ()
    """Foreign keys to what must be public for the public to see a row, so that history knows (see ``visible_to``)."""
    collection: ClassVar[str]
    """The name of the record type in URLs, plural, for example ``smart-services``."""
    label: ClassVar[str | None] = "name"
    """The bilingual field by which people know the record; ``None`` where it has none."""

    slug = models.CharField(
        _("slug"),
        max_length=SLUG_LENGTH,
        unique=True,
        validators=[validate_slug],
        help_text=_("The record's part of its web address. Keep it once it is published: others link to it."),
        error_messages={"unique": _("Another record of this type already has this slug.")},
    )
    replaced_by = models.ForeignKey(
        "self",
        verbose_name=_("replaced by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaces",
        help_text=_("The record that this duplicate was merged into; its old address redirects there."),
    )
    citations = GenericRelation("initiatives.Citation", verbose_name=_("citations"))

    class Meta:
        abstract = True
        ordering: ClassVar[tuple[Any, ...]] = ("slug",)
        constraints = [
            models.CheckConstraint(
                name="%(class)s_slug_form",
                condition=Q(slug__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$"),
                violation_error_message=validate_slug.message,
                violation_error_code="invalid_slug",
            )
        ]
        triggers = [refuse_cycle("replaced_by"), refuse_dangling_references()]

    def __str__(self) -> str:
        return (self.label and in_current_language(self, self.label)) or self.slug

    def slug_texts(self) -> list[str]:
        """What a slug is made of where nobody gives one."""
        return [getattr(self, f"{self.label}_en")] if self.label else []

    def plain_slug(self) -> str:
        """The slug that the record has if nobody gives one and no other record has it."""
        # A dash of any kind parts words; slugify would drop those that are not ASCII and join what they part.
        words = slugify(re.sub(r"[\u2010-\u2015_]+", "-", " ".join(self.slug_texts())))[: SLUG_LENGTH - 6]
        return words.strip("-") or self._meta.model_name or ""

    def _free_slug(self) -> str:
        plain = self.plain_slug()
        # Records of one name, made at the same time, take their turns until each is committed.
        with connections[router.db_for_write(type(self))].cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{self._meta.db_table}.slug.{plain}"]
            )
        taken = set(type(self)._base_manager.filter(slug__startswith=plain).values_list("slug", flat=True))
        numbered = (f"{plain}-{number}" for number in count(2))
        return plain if plain not in taken else next(slug for slug in numbered if slug not in taken)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = self._free_slug()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse(f"{self.collection}-detail", kwargs={"slug": self.slug})


class Part(Timestamped):
    """A row that exists only inside its parent record and is read and written with it."""

    versioned: ClassVar[bool] = True
    public_with: ClassVar[tuple[str, ...]] = ()
    parent_field: ClassVar[str]
    """The foreign key to the record that it is a part of."""

    citations = GenericRelation("initiatives.Citation", verbose_name=_("citations"))

    class Meta:
        abstract = True
        ordering: ClassVar[tuple[Any, ...]] = ("id",)
        triggers = [refuse_dangling_references()]


class OrderedPart(Part):
    """A part whose place among its siblings matters; positions count from 1."""

    position = models.PositiveSmallIntegerField(_("position"), help_text=_("Its place in the order, counted from 1."))

    class Meta(Part.Meta):
        abstract = True
        ordering = ("position", "id")
