"""Strict JSON: what arrives means one thing only and can be stored, or it is refused with its place."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import IO, Any, Never

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from tracker.api.problem_types import Problem, pointer

MAX_DEPTH = 64
# Wider than any column of a database, narrow enough that arithmetic on it costs nothing.
MAX_DIGITS = 40
MAX_EXPONENT = 308

BYTE_ORDER_MARK = "\ufeff"
# The closing quote is optional so that an unterminated string is scanned once, not once for each quote in it.
STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
NOT_BRACKETS = re.compile(r"[^\[\]{}]+")
# Inside a JSON text, NUL and lone surrogates can only be written as escapes.
SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# Python's own messages, so that they can be said in the language of the request.
SYNTAX_MESSAGES = {
    "Expecting value": gettext_lazy("A value is expected here."),
    "Expecting property name enclosed in double quotes": gettext_lazy("A name in double quotes is expected here."),
    "Expecting ':' delimiter": gettext_lazy("A colon is expected here."),
    "Expecting ',' delimiter": gettext_lazy("A comma or a closing bracket is expected here."),
    "Extra data": gettext_lazy("Nothing may follow the end of the document."),
    "Unterminated string starting at": gettext_lazy("The string that starts here has no end."),
    "Invalid control character at": gettext_lazy("A control character in a string must be escaped."),
    "Invalid \\escape": gettext_lazy("There is no such escape."),
    "Invalid \\uXXXX escape": gettext_lazy("\\u is followed by four hexadecimal digits."),
    "Illegal trailing comma before end of object": gettext_lazy("A comma may not stand before a closing bracket."),
    "Illegal trailing comma before end of array": gettext_lazy("A comma may not stand before a closing bracket."),
}


@dataclass(frozen=True)
class Flaw:
    """Stands in the parsed document where something was that JSON can say but the API cannot take."""

    code: str
    detail: str
    name: str | None = None


class StrictJSONParser(JSONParser):
    """`application/json`, read so that nothing is lost, doubled or unstorable; fractions become Decimal.

    Stays a subclass of DRF's parser: Django's body size limit is applied to those only.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The document in `stream`, or a problem that says where it is wrong."""
        return parse_json(stream.read())


def parse_json(body: bytes) -> Any:
    """A JSON document from its bytes; raises Problem, and nothing else, when it is not acceptable."""
    text = _decoded(body)
    _refuse_depth(text)
    flaws: list[Flaw] = []
    reader = _Reader(flaws)
    try:
        document = json.loads(
            text,
            object_pairs_hook=reader.members,
            parse_float=reader.fraction,
            parse_int=reader.whole,
            parse_constant=reader.constant,
        )
    except json.JSONDecodeError as exc:
        _refuse_syntax(exc)
    if flaws or SUSPECT_ESCAPE.search(text):
        _refuse_first_flaw(document)
    return document


def require_body(request: Request) -> None:
    """Refuse a write that says nothing; DRF would take a missing body for an empty object."""
    if not request.META.get("CONTENT_LENGTH") or request.META["CONTENT_LENGTH"] == "0":
        raise _empty()


class _Reader:
    """Hooks for json.loads which replace what is not acceptable by a Flaw, to be located afterwards."""

    def __init__(self, flaws: list[Flaw]) -> None:
        self.flaws = flaws

    def members(self, pairs: list[tuple[str, Any]]) -> Any:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        counts = Counter(name for name, _value in pairs)
        name = next(name for name in counts if counts[name] > 1)
        return self._flaw("duplicate_key", _("This name is given more than once in the same object."), name)

    def fraction(self, literal: str) -> Any:
        try:
            number = Decimal(literal)
        except InvalidOperation:
            return self._out_of_range()
        in_range = len(number.as_tuple().digits) <= MAX_DIGITS and abs(number.adjusted()) <= MAX_EXPONENT
        return number if in_range else self._out_of_range()

    def whole(self, literal: str) -> Any:
        return int(literal) if len(literal.lstrip("-")) <= MAX_DIGITS else self._out_of_range()

    def constant(self, literal: str) -> Flaw:
        return self._flaw("not_a_number", _("%(literal)s is not JSON; use null.") % {"literal": literal})

    def _out_of_range(self) -> Flaw:
        detail = _("The number is too large or has more than %(digits)d digits.") % {"digits": MAX_DIGITS}
        return self._flaw("number_out_of_range", detail)

    def _flaw(self, code: str, detail: str, name: str | None = None) -> Flaw:
        flaw = Flaw(code, detail, name)
        self.flaws.append(flaw)
        return flaw


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as exc:
        detail = _("The body is not UTF-8: byte %(position)d is wrong.") % {"position": exc.start}
        _refuse("not_utf8", detail)
    if text.startswith(BYTE_ORDER_MARK):
        _refuse("byte_order_mark", _("The body must start without a byte order mark."))
    if not text.strip():
        raise _empty()
    return text


def _refuse_depth(text: str) -> None:
    """Refuse deep nesting before Python's recursive parser sees it."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in NOT_BRACKETS.sub("", STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            detail = _("The body is nested more than %(depth)d levels deep.") % {"depth": MAX_DEPTH}
            _refuse("too_deep", detail)


def _refuse_syntax(exc: json.JSONDecodeError) -> Never:
    place = _("Line %(line)d, column %(column)d:") % {"line": exc.lineno, "column": exc.colno}
    reason = SYNTAX_MESSAGES.get(exc.msg, SYNTAX_MESSAGES["Expecting value"])
    _refuse("invalid_json", f"{place} {reason}")


def _refuse_first_flaw(document: Any) -> None:
    for path, value in _walk(document):
        if isinstance(value, Flaw):
            _refuse(value.code, value.detail, (*path, value.name) if value.name is not None else path)
        if isinstance(value, str) and (found := UNSTORABLE.search(value)):
            code, detail = _unstorable(found.group())
            _refuse(code, detail, path)


def _walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every name and value of a document with its path; names come with the path of their object."""
    yield path, value
    if isinstance(value, dict):
        for key, member in value.items():
            yield path, key
            yield from _walk(member, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))


def _unstorable(character: str) -> tuple[str, str]:
    if character == "\x00":
        return "nul_character", _("A text may not contain the character U+0000.")
    return "lone_surrogate", _("A text may not contain half of a surrogate pair.")


def _refuse(code: str, detail: str, path: tuple[str | int, ...] = ()) -> Never:
    # A name may itself hold what cannot be written back, such as half of a surrogate pair.
    place = pointer(str(step).encode("utf-8", "replace").decode() for step in path)
    raise Problem(detail, "parse_error", errors=[{"pointer": place, "code": code, "detail": detail}])


def _empty() -> Problem:
    return Problem(_("The body is empty: send a JSON document."), "empty_body")
