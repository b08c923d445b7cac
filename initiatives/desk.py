"""The curators' desk: one site, its models by area."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tracker.accounts import second_factor
from tracker.accounts.middleware import led_to_second_factor

# The heading under which an area's models stand, in the order in which the desk shows them. An area is the name of
# the module that has the models; what is not named here stands under the last.
AREAS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "organizations": (_("Organizations and people"), ("organizations", "people", "partnerships")),
    "strategies": (_("Strategies"), ("strategies",)),
    "initiatives": (_("Initiatives and roadmaps"), ("initiatives", "roadmaps")),
    "indicators": (_("Indicators"), ("indicators",)),
    "services": (_("Platforms and smart services"), ("smart_services", "happiness")),
    "datasets": (_("Data"), ("datasets",)),
    "engagements": (_("Engagements and statements"), ("engagements",)),
    "sources": (_("Sources and citations"), ("sources",)),
    "review": (_("Review"), ("publication", "reminders")),
    "access": (_("Accounts and access"), ("memberships", "webhooks", "dashboards", "following")),
}
# Accounts and tokens are other apps' models, but no area of their own.
OTHER_APPS = "access"


class CuratorsDesk(admin.AdminSite):
    """The admin site of the registry."""

    site_title = _("Smart city transformation registry")
    site_header = _("Smart city transformation registry")
    index_title = _("The curators' desk")
    site_url = "/"
    # The dash that computed columns show for what is not known.
    empty_value_display = "–"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = [
            path("areas/<slug:area>/", self.admin_view(require_safe(self.area)), name="area"),
        ]
        return [*own, *super().get_urls()]

    def has_permission(self, request: HttpRequest) -> bool:
        """Members of staff, who have used their second factor where the setting asks for one."""
        return super().has_permission(request) and not second_factor.is_missing(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """People sign in at one place, with the limits and second factors that it has."""
        asked = request.GET.get(REDIRECT_FIELD_NAME, "")
        goal = asked if asked and get_adapter(request).is_safe_url(asked) else reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(goal, settings.LOGIN_URL)
        if not super().has_permission(request):
            raise PermissionDenied
        return led_to_second_factor(request) if second_factor.is_missing(request) else redirect(goal)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """A password is changed on the account page."""
        return redirect("account_change_password")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The models under the headings of their areas, records before parts."""
        found: dict[str, list[Any]] = {area: [] for area in AREAS}
        for app in self._build_app_dict(request, app_label).values():
            for entry in app["models"]:
                found[_area_of(entry["model"])].append(entry)
        order = {model: place for place, model in enumerate(self._registry)}
        for area, entries in found.items():
            entries.sort(key=lambda entry: (*_place_in(area, entry["model"]), order[entry["model"]]))
        return [self._heading(area, entries) for area, entries in found.items() if entries]

    def area(self, request: HttpRequest, area: str) -> HttpResponse:
        """The models of one area."""
        listed = [heading for heading in self.get_app_list(request) if heading["app_label"] == area]
        if not listed:
            raise Http404
        context = {**self.each_context(request), "title": listed[0]["name"], "app_list": listed, "app_label": area}
        return TemplateResponse(request, "admin/app_index.html", context)

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> TemplateResponse:
        title = {"title": self.index_title} if app_label == "initiatives" else {}
        return super().app_index(request, app_label, {**title, **(extra_context or {})})

    def _heading(self, area: str, entries: list[Any]) -> dict[str, Any]:
        address = reverse("admin:area", args=[area], current_app=self.name)
        return {
            "name": AREAS[area][0],
            "app_label": area,
            "app_url": address,
            "has_module_perms": True,
            "models": [{**entry, "name": capfirst(str(entry["name"]))} for entry in entries],
        }


def _area_of(model: type[models.Model]) -> str:
    return next((area for area, (_heading, modules) in AREAS.items() if _module_of(model) in modules), OTHER_APPS)


def _place_in(area: str, model: type[models.Model]) -> tuple[bool, int]:
    module, modules = _module_of(model), AREAS[area][1]
    return hasattr(model, "parent_field"), modules.index(module) if module in modules else len(modules)


def _module_of(model: type[models.Model]) -> str:
    return model.__module__.rpartition(".")[2]
