"""The page that the `type` of every problem document points at."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tracker.api.problem_types import PROBLEM_TYPES


def problem_types(request: HttpRequest) -> HttpResponse:
    """All kinds of problem, each under its own anchor, in the language of the request."""
    return render(request, "api/problems.html", {"problem_types": PROBLEM_TYPES.items()})
