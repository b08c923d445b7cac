"""Both comparisons in one process each would use anyway: `drf/` and `ninja/`, and the names that their links need."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from benchmarks.comparison.drf import InitiativeViewSet
from benchmarks.comparison.ninja import api

router = SimpleRouter()
router.register("initiatives", InitiativeViewSet, basename="initiatives")


def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def nothing(request: HttpRequest, slug: str) -> HttpResponse:
    """Collections that are only ever linked to."""
    return HttpResponse(status=404)


linked = [
    path(f"drf/{name}/<slug:slug>/", nothing, name=f"{name}-detail")
    for name in ("organizations", "pillars", "goals", "milestones", "sources", "citations")
]

urlpatterns = [path("healthz", health), path("drf/", include(router.urls)), *linked, path("ninja/", api.urls)]
