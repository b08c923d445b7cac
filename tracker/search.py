"""Search in the texts of a record type: which columns, at what weight, by which index, in what order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case, DecimalField, Expression, Field, Func, Q, Value, When
from django.db.models.functions import Length, Round

RANK = "search_rank"
"""The annotation that a search is ordered by, largest first; a decimal number, never null."""
MOST_RANKED = 200
"""Up to how many records are told apart by where and how often they have the words: that reads each of their texts."""


def both(*names: str) -> tuple[str, ...]:
    """The columns of bilingual texts."""
    return tuple(f"{name}_{language}" for name in names for language in ("en", "ar"))


class SearchIndex(GinIndex):
    """Declares what is searched of a record, and finds it: what it is called by first, long texts last."""

    def __init__(
        self,
        *,
        name: str,
        label: Iterable[str] = (),
        names: Iterable[str] = (),
        notes: Iterable[str] = (),
        texts: Iterable[str] = (),
        **options: Any,
    ) -> None:
        self.columns = {
            weight: tuple(columns)
            for weight, columns in (("label", label), ("names", names), ("notes", notes), ("texts", texts))
        }
        expressions = [self.lexemes_of_label(), self.vector()] if self.columns["label"] else [self.vector()]
        super().__init__(*expressions, name=name, **options)

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, _expressions, kwargs = super().deconstruct()
        return path, (), {**kwargs, **{weight: columns for weight, columns in self.columns.items() if columns}}

    def lexemes_of_label(self) -> Expression:
        """The words of what a record is called by."""
        return Func(Texts(*self.columns["label"]), function="public.search_lexemes", output_field=VectorField())

    def vector(self) -> Expression:
        """The words of the whole record, with their weights."""
        texts = (Texts(*columns) for columns in self.columns.values())
        return Func(*texts, function="public.search_vector", output_field=VectorField())


class VectorField(Field):
    """What PostgreSQL searches in; nothing reads it."""

    def db_type(self, connection: Any) -> str:
        return "tsvector"


class Texts(Func):
    """Columns of text, and of lists of texts, as one list."""

    output_field = ArrayField(models.TextField())

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        terms, params = ["ARRAY[]::text[]"], []
        for each in self.get_source_expressions():
            sql, values = compiler.compile(each)
            terms.append(f"{sql}::text[]" if isinstance(each.output_field, ArrayField) else f"ARRAY[{sql}]::text[]")
            params += values
        return " || ".join(terms), tuple(params)


class Matches(Func):
    """Whether a vector has what a query looks for."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    arity = 2
    output_field = models.BooleanField()
    conditional = True


def index_of(model: type[models.Model]) -> SearchIndex | None:
    """What is searched of a model's rows; None where nothing is."""
    return next((index for index in model._meta.indexes if isinstance(index, SearchIndex)), None)


class Search:
    """The words that somebody looks for."""

    def __init__(self, words: str) -> None:
        # As a query of its own: not knowing what is in it, PostgreSQL takes the words for rare and reads the index. Of
        # a common word it would else compute the vectors of the whole table, which takes a thousand times as long.
        self.query = Func(
            Value(words), template="(SELECT public.search_query(%(expressions)s))", output_field=VectorField()
        )

    def among(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """The rows in whose texts all the words are found."""
        return rows.filter(self.has_words(rows.model, _index(rows.model).vector()))

    def has_words(self, model: type[models.Model], vector: Expression) -> Any:
        """The condition that a row's vector has the words; of the model's index."""
        return Matches(vector, self.query)

    def is_called(self, model: type[models.Model], vector: Expression) -> Any:
        """The same of one of the rows that were found, by the index too: to take all their names apart is dear."""
        return Q(pk__in=model._base_manager.filter(self.has_words(model, vector)).order_by().values("pk"))

    def ranked(self, found: models.QuerySet[Any], *, finely: bool) -> models.QuerySet[Any]:
        """The rows that were found with their rank: called by all the words, the shorter name before the longer; then
        the others, where ``finely`` is asked for by the weights and numbers of the words in them.
        """
        index = _index(found.model)
        others: Any = Value(0)
        if finely:
            others = Func(index.vector(), self.query, template="ts_rank('{0.02,0.1,0.3,1}', %(expressions)s)::numeric")
        label = index.columns["label"]
        if label:
            called = self.is_called(found.model, index.lexemes_of_label())
            nearness = Func(*map(Length, label), template="(1 + 1.0 / (1 + greatest(%(expressions)s)))")
            others = Case(When(called, then=nearness), default=others, output_field=DecimalField())
        # Rounded, so that it can be written down and compared again.
        rank = Round(others, precision=6, output_field=DecimalField())
        ranked: models.QuerySet[Any] = found.annotate(**{RANK: rank})
        return ranked


def is_few(found: models.QuerySet[Any]) -> bool:
    """Whether so few were found that each can be looked at."""
    return found.order_by().values("pk")[: MOST_RANKED + 1].count() <= MOST_RANKED


def _index(model: type[models.Model]) -> SearchIndex:
    index = index_of(model)
    if index is None:
        raise TypeError(f"{model._meta.label} declares no SearchIndex.")
    return index
