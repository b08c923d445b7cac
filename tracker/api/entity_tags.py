"""Entity tags (RFC 9110, 8.8.3) made of revision numbers, and the preconditions that save reads and updates by them.

A tag names the revision that a representation was read at, and what else it depends on: who reads, as what media type,
in which language, on which day. ``If-Match`` holds if the record has not changed since that revision, whatever else
has. A tag of the past (``as_of``) permits no write: its reader has not seen the present.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

from django.conf import settings
from django.http import HttpResponseNotModified
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework.request import Request

from tracker.api.problem_types import Problem
from tracker.history.time_travel import current_revision
from tracker.history.versions import last_revision_of

TAG = re.compile(r'"(\d{1,18})-[0-9a-f]{8}"')
WEAK = "W/"
OWED = "precondition_required"
MOVED_ON = "precondition_failed"


def tag_of(request: Request, revision: int) -> str:
    """The strong tag of what a request is answered with, at a revision."""
    user = request.user
    on = (user.pk, user.is_staff, getattr(request, "accepted_media_type", ""), get_language(), timezone.now().date())
    variant = zlib.crc32("\n".join(map(str, on)).encode())
    then = "-past" if "as_of" in request.query_params else ""
    return f'"{revision}{then}-{variant:08x}"'


def not_modified(request: Request, tag: str) -> HttpResponseNotModified | None:
    """The answer to a reader whose ``If-None-Match`` names the tag of what they would get; None where it does not."""
    given = _listed(request.headers.get("If-None-Match"))
    if "*" in given or tag in (each.removeprefix(WEAK) for each in given):
        return HttpResponseNotModified(headers={"ETag": tag})
    return None


def check_precondition(request: Request, record: Any) -> None:
    """Refuse the write with 412 if the record has moved on since ``If-Match``, and with 428 if that is owed.

    The caller holds the record's lock.
    """
    given = request.headers.get("If-Match")
    if given is None:
        if settings.TRACKER_REQUIRE_IF_MATCH:
            raise Problem(_("Send If-Match with the record's ETag, so that no other change is lost."), OWED)
        return
    last = last_revision_of(record)
    if not has_seen(given, last, current_revision()):
        tag = tag_of(request, last)
        raise Problem(moved_on(tag), MOVED_ON, headers={"ETag": tag})


def moved_on(tag: str) -> str:
    """What a writer is told who has not seen the record's last change."""
    return _("The record has changed since you read it. Read it again; its ETag is now %(tag)s.") % {"tag": tag}


def has_seen(given: str, last: int, current: int) -> bool:
    """Whether ``given``, as in ``If-Match``, names a revision that is not older than the record's last.

    Weak tags never match (RFC 9110, 13.1.1), nor do tags of revisions after the registry's current one.
    """
    tags = _listed(given)
    named = [int(match[1]) for tag in tags if (match := TAG.fullmatch(tag))]
    return "*" in tags or any(last <= number <= current for number in named)


def _listed(header: str | None) -> list[str]:
    return [tag.strip() for tag in (header or "").split(",")]
