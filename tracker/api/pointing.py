"""Refusals that point into the body at what they are about: an item of a list, a part of a record."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.db import DatabaseError
from django.db.models import ProtectedError, RestrictedError
from rest_framework.exceptions import APIException

from tracker.api.problem_types import Problem, pointer
from tracker.api.problems import to_problem

REFUSALS = (APIException, DatabaseError, ProtectedError, RestrictedError)


@contextmanager
def pointing_at(*path: str | int, besides: Collection[str] = ()) -> Iterator[None]:
    """Let a refusal point below this place, and not at the members ``besides``, which the body does not have."""
    try:
        yield
    except REFUSALS as refused:
        problem = _problem(refused)
        absent = {pointer((name,)) for name in besides}
        problem.errors = [error for error in problem.errors if error.get("pointer") not in absent] or problem.errors
        for error in problem.errors:
            inside = str(error.get("pointer", "#"))
            error["pointer"] = pointer(path) + ("" if inside in absent else inside.removeprefix("#"))
        raise problem from refused


@contextmanager
def pointing_at_the_list() -> Iterator[None]:
    """Let a refusal point at the list as a whole, whose items only the database can tell apart."""
    try:
        yield
    except REFUSALS as refused:
        problem = _problem(refused)
        for error in problem.errors:
            error["pointer"] = pointer()
        raise problem from refused


def _problem(refused: Any) -> Problem:
    problem = to_problem(refused)
    if problem is None or problem.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise refused
    return problem
