"""Expressions for exclusion constraints that need no extension.

GiST compares ranges out of the box but plain numbers only with ``btree_gist``; a number becomes the range that holds
just itself, a text the number that it hashes to.
"""

from __future__ import annotations

from django.contrib.postgres.fields import BigIntegerRangeField, DateRangeField
from django.db.models import BigIntegerField, F, Func, Value
from django.db.models.functions import Coalesce, NullIf


def same_number(field: str) -> Func:
    """The range that holds only the number in ``field``; no number counts as 0, which no row has for its id."""
    number = Coalesce(F(field), Value(0), output_field=BigIntegerField())
    return Func(number, number, Value("[]"), function="int8range", output_field=BigIntegerRangeField())


def same_text(field: str) -> Func:
    """The range that holds only the hash of the bilingual text ``field``, taken in English or else in Arabic."""
    text = Coalesce(NullIf(F(f"{field}_en"), Value("")), F(f"{field}_ar"))
    number = Func(text, Value(0), function="hashtextextended", output_field=BigIntegerField())
    return Func(number, number, Value("[]"), function="int8range", output_field=BigIntegerRangeField())


def same_choice(field: str) -> Func:
    """The range that holds only the hash of the text in ``field``."""
    number = Func(F(field), Value(0), function="hashtextextended", output_field=BigIntegerField())
    return Func(number, number, Value("[]"), function="int8range", output_field=BigIntegerRangeField())


def date_span(start: str, end: str) -> Func:
    """The days from ``start`` to ``end``, both included; open-ended where a date is missing."""
    return Func(F(start), F(end), Value("[]"), function="daterange", output_field=DateRangeField())
