"""What is counted before any view: requests that name nobody, whose answer may be that they were too many."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language_from_request, override

from tracker.api.problems import problem_response
from tracker.api.throttles import Count, count_stranger, headers_of, too_many
from tracker.history.middleware import request_id_of
from tracker.ops.security_headers import secured


class Throttles:
    """The middleware that counts whom no server has counted in front of Django, and tells everybody how they stand."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        counted = count_stranger(request.META)
        if counted is not None and counted.is_too_much:
            return refusal(request, counted)
        answer = self.get_response(request)
        for name, value in headers_of(request.META):
            answer[name] = value
        return answer


def refusal(request: HttpRequest, counted: Count) -> HttpResponse:
    """The answer to a stranger who came too often, in their language."""
    with override(get_language_from_request(request)):
        answer = problem_response(too_many(counted))
    answer["X-Request-ID"] = request_id_of(request)
    for name, value in headers_of(request.META):
        answer[name] = value
    return secured(answer)
