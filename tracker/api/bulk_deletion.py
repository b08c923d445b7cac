"""Deleting records together that may refer to each other, but to which no others refer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import ProtectedError, RestrictedError

from tracker.api.database_errors import problem_from_referrers
from tracker.api.deletion import delete
from tracker.api.problem_types import Conflict, pointer, summary

Refusal = ProtectedError | RestrictedError


def delete_together(records: Sequence[Any]) -> None:
    """Delete all of the records, or raise a Conflict that points at those to which others refer."""
    try:
        delete(records)
    except (ProtectedError, RestrictedError):
        # Nothing was deleted yet: Django asks who refers to the rows before it writes.
        _delete_in_turn(records)


def _delete_in_turn(records: Sequence[Any]) -> None:
    """Delete those first that refer to others of the list."""
    model = type(records[0])
    rows = {record.pk: record for record in records}
    waiting = {record.pk: index for index, record in enumerate(records)}
    refused: dict[int, Refusal] = {}
    tried: set[int] = set()
    stack = [record.pk for record in reversed(records)]
    while stack:
        pk = stack[-1]
        if pk not in waiting:
            stack.pop()
            continue
        try:
            delete([rows[pk]])
        except (ProtectedError, RestrictedError) as exc:
            referrers = [row.pk for row in _referrers(exc) if isinstance(row, model)]
            if pk not in tried and len(referrers) == len(_referrers(exc)) and waiting.keys() >= set(referrers):
                tried.add(pk)
                stack += referrers
                continue
            refused[waiting[pk]] = exc
        del waiting[pk]
    if refused:
        errors = [error for index in sorted(refused) for error in _errors(index, refused[index])]
        raise Conflict(summary(errors), "protected", errors=errors)


def _referrers(exc: Refusal) -> list[Any]:
    return list(exc.protected_objects if isinstance(exc, ProtectedError) else exc.restricted_objects)


def _errors(index: int, exc: Refusal) -> list[dict[str, Any]]:
    return [{"pointer": pointer((index,)), **error} for error in problem_from_referrers(exc).errors]
