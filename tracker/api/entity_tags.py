"""Entity tags (RFC 9110, 8.8.3) made of revision numbers, and the precondition that keeps updates from being lost.

A tag names the revision that a representation was read at, and who read it as what: the same number may show an
anonymous reader less. ``If-Match`` holds if the record has not changed since that revision, whatever else has.
"""

from __future__ import annotations

import re
import zlib
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.request import Request

from tracker.api.problem_types import Problem
from tracker.history.versions import last_revision_of

TAG = re.compile(r'"(\d{1,18})-[0-9a-f]{8}"')


def tag_of(request: Request, revision: int) -> str:
    """The strong tag of what a request is answered with, at a revision."""
    variant = f"{request.user.pk}\n{getattr(request, 'accepted_media_type', '')}"
    return f'"{revision}-{zlib.crc32(variant.encode()):08x}"'


def check_precondition(request: Request, record: Any) -> None:
    """Refuse the write with 412 if the record has moved on since ``If-Match``, and with 428 if that is owed.

    The caller holds the record's lock. Weak tags never match (RFC 9110, 13.1.1).
    """
    given = request.headers.get("If-Match")
    if given is None:
        if settings.TRACKER_REQUIRE_IF_MATCH:
            detail = _("Send If-Match with the record's ETag, so that no other change is lost.")
            raise Problem(detail, "precondition_required", status=HTTPStatus.PRECONDITION_REQUIRED)
        return
    if given.strip() == "*":
        return
    last = last_revision_of(record)
    named = [int(match[1]) for part in given.split(",") if (match := TAG.fullmatch(part.strip()))]
    if not any(number >= last for number in named):
        detail = _("The record has changed since you read it. Read it again; its ETag is now %(tag)s.")
        raise Problem(
            detail % {"tag": tag_of(request, last)},
            "precondition_failed",
            status=HTTPStatus.PRECONDITION_FAILED,
            headers={"ETag": tag_of(request, last)},
        )
