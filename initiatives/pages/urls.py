"""Every page for people on one screen."""

from __future__ import annotations

from django.urls import path

from . import dashboards, digest, memberships

urlpatterns = [
    path("dashboards/", dashboards.listed, name="dashboards-page"),
    path("dashboards/<int:pk>/", dashboards.shown, name="dashboard-page"),
    path("dashboards/<int:pk>/edit/", dashboards.edited, name="dashboard-edit"),
    path("dashboards/<int:pk>/copy/", dashboards.copied, name="dashboard-copy"),
    path("dashboards/shared/<str:key>/", dashboards.shared, name="dashboard-shared"),
    path("dashboards/shared/<str:key>/copy/", dashboards.copied_by_link, name="dashboard-shared-copy"),
    path("memberships/", memberships.memberships, name="memberships-page"),
    path("digest/off/<str:token>/", digest.off, name="digest-off"),
]
