"""Values that Hypothesis draws for the columns of a model, as far as the column's type allows them."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from hypothesis import strategies as st

# What a text in JSON, in SQL or in a template may stumble over, among all that there is.
AWKWARD = st.sampled_from(
    ["%s", "%(x)s", "'", '"', "\\", "{}", "\u2028", "\x7f", "\t\n\r\b\f\x1b", "ﷺ", "بَيَان", "🏙️", "</script>"]
)
TEXTS = st.lists(AWKWARD | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8))


def values_of(field: models.Field[Any, Any]) -> st.SearchStrategy[Any] | None:
    """What the column may hold; None where chance should leave it alone."""
    if field.is_relation or field.primary_key or field.unique or isinstance(field, models.GeneratedField):
        return None
    found = _of_type(field)
    return st.none() | found if found is not None and field.null else found


def _of_type(field: Any) -> st.SearchStrategy[Any] | None:
    if isinstance(field, ArrayField):
        inner = _of_type(field.base_field)
        return st.lists(inner, max_size=3) if inner is not None else None
    if field.choices:
        listed = [value for value, _label in field.flatchoices]
        return st.sampled_from([*listed, ""] if field.blank else listed)
    if isinstance(field, (models.CharField, models.TextField)):
        most = field.max_length or 100
        return TEXTS.map(lambda pieces: "".join(pieces)[:most])
    if isinstance(field, models.DateTimeField):
        return st.datetimes(timezones=st.just(UTC))
    if isinstance(field, models.DateField):
        return st.dates()
    if isinstance(field, models.DecimalField):
        most = 10 ** (field.max_digits - field.decimal_places) - 1
        return st.decimals(-most, most, places=field.decimal_places, allow_nan=False)
    if isinstance(field, models.IntegerField):
        return st.integers(0, 30_000)
    return None


def columns_of(model: type[models.Model]) -> st.SearchStrategy[dict[str, Any]]:
    """Values for some of a model's columns."""
    known = {field.name: values_of(field) for field in model._meta.concrete_fields}
    return st.fixed_dictionaries({}, optional={name: values for name, values in known.items() if values is not None})
