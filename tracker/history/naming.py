"""Names for the rows that history speaks of: references as the API has them, labels in both languages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tracker.api import collections
from tracker.api.fields import LANGUAGES, reference_to
from tracker.history.change_log import Place, Row, versions_at
from tracker.history.diff import Ref, shown_fields
from tracker.history.readers import Reader

EVER = 2**62


class Names:
    """Finds what many references name, at once, as far as the reader may know of it."""

    def __init__(self, reader: Reader, request: Any) -> None:
        self.reader = reader
        self.context = {"request": request}
        self.found: dict[tuple[Any, int], Any] = {}

    def load(self, refs: Iterable[Ref]) -> None:
        """Find the rows, and the records that they are parts of."""
        by_model: dict[Any, set[int]] = defaultdict(set)
        for ref in refs:
            if ref.model is not None and (ref.model, ref.pk) not in self.found:
                by_model[ref.model].add(ref.pk)
        for model, pks in by_model.items():
            there = self._there(model, pks)
            gone = self._gone(model, pks - set(there)) if self.reader.is_staff else {}
            self.found |= {(model, pk): there.get(pk) or gone.get(pk) for pk in pks}
        owners = [owner for model, pks in by_model.items() for pk in pks if (owner := self._owner(model, pk))]
        if owners:
            self.load(owners)

    def _there(self, model: Any, pks: set[int]) -> dict[int, Any]:
        rows = model._default_manager.all()
        if hasattr(rows, "visible_to"):
            rows = rows.visible_to(self.reader.audience)
        return {row.pk: row for row in rows.filter(pk__in=pks)}

    def _gone(self, model: Any, pks: set[int]) -> dict[int, Any]:
        """Rows that were deleted, as they were last."""
        places = [Place(EVER, model._meta.db_table, pk) for pk in pks]
        found = versions_at(places, there=True)
        columns = {field.column: field.attname for field in model._meta.concrete_fields if not field.generated}
        return {
            place.object_id: model(**{columns[name]: value for name, value in row.items() if name in columns})
            for place, version in found.items()
            if (row := version.after) is not None
        }

    def _owner(self, model: Any, pk: int) -> Ref | None:
        row = self.found.get((model, pk))
        if row is None or collections.has_collection(model) or not hasattr(model, "parent_field"):
            return None
        parent = model._meta.get_field(model.parent_field)
        return Ref(parent.related_model, getattr(row, parent.attname))

    def show(self, value: Any) -> Any:
        """A value for JSON: a reference as the API has it, or null where the reader may not know of the record."""
        if not isinstance(value, Ref):
            return value
        row = self.found.get((value.model, value.pk))
        if row is None:
            return None
        if collections.has_collection(value.model):
            typed = {"collection": value.model.collection} if value.of_any_type else {}
            return {**typed, **reference_to(row, self.context)}
        owner = self._owner(value.model, value.pk)
        record = self.show(owner._replace(of_any_type=True)) if owner else None
        return record and {**record, "part": {"type": value.model._meta.model_name, "id": value.pk}}

    def label(self, model: Any, row: Row) -> dict[str, str | None] | None:
        """What people call a row: its name, else its first text, else what it refers to first."""
        names = [model.label] if getattr(model, "label", None) else []
        names += [shown.name for shown in shown_fields(model) if shown.language]
        for name in names:
            texts = {language: row.get(f"{name}_{language}") for language in LANGUAGES}
            if any(isinstance(text, str) and text for text in texts.values()):
                return {language: text or None for language, text in texts.items()}
        for ref in referred(model, row):
            shown = self.show(ref)
            label = getattr(ref.model, "label", None)
            if shown and label in shown:
                texts = shown[label]
                return {language: texts[language] for language in LANGUAGES}
        return None


def referred(model: Any, row: Row) -> list[Ref]:
    """The rows that a row refers to, in the order of its fields."""
    values = (shown.read(row) for shown in shown_fields(model) if not shown.told_of_moves_only)
    return [value for value in values if isinstance(value, Ref)]
