"""Indexes that migrations build while others write; what an attempt left that was broken off is done anew."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently


class AddIndexBesideWriters(AddIndexConcurrently):
    """Index a table while others write to it. Its migration says ``atomic = False``."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        # An index that a broken build left is of no use, and in the way.
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddSearchIndex(AddIndexBesideWriters):
    """The same of a search index."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        # Statistics of the words would cost ANALYZE more than all else, and no search asks for them.
        name = schema_editor.quote_name(self.index.name)
        for column, _expression in enumerate(self.index.expressions, start=1):
            schema_editor.execute(f"ALTER INDEX {name} ALTER COLUMN {column} SET STATISTICS 0")
