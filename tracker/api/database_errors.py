"""What PostgreSQL refuses, in words for the client: constraint violations, bad values, outages."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from django.apps import apps
from django.db import DataError, InterfaceError, OperationalError, models
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from tracker.api.problem_types import Conflict, Problem, model_field_path, pointer, summary

# How many of the records that stand in the way of a deletion are named.
NAMED_REFERRERS = 20

UNIQUE_VIOLATION = "23505"
EXCLUSION_VIOLATION = "23P01"
NOT_NULL_VIOLATION = "23502"
CHECK_VIOLATION = "23514"
RAISED_BY_TRIGGER = "P0001"
# PostgreSQL 18 reports ON DELETE RESTRICT as 23001 and every other foreign key as 23503.
REFERENCE_VIOLATIONS = ("23503", "23001")
RETRY_AT_ONCE = ("40001", "40P01", "55P03")
BAD_VALUE_CLASS = "22"
QUERY_CANCELED = "57014"
OUTAGE_CLASSES = ("08", "53", "57")
# Psycopg itself refuses what PostgreSQL cannot hold, such as NUL characters, before it is sent.
REFUSED_BY_DRIVER = (DataError, psycopg.DataError)
# Nobody answered, so that there is no SQLSTATE; a pool that has run dry is among these.
NOT_CONNECTED = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


def problem_from_database(exc: BaseException) -> Problem | None:
    """The problem that a database error amounts to, or None when the fault is the server's own."""
    # Django wraps psycopg's error, which alone knows the SQLSTATE and the constraint.
    cause = exc if hasattr(exc, "sqlstate") else exc.__cause__
    state = getattr(cause, "sqlstate", None) or ""
    if state in (UNIQUE_VIOLATION, EXCLUSION_VIOLATION):
        return _violation(cause, Conflict, "unique" if state == UNIQUE_VIOLATION else "overlap")
    if state in REFERENCE_VIOLATIONS:
        return Conflict(_("Other records refer to this one, or it refers to one that is gone."))
    if state == NOT_NULL_VIOLATION:
        return _violation(cause, Problem, "null")
    if state in (CHECK_VIOLATION, RAISED_BY_TRIGGER):
        return _violation(cause, Problem, "check")
    if state in RETRY_AT_ONCE:
        return Problem(
            _("Another request changed the same records at the same time. Send yours again."),
            "conflict_retry",
            headers={"Retry-After": "1"},
        )
    if state[:2] == BAD_VALUE_CLASS or (not state and isinstance(exc, REFUSED_BY_DRIVER)):
        return Problem(_("A value is out of range or not of a kind that can be stored."), "invalid")
    if state == QUERY_CANCELED:
        return Problem(
            _(
                "To find the answer takes the database longer than it may. Ask for less: a filter, fewer words, a "
                "smaller limit or offset, no count (count=none), or walk by cursor."
            ),
            "too_expensive",
        )
    if state[:2] in OUTAGE_CLASSES or (not state and isinstance(exc, NOT_CONNECTED)):
        return Problem(
            _("The database does not answer. Try again in a few seconds."),
            "unavailable",
            headers={"Retry-After": "5"},
        )
    return None


def problem_from_referrers(exc: ProtectedError | RestrictedError) -> Problem:
    """A refused deletion, naming the records that still refer to what was to go."""
    objects: Iterable[models.Model]
    objects = exc.protected_objects if isinstance(exc, ProtectedError) else exc.restricted_objects
    referrers = sorted(objects, key=lambda record: (record._meta.label, record.pk))
    errors = [_referrer(record) for record in referrers[:NAMED_REFERRERS]]
    detail = _("%(count)d other records refer to this one; the first %(named)d are listed.") % {
        "count": len(referrers),
        "named": len(errors),
    }
    return Conflict(summary(errors) if len(referrers) == 1 else detail, "protected", errors=errors)


def _referrer(record: models.Model) -> dict[str, Any]:
    kind = record._meta.verbose_name
    detail = _("The %(kind)s “%(name)s” refers to this record.") % {"kind": kind, "name": record}
    address = getattr(record, "get_absolute_url", None)
    found = {"code": "protected", "detail": detail}
    return {**found, "url": address()} if address else found


def _violation(cause: Any, raised: type[Problem], code: str) -> Problem:
    """The problem for a broken constraint, pointing at the fields that it is about."""
    diagnosis = cause.diag
    model = _model_of(diagnosis.table_name)
    constraint = _constraint_named(diagnosis.constraint_name)
    names = _fields_of(constraint, model, diagnosis)
    message = _own_message(constraint) or _message(code, names, diagnosis)
    own_code = constraint.violation_error_code if constraint is not None else None
    paths = [pointer(model_field_path(name)) for name in names] or [pointer()]
    errors = [{"pointer": path, "code": own_code or code, "detail": message} for path in paths]
    return raised(message, "conflict" if raised is Conflict else "invalid", errors=errors)


def _message(code: str, names: list[str], diagnosis: Any) -> str:
    listed = ", ".join(names)
    if code == "unique":
        return _("Another record already has this value: %(fields)s.") % {"fields": listed or diagnosis.constraint_name}
    if code == "overlap":
        return _("The period overlaps that of another record.")
    if code == "null":
        return _("A value is required: %(fields)s.") % {"fields": listed}
    if diagnosis.constraint_name and diagnosis.constraint_name in (diagnosis.message_primary or ""):
        return _("The values break the rule “%(rule)s”.") % {"rule": diagnosis.constraint_name}
    # A trigger of ours wrote this sentence: its text is a msgid like any other.
    return _(diagnosis.message_primary)


def _own_message(constraint: models.BaseConstraint | None) -> str | None:
    """The sentence that a constraint declares for people, where it declares one."""
    if constraint is None or constraint.violation_error_message == constraint.default_violation_error_message:
        return None
    return str(constraint.get_violation_error_message())


def _constraint_named(name: str | None) -> models.BaseConstraint | None:
    if not name:
        return None
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return constraint
    return None


def _model_of(table: str | None) -> type[models.Model] | None:
    return next((model for model in apps.get_models() if model._meta.db_table == table), None)


def _fields_of(constraint: models.BaseConstraint | None, model: type[models.Model] | None, diagnosis: Any) -> list[str]:
    """Names of the fields that a violated constraint is about."""
    if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
        return list(constraint.fields)
    if isinstance(constraint, models.CheckConstraint):
        return list(dict.fromkeys(_named_in(constraint.condition)))
    columns = [diagnosis.column_name] if diagnosis.column_name else []
    if not columns and diagnosis.message_detail:
        # "Key (slug, kind)=(a, b) already exists." The column names read the same in every server language.
        listed = re.search(r"\(([\w, ]+)\)=\(", diagnosis.message_detail)
        columns = listed.group(1).split(", ") if listed else []
    by_column = {field.column: field.name for field in model._meta.concrete_fields} if model else {}
    return [by_column.get(column, column) for column in columns]


def _named_in(condition: Any) -> Iterator[str]:
    """Fields on the left side of each comparison in a check: those a reader would call wrong."""
    for child in condition.children if isinstance(condition, models.Q) else ():
        if isinstance(child, models.Q):
            yield from _named_in(child)
        elif isinstance(child, tuple):
            yield child[0].partition("__")[0]
