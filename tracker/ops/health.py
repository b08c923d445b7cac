"""Whether the process lives (/healthz), and whether it can serve (/readyz)."""

from collections.abc import Callable
from http import HTTPStatus

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase


class HealthProbes:
    """Stands before all else: a probe comes by address, without TLS, a session or a language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.probes = {"/healthz": healthz, "/readyz": readyz}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = self.probes.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return probe()


def healthz() -> HttpResponse:
    """200 as long as the process answers: a database that is away is no reason to restart it."""
    return _answer("ok", HTTPStatus.OK)


def readyz() -> HttpResponse:
    """200 only while the database answers, so that a load balancer sends requests elsewhere meanwhile."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return _answer("the database does not answer", HTTPStatus.SERVICE_UNAVAILABLE)
    return _answer("ok", HTTPStatus.OK)


def _answer(text: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain", headers={"Cache-Control": "no-store"})
