"""Dashboards: everybody's own, those that are public, and those that one has the link of.

They are no records of the registry: they have no history, no past and no ETag, and nobody keeps their answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.db.models import Count
from django.http import Http404
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives import workflow
from initiatives.dashboards.displays import check
from initiatives.dashboards.queries import QueryRefusedError
from initiatives.dashboards.reading import read_widgets, time_for_widgets, try_widget
from initiatives.models import Dashboard, Widget
from initiatives.models.dashboards import MOST_WIDGETS
from tracker.api.pagination import RecordPagination
from tracker.api.parsers import require_body
from tracker.api.permissions import in_scope, out_of_scope, reading_as_anybody
from tracker.api.problem_types import Conflict, InvalidParameters, Problem, UnknownParameter
from tracker.api.serializers import PartSerializer, RecordSerializer
from tracker.api.whole_writes import WholeWrites
from tracker.history.api.shapes import PAGE, PAGE_NAMES

_F = TypeVar("_F", bound=Callable[..., Any])
DASHBOARD_ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description=gettext_lazy("Its id."))
SHARE_KEY = OpenApiParameter(
    "key", OpenApiTypes.STR, OpenApiParameter.PATH, description=gettext_lazy("The key at the end of its link.")
)
OWNER = OpenApiParameter("owner", {"type": "string", "enum": ["me"]}, description=gettext_lazy("Only one's own."))
VISIBILITY = OpenApiParameter(
    "visibility",
    {"type": "string", "enum": Dashboard.Visibility.values},
    description=gettext_lazy("Only those that are seen by these."),
)
PROBLEM = {
    "type": ["object", "null"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "title", "status", "detail", "errors"],
}
DATA = {
    "type": ["object", "null"],
    "properties": {
        "value": {"type": ["integer", "string", "null"]},
        "rows": {"type": "array", "items": {"type": "object"}},
        "entries": {"type": "array", "items": {"type": "object"}},
        "series": {"type": "array", "items": {"type": "object"}},
        "groups": {"type": "array", "items": {"type": "object"}},
        "others": {"type": "integer", "minimum": 0},
        "total": {"type": ["integer", "null"], "minimum": 0},
        "results": {"type": "array", "items": {"type": "object"}},
        "per": {"type": "string"},
        "from": {"type": "string", "format": "date"},
        "until": {"type": "string", "format": "date"},
    },
}
EXAMPLE = {
    "title": {"en": "The city in one look", "ar": "المدينة في نظرة واحدة"},
    "visibility": "private",
    "widgets": [
        {
            "title": {"en": "Active initiatives", "ar": "مبادرات جارية"},
            "query": "initiatives/?status=active",
            "display": "count",
        },
        {
            "title": {"en": "Initiatives by status", "ar": "المبادرات بحسب حالتها"},
            "query": "initiatives/",
            "display": "chart",
            "group_by": "status",
        },
        {
            "title": {"en": "What comes next", "ar": "ما هو قادم"},
            "query": "milestones/?completed_on__isnull=true&limit=5",
            "display": "timeline",
        },
    ],
}


class WidgetSerializer(PartSerializer):
    """A saved query and how its answer is shown; `id` tells which widget an item of a written list means."""

    common_after: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")

    class Meta(PartSerializer.Meta):
        model = Widget
        fields = ("title", "query", "display", "group_by")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what could not be shown to its owner now; what is as it was is not asked again."""
        found = super().validate(attrs)
        names = ("query", "display", "group_by")
        before = {name: getattr(self.instance, name, "") for name in names}
        after = {name: found.get(name, before[name]) for name in names}
        if after != before:
            self._try(Widget(**after))
        return found

    def _try(self, widget: Widget) -> None:
        # All widgets of a body share their time, as they do when they are read.
        context: Any = self.context
        until = context.setdefault("until", time_for_widgets())
        try:
            check(widget)
            try_widget(context["request"], widget, until)
        except QueryRefusedError as refused:
            raise serializers.ValidationError({refused.member: ErrorDetail(refused.detail, refused.code)}) from refused
        except Problem as problem:
            raise serializers.ValidationError({"query": _reasons(problem)}) from problem


def _reasons(problem: Problem) -> list[ErrorDetail]:
    """Why a query is refused, in the words of its address."""
    listed = [ErrorDetail(str(each["detail"]), str(each["code"])) for each in problem.errors]
    return listed or [ErrorDetail(str(problem.detail), problem.code)]


class DashboardSerializer(RecordSerializer):
    """A dashboard as it was put together; `link` is told to its owner only."""

    common_before: ClassVar[tuple[str, ...]] = ("id", "url")
    common_after: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")
    parts_go_with_record = True

    url: Any = serializers.SerializerMethodField()
    link: Any = serializers.SerializerMethodField(help_text=gettext_lazy("Where whoever has the link reads it."))
    mine: Any = serializers.SerializerMethodField(help_text=gettext_lazy("Whether it is the reader's own."))
    widgets: Any = WidgetSerializer(many=True, required=False, max_length=MOST_WIDGETS)  # type: ignore[call-arg]

    class Meta:
        model = Dashboard
        fields: Any = ("title", "visibility", "link", "mine", "widgets")

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, instance: Dashboard) -> str:
        return self._address("dashboards-detail", id=instance.pk)

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_link(self, instance: Dashboard) -> str | None:
        if not instance.share_key or not self.get_mine(instance):
            return None
        return self._address("dashboards-shared", key=instance.share_key)

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_mine(self, instance: Dashboard) -> bool:
        return instance.is_of(self.context["request"].user)

    def _address(self, route: str, **kwargs: Any) -> str:
        return str(self.context["request"].build_absolute_uri(reverse(route, kwargs=kwargs)))

    def _decidable(self) -> list[Any]:
        # The key is made with the row.
        return [each for each in super()._decidable() if each.name != "dashboard_key_while_shared"]


class DashboardHeadSerializer(DashboardSerializer):
    """A dashboard in a list, without its widgets."""

    widgets: Any = None
    widget_count: Any = serializers.IntegerField(read_only=True)

    class Meta(DashboardSerializer.Meta):
        fields: Any = ("title", "visibility", "mine", "widget_count")

    link: Any = None


class WidgetWithDataSerializer(WidgetSerializer):
    """A widget with what it shows to the reader, or the problem that says why it shows nothing."""

    def get_fields(self) -> dict[str, serializers.Field]:
        # Serializers have a `data` of their own.
        shown = {"data": WidgetDataField(), "error": WidgetErrorField()}
        return {**super().get_fields(), **shown}


class _OfShown(serializers.Field):
    member: str

    def __init__(self) -> None:
        super().__init__(source="*", read_only=True)

    def to_representation(self, instance: Widget) -> Any:
        return getattr(self.context["shown"][instance.pk], self.member)


@extend_schema_field(DATA)
class WidgetDataField(_OfShown):
    """What the widget's display has: `value`, `rows`, `entries`, `series`, `groups` or `results`."""

    member = "data"


@extend_schema_field(PROBLEM)
class WidgetErrorField(_OfShown):
    """A problem document, as the query's own address would answer with."""

    member = "error"


class DashboardWithDataSerializer(DashboardSerializer):
    """A dashboard with what each of its widgets shows to the reader."""

    widgets: Any = WidgetWithDataSerializer(many=True, read_only=True)


class DashboardPermissions(BasePermission):
    """Everybody reads what they may see; who writes has an account, and a token with the scope.

    A token that does not reach dashboards reads them as anybody may. Which dashboards there are, the query set says.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS:
            reading_as_anybody(request, view.collection)
            return True
        if not request.user.is_authenticated:
            return False
        if not in_scope(request, view.collection, "write"):
            raise out_of_scope(request, view.collection, "write")
        return True

    def has_object_permission(self, request: Request, view: Any, dashboard: Dashboard) -> bool:
        if request.method in SAFE_METHODS or view.action in view.takes_others:
            return True
        if not dashboard.is_of(request.user):
            raise PermissionDenied(_("Only its owner may change a dashboard. Copy it, and change your own."))
        return True


def _described(name: str, summary: Any, *parameters: OpenApiParameter, **more: Any) -> Callable[[_F], _F]:
    return extend_schema(operation_id=f"dashboards_{name}", summary=summary, parameters=list(parameters), **more)


class DashboardViewSet(WholeWrites, viewsets.GenericViewSet[Dashboard]):
    """Pages of widgets, each of which shows the answer to a saved query of this API."""

    collection = "dashboards"
    queryset = Dashboard.objects.all()
    serializer_class: Any = DashboardSerializer
    permission_classes = (DashboardPermissions,)
    pagination_class = RecordPagination
    filter_backends = ()
    lookup_field = "id"
    lookup_value_regex = "[0-9]{1,18}"
    takes_others = frozenset({"copy", "copy_shared"})
    """The actions that leave the dashboard they name as it is."""
    known: ClassVar[Mapping[str, frozenset[str]]] = {"list": PAGE_NAMES | {"owner", "visibility"}}

    def get_view_name(self) -> str:
        return capfirst(str(Dashboard._meta.verbose_name_plural))

    def get_queryset(self) -> Any:
        return Dashboard.objects.visible_to(self.request.user).prefetch_related("widgets")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self.known.get(self.action or "", frozenset({"format"}))
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise UnknownParameter(unknown, known)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """No answer is kept by anybody: a link that was taken back leads nowhere at once."""
        found = super().finalize_response(request, response, *args, **kwargs)
        found["Cache-Control"] = "private, no-store"
        found["X-Robots-Tag"] = "noindex"
        return found

    # Reading ----------------------------------------------------------------------------------------------------------

    @_described(
        "list", gettext_lazy("List: dashboards"), OWNER, VISIBILITY, *PAGE,
        responses=DashboardHeadSerializer(many=True),
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        """One's own dashboards and those that are public, the newest first, without what they show."""
        rows = self._chosen(request).annotate(widget_count=Count("widgets")).order_by("-pk")
        page = self.paginate_queryset(rows)
        context = self.get_serializer_context()
        return self.get_paginated_response(DashboardHeadSerializer(page, many=True, context=context).data)

    def _chosen(self, request: Request) -> Any:
        rows = Dashboard.objects.visible_to(request.user)
        owner = request.query_params.getlist("owner")
        if owner and owner != ["me"]:
            raise InvalidParameters({"owner": _("Say owner=me, or leave it out.")})
        if owner and not request.user.is_authenticated:
            raise NotAuthenticated
        visibility = request.query_params.getlist("visibility")
        if visibility and (len(visibility) > 1 or visibility[0] not in Dashboard.Visibility.values):
            message = _("“%(value)s” is not valid. Choose from: %(choices)s.")
            values = {"value": ", ".join(visibility)[:100], "choices": ", ".join(Dashboard.Visibility.values)}
            raise InvalidParameters({"visibility": message % values})
        rows = rows.owned_by(request.user) if owner else rows
        return rows.filter(visibility=visibility[0]) if visibility else rows

    @_described("retrieve", gettext_lazy("Read: dashboard"), DASHBOARD_ID, responses=DashboardWithDataSerializer)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002
        """The dashboard with all that its widgets show, each as far as the reader may see it.

        A widget whose query fails has an `error`, and the others are shown.
        """
        return self._shown(self.get_object())

    @_described(
        "shared", gettext_lazy("Read a dashboard by its link"), SHARE_KEY, responses=DashboardWithDataSerializer
    )
    @action(detail=False, methods=["get"], url_path="shared/(?P<key>[A-Za-z0-9_-]{1,64})")
    def shared(self, request: Request, key: str) -> Response:
        """The same for whoever has the link, until its owner takes another one or makes the dashboard private."""
        return self._shown(self._under(key))

    # Writing ----------------------------------------------------------------------------------------------------------

    @_described(
        "create",
        gettext_lazy("Create: dashboard"),
        request=DashboardSerializer,
        responses={HTTPStatus.CREATED: DashboardSerializer},
        examples=[OpenApiExample("city", value=EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        """A dashboard of one's own. Queries are tried, and refused where they could not be shown."""
        require_body(request)
        with transaction.atomic():
            serializer = self.get_serializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            workflow.make_room_for_dashboard(owner=request.user)
            body = self._told(serializer.save(owner=request.user))
        return Response(body, HTTPStatus.CREATED, headers={"Location": body["url"]})

    @_described("update", gettext_lazy("Replace: dashboard"), DASHBOARD_ID)
    def update(self, request: Request, id: str, *, partial: bool = False) -> Response:  # noqa: A002
        """The list of widgets says what there shall be afterwards, in this order; items name those there are by id."""
        require_body(request)
        with transaction.atomic():
            serializer = self.get_serializer(self._locked(), data=request.data, partial=partial)
            serializer.is_valid(raise_exception=True)
            return Response(self._told(serializer.save()))

    @_described("partial_update", gettext_lazy("Change: dashboard"), DASHBOARD_ID)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002
        """Only what is named is written; a list of widgets that is named is replaced as a whole."""
        return self.update(request, id, partial=True)

    @_described("destroy", gettext_lazy("Delete: dashboard"), DASHBOARD_ID)
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002
        """The dashboard goes with its widgets and its link."""
        with transaction.atomic():
            self._locked().delete()
        return Response(status=HTTPStatus.NO_CONTENT)

    @_described(
        "copy", gettext_lazy("Copy a dashboard"), DASHBOARD_ID, request=None,
        responses={HTTPStatus.CREATED: DashboardSerializer},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, id: str) -> Response:  # noqa: A002
        """A private copy of one's own, of one's own dashboard or of a public one."""
        return self._copied(self.get_object())

    @_described(
        "shared_copy", gettext_lazy("Copy a dashboard by its link"), SHARE_KEY, request=None,
        responses={HTTPStatus.CREATED: DashboardSerializer},
    )  # fmt: skip
    @action(detail=False, methods=["post"], url_path="shared/(?P<key>[A-Za-z0-9_-]{1,64})/copy")
    def copy_shared(self, request: Request, key: str) -> Response:
        """A private copy of one's own, of a dashboard that one has the link of."""
        return self._copied(self._under(key))

    @_described(
        "rotate_link", gettext_lazy("Take a new link"), DASHBOARD_ID, request=None, responses=DashboardSerializer
    )
    @action(detail=True, methods=["post"], url_path="rotate-link")
    def rotate_link(self, request: Request, id: str) -> Response:  # noqa: A002
        """The link before leads nowhere from now on. To have none at all, make the dashboard private."""
        with transaction.atomic():
            dashboard = self._locked()
            if dashboard.visibility == Dashboard.Visibility.PRIVATE:
                raise Conflict(_("A private dashboard has no link: share it by link first."))
            dashboard.rotate_link()
            return Response(self._told(dashboard))

    def _under(self, key: str) -> Dashboard:
        found: Dashboard | None = Dashboard.objects.shared_under(key).prefetch_related("widgets").first()
        if found is None:
            raise Http404
        return found

    def _locked(self) -> Dashboard:
        """The dashboard that the address names, which nobody else writes until the transaction ends."""
        rows = Dashboard.objects.visible_to(self.request.user).select_for_update(of=("self",), no_key=True)
        dashboard: Dashboard | None = rows.filter(pk=self.kwargs["id"]).first()
        if dashboard is None:
            raise Http404
        self.check_object_permissions(self.request, dashboard)
        return dashboard

    def _told(self, dashboard: Dashboard) -> Any:
        """A dashboard as it was put together, read anew."""
        row = Dashboard.objects.prefetch_related("widgets").get(pk=dashboard.pk)
        return DashboardSerializer(row, context=self.get_serializer_context()).data

    def _shown(self, dashboard: Dashboard) -> Response:
        widgets = list(dashboard.widgets.all())
        shown = read_widgets(self.request, widgets)
        by_widget = {widget.pk: each for widget, each in zip(widgets, shown, strict=True)}
        context = {**self.get_serializer_context(), "shown": by_widget}
        return Response(DashboardWithDataSerializer(dashboard, context=context).data)

    def _copied(self, dashboard: Dashboard) -> Response:
        body = self._told(workflow.copy_dashboard(dashboard=dashboard, owner=self.request.user))
        return Response(body, HTTPStatus.CREATED, headers={"Location": body["url"]})
