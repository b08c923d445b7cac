"""Every address of the service, but for /healthz and /readyz, which answer before all else (tracker/ops/health.py)."""

from django.contrib import admin
from django.urls import include, path

from tracker.api.problem_page import problem_types
from tracker.ops.front_door import front_door

handler400 = "tracker.api.problems.bad_request"
handler403 = "tracker.api.problems.permission_denied"
handler404 = "tracker.api.problems.not_found"
handler500 = "tracker.api.problems.server_error"

urlpatterns = [
    path("", front_door, name="front-door"),
    path("account/", include("tracker.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/docs/problems", problem_types, name="problem-types"),
    path("api/", include("initiatives.api.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("", include("initiatives.pages.urls")),
]
