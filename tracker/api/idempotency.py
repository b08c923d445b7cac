"""``Idempotency-Key``: a POST that is sent again gets the answer of the first, and writes nothing more.

After draft-ietf-httpapi-idempotency-key-header. A key belongs to its user for 24 hours. Whoever comes while the first
is still running waits for its transaction; the answer is kept in that very transaction, so that a crash leaves neither.
Only answers to writes are kept: a refusal wrote nothing, and its key is free for another attempt, corrected or not. A
dry run wrote nothing either. An answer that holds a secret is not kept; a retry is told that the first one succeeded.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import is_success
from rest_framework.utils.encoders import JSONEncoder

from tracker.api.models import IdempotencyKey
from tracker.api.problem_types import Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("Location", "ETag", "X-Revision")
# As many as a keyed request sweeps away on its way, so that the table needs no care.
SWEPT = 100


def key_of(request: Request) -> str | None:
    """The key that a request is sent under; None where it has none or would write nothing."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or request.query_params.get("dry_run") == "true":
        return None
    if not KEY.fullmatch(key):
        raise Problem(_("Idempotency-Key has 1 to 255 visible ASCII characters, such as a UUID."), "invalid_header")
    if not request.user.is_authenticated:
        raise Problem(_("Idempotency-Key is for those who have signed in."), "invalid_header")
    return key


def answered_once(
    request: Request, key: str, write: Callable[[], HttpResponseBase], *, holds_secret: bool
) -> HttpResponseBase:
    """The answer of ``write``, or of the request that was sent under the same key before."""
    user: Any = request.user
    digest = hashlib.sha256(key.encode()).hexdigest()
    fingerprint = _fingerprint(request)
    with transaction.atomic():
        _wait_for_twins(request, digest)
        first = IdempotencyKey.objects.living().filter(user=user, digest=digest).first()
        if first is not None:
            return _replay(first, fingerprint)
        answer = write()
        if isinstance(answer, Response) and is_success(answer.status_code):
            _keep(answer, holds_secret, IdempotencyKey(user=user, digest=digest, fingerprint=fingerprint))
    return answer


def _fingerprint(request: Request) -> str:
    """What makes two requests the same: method, address and the meaning of the body, however it is spelled."""
    body = json.dumps(request.data, sort_keys=True, cls=JSONEncoder)
    text = "\n".join([request.method or "", request.get_full_path(), body])
    return hashlib.sha256(text.encode()).hexdigest()


def _wait_for_twins(request: Request, digest: str) -> None:
    """Let no two requests of one key run at once; a lock of the transaction ends with it, however that ends."""
    with connection.cursor() as cursor:
        name = f"idempotency:{request.user.pk}:{digest}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _keep(answer: Response, holds_secret: bool, row: IdempotencyKey) -> None:
    row.status = answer.status_code
    row.headers = {name: answer[name] for name in KEPT_HEADERS if answer.has_header(name)}
    row.body = None if holds_secret else json.dumps(answer.data, cls=JSONEncoder)
    # An expired row of the same key may still be there.
    IdempotencyKey.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["user", "digest"],
        update_fields=["fingerprint", "status", "headers", "body", "created_at"],
    )
    IdempotencyKey.objects.sweep(SWEPT)


def _replay(first: IdempotencyKey, fingerprint: str) -> Response:
    if first.fingerprint != fingerprint:
        detail = _("This Idempotency-Key was sent with another request. Take a new key for each new request.")
        raise Problem(detail, "idempotency_key_reused")
    headers = {**first.headers, REPLAYED: "true"}
    if first.body is None:
        detail = _("The first request succeeded; its answer held a secret, which is shown once and not kept.")
        raise Problem(detail, "answer_not_kept", headers=headers)
    return Response(json.loads(first.body), first.status, headers=headers)
