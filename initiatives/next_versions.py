"""The next version of a published record: a change that waits for its review, written and carried out as a PATCH."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _
from rest_framework.serializers import ValidationError

from initiatives.models import NextVersion
from initiatives.models.publication import is_curator
from tracker.api import collections
from tracker.api.problem_types import Conflict
from tracker.api.projection import projection_of


class InState:
    """A record as permissions look at it, with the state of its next version in place of its own."""

    def __init__(self, record: Any, state: str) -> None:
        self._meta = record._meta
        self.owner_id = record.owner_id
        self.state = state


def pending(record: Any, *, for_change: bool = False) -> NextVersion | None:
    """The next version that a record has, locked until the end of the transaction if it is to change."""
    rows = NextVersion.objects.filter(content_type=ContentType.objects.get_for_model(type(record)), object_id=record.pk)
    return (rows.select_for_update(of=("self",)) if for_change else rows).first()


def propose(record: Any, changes: Any, request: Any) -> NextVersion:
    """Write what the record is to become, in place of an earlier proposal. Raises ValidationError as a PATCH would."""
    if not isinstance(changes, Mapping):
        raise ValidationError({"non_field_errors": [_("Expected an object with the fields that are to change.")]})
    if not changes:
        raise ValidationError({"non_field_errors": [_("Name at least one field that is to change.")]}, "empty")
    _serializer(record, changes, request).is_valid(raise_exception=True)
    version = pending(record, for_change=True) or NextVersion(record=record)
    version.changes = dict(changes)
    version.before = shown(record, changes, request.user)
    version.author = request.user
    version.save()
    return version


def apply(version: NextVersion, record: Any, by: Any) -> None:
    """Make the record what its next version says. Raises Conflict where one of these fields has changed since."""
    now = shown(record, version.changes, by)
    moved = [name for name in version.changes if now.get(name) != version.before.get(name)]
    if moved:
        message = _("The record has changed since its next version was written: %(fields)s. Write that anew.")
        raise Conflict(message % {"fields": ", ".join(moved)})
    serializer = _serializer(record, version.changes, SimpleNamespace(user=by))
    serializer.is_valid(raise_exception=True)
    serializer.save()


def shown(record: Any, fields: Collection[str], user: Any) -> dict[str, Any]:
    """What the record says now in some of its fields, with addresses that name no host."""
    serializer_class = collections.viewset_of(type(record)).serializer_class
    whole: dict[str, Any] = json.loads(projection_of(serializer_class, user).read([record.pk], "", user)[0])
    return {name: whole[name] for name in fields if name in whole}


def _serializer(record: Any, changes: Mapping[str, Any], request: Any) -> Any:
    serializer_class = collections.viewset_of(type(record)).serializer_class
    own = not is_curator(request.user)
    return serializer_class(record, data=dict(changes), partial=True, context={"request": request, "own": own})
