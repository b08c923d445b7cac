"""Dashboards as pages: lists, one of them with what its widgets show, and plain forms to put it together.

What a form says becomes the body that the API would be sent, so that there is one set of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import ValidationError

from initiatives import workflow
from initiatives.api.dashboards import DashboardSerializer
from initiatives.dashboards.reading import read_widgets
from initiatives.models import Dashboard, Widget
from initiatives.models.dashboards import LONGEST_QUERY, MOST_WIDGETS
from tracker.api.problem_types import Conflict

from .frame import LARGEST_ID, api_request, page, reasons, row_id, signed_in
from .widgets import presented

MOST_PUBLIC = 50


# Reading -------------------------------------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponseBase:
    """One's own dashboards, with a form for a new one, and those that are public."""
    if request.method == "POST":
        return _created(request)
    return _list(request)


def _list(request: HttpRequest, typed: Mapping[str, Any] | None = None, refused: Any = ()) -> HttpResponse:
    rows = Dashboard.objects.annotate(widget_count=Count("widgets")).order_by("-updated_at", "-pk")
    context = {
        "own": rows.owned_by(request.user),
        "public": rows.filter(visibility=Dashboard.Visibility.PUBLIC).exclude(owner=request.user.pk)[:MOST_PUBLIC],
        "sign_in": f"{resolve_url(settings.LOGIN_URL)}?next={request.path}",
        "typed": typed or {},
        "refused": refused,
    }
    status = HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK
    return render(request, "pages/dashboards.html", context, status=status)


@page
@require_safe
def shown(request: HttpRequest, pk: int) -> HttpResponse:
    """A dashboard that the reader may see."""
    dashboard = Dashboard.objects.visible_to(request.user).filter(pk=_id(pk)).first()
    if dashboard is None:
        raise Http404
    return _shown(request, dashboard, reverse("dashboard-copy", args=[dashboard.pk]))


@page
@require_safe
def shared(request: HttpRequest, key: str) -> HttpResponse:
    """A dashboard for whoever has its link."""
    return _shown(request, _under(key), reverse("dashboard-shared-copy", args=[key]))


def _shown(request: HttpRequest, dashboard: Dashboard, copy_address: str) -> HttpResponse:
    widgets = list(dashboard.widgets.all())
    answers = read_widgets(api_request(request), widgets)
    context = {
        "dashboard": dashboard,
        "mine": dashboard.is_of(request.user),
        "widgets": [presented(widget, answer) for widget, answer in zip(widgets, answers, strict=True)],
        "copy_address": copy_address,
        "link": _link(request, dashboard),
    }
    return render(request, "pages/dashboard.html", context)


def _link(request: HttpRequest, dashboard: Dashboard) -> str | None:
    if not dashboard.share_key or not dashboard.is_of(request.user):
        return None
    return request.build_absolute_uri(reverse("dashboard-shared", args=[dashboard.share_key]))


def _under(key: str) -> Dashboard:
    found: Dashboard | None = Dashboard.objects.shared_under(key[:64]).first()
    if found is None:
        raise Http404
    return found


def _id(pk: int) -> int:
    # A number beyond what the column can hold is none that there is.
    return min(pk, LARGEST_ID)


# Writing -------------------------------------------------------------------------------------------------------------


@signed_in("dashboards-page")
def _created(request: HttpRequest) -> HttpResponseBase:
    body = {"title": _title(request)}
    try:
        with transaction.atomic():
            serializer = _serializer(request, None, body)
            serializer.is_valid(raise_exception=True)
            workflow.make_room_for_dashboard(owner=request.user)
            dashboard = serializer.save(owner=request.user)
    except (ValidationError, Conflict) as refused:
        return _list(request, request.POST, reasons(refused))
    return redirect("dashboard-edit", pk=dashboard.pk)


@page
@require_POST
@signed_in("dashboards-page")
def copied(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A copy of one's own of a dashboard that one may see."""
    dashboard = Dashboard.objects.visible_to(request.user).filter(pk=_id(pk)).first()
    if dashboard is None:
        raise Http404
    return _copied(request, dashboard)


@page
@require_POST
@signed_in("dashboards-page")
def copied_by_link(request: HttpRequest, key: str) -> HttpResponseBase:
    """A copy of one's own of a dashboard that one has the link of."""
    return _copied(request, _under(key))


def _copied(request: HttpRequest, dashboard: Dashboard) -> HttpResponseBase:
    try:
        copy = workflow.copy_dashboard(dashboard=dashboard, owner=request.user)
    except Conflict as refused:
        return _list(request, refused=reasons(refused))
    messages.success(request, _("This copy is yours; only you see it."))
    return redirect("dashboard-edit", pk=copy.pk)


@page
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in("dashboards-page")
def edited(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The forms that put a dashboard together; each does one thing and comes back here."""
    if request.method != "POST":
        return _forms(request, _own(request, pk))
    act = ACTS.get(request.POST.get("do", ""))
    if act is None:
        return _forms(request, _own(request, pk))
    try:
        with transaction.atomic():
            leads_to = act(request, _own(request, pk, locked=True))
    except (ValidationError, Conflict) as refused:
        return _forms(request, _own(request, pk), request.POST, reasons(refused))
    return redirect(leads_to) if leads_to else redirect("dashboard-edit", pk=pk)


def _own(request: HttpRequest, pk: int, *, locked: bool = False) -> Dashboard:
    rows = Dashboard.objects.owned_by(request.user).filter(pk=_id(pk))
    found: Dashboard | None = (rows.select_for_update(no_key=True) if locked else rows).first()
    if found is None:
        raise Http404
    return found


def _forms(
    request: HttpRequest, dashboard: Dashboard, typed: Mapping[str, Any] | None = None, refused: Any = ()
) -> HttpResponse:
    widgets = list(dashboard.widgets.all())
    context = {
        "dashboard": dashboard,
        "widgets": widgets,
        "has_room": len(widgets) < MOST_WIDGETS,
        "most": MOST_WIDGETS,
        "longest": LONGEST_QUERY,
        "displays": Widget.Display.choices,
        "visibilities": Dashboard.Visibility.choices,
        "link": _link(request, dashboard),
        "typed": typed or {},
        "refused": refused,
    }
    status = HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK
    return render(request, "pages/dashboard_edit.html", context, status=status)


def _save(request: HttpRequest, dashboard: Dashboard) -> None:
    _write(request, dashboard, {"title": _title(request), "visibility": request.POST.get("visibility", "")})


def _add(request: HttpRequest, dashboard: Dashboard) -> None:
    _write(request, dashboard, {"widgets": [*_ids(dashboard), _widget(request)]})


def _change(request: HttpRequest, dashboard: Dashboard) -> None:
    chosen = _chosen(request, dashboard)
    said = {"id": chosen, **_widget(request)}
    _write(request, dashboard, {"widgets": [said if item["id"] == chosen else item for item in _ids(dashboard)]})


def _up(request: HttpRequest, dashboard: Dashboard) -> None:
    _shift(request, dashboard, -1)


def _down(request: HttpRequest, dashboard: Dashboard) -> None:
    _shift(request, dashboard, 1)


def _shift(request: HttpRequest, dashboard: Dashboard, by: int) -> None:
    items = _ids(dashboard)
    here = items.index({"id": _chosen(request, dashboard)})
    there = min(max(here + by, 0), len(items) - 1)
    items.insert(there, items.pop(here))
    _write(request, dashboard, {"widgets": items})


def _remove(request: HttpRequest, dashboard: Dashboard) -> None:
    chosen = _chosen(request, dashboard)
    _write(request, dashboard, {"widgets": [item for item in _ids(dashboard) if item["id"] != chosen]})


def _rotate(request: HttpRequest, dashboard: Dashboard) -> None:
    if dashboard.visibility != Dashboard.Visibility.PRIVATE:
        dashboard.rotate_link()


def _delete(request: HttpRequest, dashboard: Dashboard) -> str:
    dashboard.delete()
    messages.success(request, _("The dashboard was deleted."))
    return "dashboards-page"


ACTS: Mapping[str, Callable[[HttpRequest, Dashboard], str | None]] = {
    "save": _save,
    "add": _add,
    "change": _change,
    "up": _up,
    "down": _down,
    "remove": _remove,
    "rotate": _rotate,
    "delete": _delete,
}


def _write(request: HttpRequest, dashboard: Dashboard, body: Mapping[str, Any]) -> None:
    serializer = _serializer(request, dashboard, body)
    serializer.is_valid(raise_exception=True)
    serializer.save()


def _serializer(request: HttpRequest, dashboard: Dashboard | None, body: Mapping[str, Any]) -> DashboardSerializer:
    context = {"request": api_request(request)}
    return DashboardSerializer(dashboard, data=body, partial=dashboard is not None, context=context)


def _ids(dashboard: Dashboard) -> list[dict[str, Any]]:
    return [{"id": pk} for pk in dashboard.widgets.values_list("pk", flat=True)]


def _chosen(request: HttpRequest, dashboard: Dashboard) -> int:
    number = row_id(request.POST.get("widget", ""))
    if {"id": number} not in _ids(dashboard):
        raise Http404
    return number


def _title(request: HttpRequest) -> dict[str, str]:
    return {code: request.POST.get(f"title_{code}", "") for code in ("en", "ar")}


def _widget(request: HttpRequest) -> dict[str, Any]:
    said = {name: request.POST.get(name, "") for name in ("query", "display", "group_by")}
    return {"title": _title(request), **said}
