"""Lists as one stream, of any length in constant memory: lines of JSON, or a table for spreadsheets.

All of it is read in one snapshot. The ids come from a cursor on the server, a chunk at a time; PostgreSQL writes the
records of each chunk.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from django.db import connection, models, transaction
from django.http import StreamingHttpResponse
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from tracker.api.fields import LANGUAGES, AnyReferenceField, LanguageMapField
from tracker.ops.statements import export_timeout

CHUNK = 500
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# What a spreadsheet would take for a formula (OWASP: CSV injection); in some languages also in full width.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Without it, spreadsheets read Arabic in UTF-8 as something else.
BYTE_ORDER_MARK = "\ufeff"

Texts = Callable[[Sequence[int]], list[str]]
Read = Callable[[Mapping[str, Any]], Any]


class LinesRenderer(JSONRenderer):
    """One record a line (NDJSON); JSON has no line breaks of its own."""

    media_type = "application/x-ndjson"
    format = "ndjson"


class TableRenderer(JSONRenderer):
    """A table in CSV (RFC 4180), UTF-8."""

    media_type = "text/csv"
    format = "csv"


EXPORTS = (LinesRenderer, TableRenderer)


def batches(
    rows: models.QuerySet[Any], write: Texts, travel: Callable[[], AbstractContextManager[Any]]
) -> Iterator[list[str]]:
    """The texts of all rows, in their order, as ``write`` makes them of some ids at a time.

    ``travel`` opens the moment of which the rows are; what is read here is read after the view has answered.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; {export_timeout()}")
        with travel():
            pks: list[int] = []
            for pk in rows.values_list("pk", flat=True).iterator(chunk_size=CHUNK):
                pks.append(pk)
                if len(pks) == CHUNK:
                    yield write(pks)
                    pks = []
            if pks:
                yield write(pks)


class Table:
    """The columns of a serializer's fields: one for each language of a text, references by slug, parts as JSON."""

    def __init__(self, serializer: Any) -> None:
        self.columns = [column for name, field in serializer.fields.items() for column in _columns(name, field)]

    def of(self, batches: Iterable[list[str]]) -> Iterator[str]:
        """The table, the names of its columns first."""
        yield BYTE_ORDER_MARK + _lines([[name for name, _read in self.columns]])
        for texts in batches:
            yield _lines(self._cells(json.loads(text)) for text in texts)

    def _cells(self, record: Mapping[str, Any]) -> list[str]:
        return [_cell(read(record)) for _name, read in self.columns]


def _columns(name: str, field: Any) -> Iterator[tuple[str, Read]]:
    if isinstance(field, LanguageMapField):
        for language in LANGUAGES:
            yield f"{name}_{language}", partial(_in_language, name, language)
    elif isinstance(field, AnyReferenceField):
        yield name, lambda record: _address(record[name])
    elif isinstance(field, serializers.RelatedField):
        yield name, lambda record: record[name] and record[name]["slug"]
    elif isinstance(field, serializers.ManyRelatedField):
        yield name, lambda record: " ".join(each["slug"] for each in record[name])
    else:
        yield name, lambda record: record[name]


def _in_language(name: str, language: str, record: Mapping[str, Any]) -> Any:
    return record[name][language]


def _address(reference: Mapping[str, Any] | None) -> str | None:
    return f"{reference['collection']}/{reference['slug']}" if reference else None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def _lines(rows: Iterable[Sequence[str]]) -> str:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()


def _objects(batches: Iterable[list[str]]) -> Iterator[str]:
    for texts in batches:
        yield "".join(f"{text}\n" for text in texts)


def export(batches: Iterator[list[str]], renderer: Any, serializer: Any, name: str) -> StreamingHttpResponse:
    """Records of JSON as an answer in the renderer's form, to be saved under the name of their collection."""
    pieces = Table(serializer).of(batches) if isinstance(renderer, TableRenderer) else _objects(batches)
    disposition = f'attachment; filename="{name}.{renderer.format}"'
    content_type = f"{renderer.media_type}; charset=utf-8"
    return StreamingHttpResponse(
        (piece.encode() for piece in pieces), content_type=content_type, headers={"Content-Disposition": disposition}
    )
