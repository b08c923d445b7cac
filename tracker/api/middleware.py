"""The API's door: refuses what no view could read, and answers as a problem what fails around the views."""

import codecs
import re
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from urllib.parse import unquote_plus, unquote_to_bytes

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from tracker.api.charset import ENVIRON_KEY
from tracker.api.problem_types import InvalidParameters, Problem
from tracker.api.problems import bad_request, is_api_request, not_found, problem_response, to_problem

BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
READABLE_CHARSETS = ("utf-8", "ascii")


class RequestGuard:
    """Stands behind LocaleMiddleware, so that its refusals are in the client's language, and before all else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            refuse_unreadable(request)
        except Http404 as exc:
            return not_found(request, exc)
        except (Problem, SuspiciousOperation, BadRequest) as exc:
            return bad_request(request, exc)
        response = self.get_response(request)
        if _is_debug_page(request, response):
            return not_found(request, Http404())
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Catch what DRF cannot: a connection refused before a view, a constraint that fires at commit."""
        problem = to_problem(exception) if is_api_request(request) else None
        return problem_response(problem) if problem is not None else None


def refuse_unreadable(request: HttpRequest) -> None:
    """Raise for a path, query or body which Django, DRF or PostgreSQL would stumble over later."""
    if "\x00" in request.path_info:
        raise Http404
    _check_charset(request)
    _check_query(request)
    _check_length(request)


def _check_charset(request: HttpRequest) -> None:
    charset = request.META.get(ENVIRON_KEY) or (request.content_params or {}).get("charset", "utf-8")
    try:
        known = codecs.lookup(charset).name in READABLE_CHARSETS
    except (LookupError, ValueError):
        known = False
    if not known:
        raise Problem(_("The only charset is UTF-8."), "unsupported_media_type")


def _check_query(request: HttpRequest) -> None:
    raw = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    if not raw:
        return
    pairs = raw.split(b"&")
    if len(pairs) > settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
        raise TooManyFieldsSent
    refused = {}
    for pair in pairs:
        reason = _flaw_of(pair)
        if reason:
            name = pair.partition(b"=")[0].decode("utf-8", "replace")
            refused[unquote_plus(name).replace("\x00", "\ufffd")] = reason
    if refused:
        raise InvalidParameters(refused)


def _flaw_of(pair: bytes) -> str | None:
    if BROKEN_ESCAPE.search(pair):
        return _("A percent sign is followed by two hexadecimal digits; write %%25 for the sign itself.") % {}
    try:
        text = unquote_to_bytes(pair).decode("utf-8")
    except UnicodeDecodeError:
        return _("The value is not UTF-8.")
    return _("A text may not contain the character U+0000.") if "\x00" in text else None


def _check_length(request: HttpRequest) -> None:
    """Refuse a body by its announced size, and measure one that comes in chunks."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        _read_chunks(request)
        return
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdecimal():
        raise BadRequest
    # Django limits the fields of a form, but not the files in it.
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if is_api_request(request) else settings.TRACKER_FORM_MAX_BYTES
    if _too_long(int(announced[:20]), limit):
        raise RequestDataTooBig


def _read_chunks(request: HttpRequest) -> None:
    # Django takes a request without Content-Length for one without a body: a PATCH would silently do nothing.
    if not request.META.get("wsgi.input_terminated"):
        raise Problem(_("Send the body with its Content-Length."), "length_required")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = request.META["wsgi.input"].read(limit + 1 if limit is not None else -1)
    if _too_long(len(body), limit):
        raise RequestDataTooBig
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)


def _too_long(length: int, limit: int | None) -> bool:
    return limit is not None and length > limit


def _is_debug_page(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether Django's page for developers took the place of the API's own 404."""
    return (
        settings.DEBUG
        and response.status_code == HTTPStatus.NOT_FOUND
        and is_api_request(request)
        and not hasattr(response, "accepted_renderer")
        and response.get("Content-Type", "").startswith("text/html")
    )
