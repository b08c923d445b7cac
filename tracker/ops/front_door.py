"""What a person finds at `/`: the doors of the service, in their language."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def front_door(request: HttpRequest) -> HttpResponse:
    """List the ways in: JSON, its documentation, the curators' admin."""
    return render(request, "tracker/front_door.html")
