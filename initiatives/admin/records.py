"""The admin of every model: an area declares its columns, filters and inlines; all else follows from the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from initiatives.models.publication import Publishable
from initiatives.models.records import Record

from . import actions
from .citations import CitationInline
from .columns import MergedFilter, any_record
from .languages import generic_references
from .layout import Layout
from .meanwhile import Versioned
from .refusals import Refusals
from .search import matching, searched_paths


class RegistryAdmin(Layout, Refusals):
    """Lists with folded search, forms in both languages; the base of everything that curators see."""

    columns: ClassVar[tuple[Any, ...]] = ()
    """What a list shows after the name; a computed column is shown in the form as well."""
    filters: ClassVar[tuple[Any, ...]] = ()
    """By what a list is narrowed; of a reference, only records that are in use are offered."""
    named_by: ClassVar[str | None] = None
    """The bilingual field that a list shows as the name, where the model does not say it."""
    list_per_page = 50
    save_on_top = True
    search_help_text = _("Names in either language, other names, slugs; any part of a word, in any spelling.")

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return (*self.naming_columns(), *map(self._column, self.columns), *self._state())

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> tuple[str, ...]:
        return tuple(name for name in self.naming_columns() if name not in self.leading_columns())

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        return (*self._state(), *map(self._filter, self.filters))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return searched_paths(self.model)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        offered = super().get_actions(request)
        return offered if self._state() else {name: offered[name] for name in offered if name not in actions.PUBLISHING}

    def _state(self) -> tuple[str, ...]:
        return ("state",) if issubclass(self.model, Publishable) else ()

    def leading_columns(self) -> tuple[str, ...]:
        """What tells the row's place, before its name."""
        return ()

    def naming_columns(self) -> tuple[str, ...]:
        """The name in both languages, or what else the row is known by."""
        label = self.named_by or getattr(self.model, "label", None)
        return (*self.leading_columns(), *((f"{label}_en", f"{label}_ar") if label else ("__str__",)))

    def _column(self, declared: Any) -> Any:
        generic = {reference.name for reference in generic_references(self.model)}
        return any_record(declared) if declared in generic else declared

    def _filter(self, declared: Any) -> Any:
        field = get_fields_from_path(self.model, declared)[-1] if isinstance(declared, str) else None
        return (declared, admin.RelatedOnlyFieldListFilter) if field is not None and field.is_relation else declared

    @property
    def media(self) -> forms.Media:
        return super().media + forms.Media(js=["admin/js/jquery.init.js", "initiatives/admin.js"])

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.with_computed() if hasattr(rows, "with_computed") else rows

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return matching(queryset, list(self.get_search_fields(request)), search_term), False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        return (*self.computed(), *self.bookkeeping(obj)) if obj else ()

    def computed(self) -> tuple[Any, ...]:
        """The columns that a form shows to be read."""
        return tuple(column for column in self.columns if callable(column))

    def bookkeeping(self, row: models.Model) -> tuple[str, ...]:
        """What the registry itself notes about a row."""
        noted = [name for name in ("state", "created_at", "updated_at") if hasattr(row, name)]
        return (*noted, "replaced_by") if getattr(row, "replaced_by", None) else tuple(noted)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        sections = super().get_fieldsets(request, obj)
        if obj and self.computed():
            sections.append((_("Computed"), {"fields": [self.computed()]}))
        if obj and self.bookkeeping(obj):
            sections.append((_("In the registry"), {"fields": [self.bookkeeping(obj)]}))
        return sections


class RecordAdmin(Versioned, RegistryAdmin):
    """A record: with its citations, its address, and the verbs of its kind."""

    cited = True
    actions = (actions.publish, actions.return_for_changes, actions.withdraw, actions.merge)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Sequence[str]]:
        return {"slug": (f"{self.model.label}_en",)} if self.model.label else {}

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        return (*super().get_list_filter(request), MergedFilter)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_inlines(request, obj), *([CitationInline] if self.cited else [])]

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """Lists say which records were merged where there are any."""
        shown = super().get_list_display(request)
        merged = self.model._base_manager.filter(replaced_by__isnull=False).exists()
        return (*shown, "merged_into") if merged else shown

    @admin.display(description=_("merged into"), ordering="replaced_by__slug", empty_value="")
    def merged_into(self, row: Record) -> str | None:
        """The slug of the record that this duplicate leads to."""
        return f"→ {row.replaced_by.slug}" if row.replaced_by is not None else None


class PartAdmin(Versioned, RegistryAdmin):
    """A part of a record, edited inside it; its own page is where its citations are."""

    inlines = (CitationInline,)
    actions = (actions.publish, actions.return_for_changes, actions.withdraw)

    def leading_columns(self) -> tuple[str, ...]:
        has_position = any(field.name == "position" for field in self.model._meta.fields)
        return (self.model.parent_field, *(("position",) if has_position else ()))
