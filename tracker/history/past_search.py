"""Search in the past, which has no index: by that of the present, for all rows that have not changed since."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Case, Expression, F, When
from django.db.models.expressions import RawSQL

from tracker.search import Matches, Search

CHANGED_SINCE = """
SELECT change.object_id
FROM public.history_change change JOIN public.history_revision revision ON revision.id = change.revision_id
WHERE change.table_name = %s AND revision.number > %s
"""


class PastSearch(Search):
    """The words that somebody looks for in the registry as a revision left it."""

    def __init__(self, words: str, number: int) -> None:
        super().__init__(words)
        self.number = number

    def has_words(self, model: type[models.Model], vector: Expression) -> Any:
        changed = RawSQL(CHANGED_SINCE, [model._meta.db_table, self.number])  # noqa: S611 (all values are parameters)
        return Case(
            When(IsAmong(F("pk"), changed), then=Matches(vector, self.query)),
            default=IsAmong(F("pk"), self._in_the_present(model, vector)),
            output_field=models.BooleanField(),
        )

    def is_called(self, model: type[models.Model], vector: Expression) -> Any:
        return self.has_words(model, vector)

    def _in_the_present(self, model: type[models.Model], vector: Expression) -> RawSQL:
        """The rows that have the words now: of the table itself, whatever the search path leads to."""
        matching = model._base_manager.filter(Matches(vector, self.query)).order_by().values("pk")
        sql, params = matching.query.sql_with_params()
        table = f'"{model._meta.db_table}"'
        return RawSQL(sql.replace(f"FROM {table}", f"FROM public.{table}", 1), params)  # noqa: S611 (made by Django)


class IsAmong(Matches):
    """Whether a value is one of those that a query finds."""

    arg_joiner = " IN "
