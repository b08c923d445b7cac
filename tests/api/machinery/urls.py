"""A small site on which the API's machinery is tried: its views know groups of users, and nothing of the domain."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import psycopg
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core import exceptions as django_exceptions
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework import exceptions, renderers, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView

from tracker.api.authentication import SessionAuthentication, TokenAuthentication
from tracker.api.pagination import RecordPagination
from tracker.api.parsers import StrictJSONParser, require_body
from tracker.api.permissions import ReadOrModelPermissions
from tracker.api.problem_page import problem_types
from tracker.api.problems import Conflict, InvalidParameters, Problem, UnknownParameter


class Machinery(APIView):
    """What every view here is made of, whatever the project's settings say."""

    authentication_classes = (TokenAuthentication, SessionAuthentication)
    parser_classes = (StrictJSONParser,)
    renderer_classes = (renderers.JSONRenderer, renderers.BrowsableAPIRenderer)
    permission_classes: Sequence[Any] = ()


class MilestoneSerializer(serializers.Serializer[Any]):
    due_on = serializers.DateField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["due_on"].year < 2000:
            raise serializers.ValidationError("Too early.", code="early")
        return attrs


class PlanSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    milestones = MilestoneSerializer(many=True, required=False)
    weights = serializers.ListField(child=serializers.IntegerField(), required=False)


class PlanView(Machinery):
    """Validates a plan with its milestones."""

    def post(self, request: Request) -> Response:
        require_body(request)
        serializer = PlanSerializer(data=request.data, many=isinstance(request.data, list))
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data)


class EchoView(Machinery):
    """Answers with what was understood."""

    def post(self, request: Request) -> Response:
        return Response({"understood": request.data})


class RareView(EchoView):
    """Has a rate of its own."""

    throttle_scope = "ratings"

    def get(self, request: Request) -> Response:
        return Response({})


class ReadOnlyView(Machinery):
    permission_classes = (ReadOrModelPermissions,)

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.get_username(), "query": request.query_params.dict()})


class GroupSerializer(serializers.ModelSerializer[Group]):
    class Meta:
        model = Group
        fields = ("id", "name")
        # The database is to refuse a second group of one name, as it does in a race.
        extra_kwargs: ClassVar[dict[str, Any]] = {"name": {"validators": []}}


class GroupViewSet(Machinery, viewsets.ModelViewSet[Group]):
    """Groups, written by those who may."""

    permission_classes = (ReadOrModelPermissions,)
    queryset = Group.objects.order_by("pk")
    serializer_class = GroupSerializer
    pagination_class = RecordPagination

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        serializer.save()


def run_sql(*statements: str) -> Callable[[], None]:
    """Statements that share a transaction, in which what they create is temporary."""

    def run() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    return run


def raising(make: Callable[[], Exception]) -> Callable[[], None]:
    def run() -> None:
        raise make()

    return run


def protected() -> Exception:
    groups = [Group.objects.get_or_create(name=f"Group {number:02}")[0] for number in range(25)]
    return ProtectedError("refused", set(groups))


THINGS = (
    "CREATE TEMPORARY TABLE things (id int PRIMARY KEY, name_en text UNIQUE, size numeric(4, 2), parent int,"
    " CONSTRAINT size_is_positive CHECK (size > 0), CONSTRAINT no_overlap EXCLUDE USING gist"
    " (int4range(id, id + 10) WITH &&)) ON COMMIT DROP"
)
TRIGGER = (
    "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION 'A thing may not contain itself.' USING ERRCODE = 'check_violation', COLUMN = 'parent',"
    " TABLE = 'things'; END $$"
)


def without_a_server() -> None:
    """Ask a database where nobody listens."""
    nowhere = connection.copy()
    nowhere.settings_dict |= {"HOST": "127.0.0.1", "PORT": "1"}
    nowhere.ensure_connection()


FAILURES: dict[str, Callable[[], Any]] = {
    "field": raising(lambda: exceptions.ValidationError({"a/b~c": ["Wrong."], "ملاحظة": ["Wrong."]})),
    "model": raising(lambda: django_exceptions.ValidationError({"name_ar": "Say it.", "__all__": "All wrong."})),
    "http404": raising(lambda: Http404("No Group matches the given query.")),
    "forbidden": raising(django_exceptions.PermissionDenied),
    "throttled": raising(lambda: exceptions.Throttled(wait=7.2)),
    "suspicious": raising(lambda: django_exceptions.SuspiciousOperation("internals")),
    "conflict": raising(
        lambda: Conflict("Taken.", errors=[{"pointer": "#/slug", "code": "unique", "detail": "Taken."}])
    ),
    "custom": raising(lambda: Problem("Moved on.", "precondition_failed")),
    "unregistered": raising(lambda: Problem("Odd.", "odd_thing", status=422)),
    "parameter": raising(lambda: InvalidParameters({"due_on__lt": ["Not a date.", "Not at all."]})),
    "unknown-parameter": raising(lambda: UnknownParameter(["statsu"], {"status", "lead"})),
    "protected": raising(protected),
    "unique": run_sql(THINGS, "INSERT INTO things VALUES (1, 'a', 1), (20, 'a', 1)"),
    "exclusion": run_sql(THINGS, "INSERT INTO things VALUES (1, 'a', 1), (2, 'b', 1)"),
    "check": run_sql(THINGS, "INSERT INTO things VALUES (1, 'a', -1)"),
    "null": run_sql(THINGS, "INSERT INTO things VALUES (NULL)"),
    "overflow": run_sql(THINGS, "INSERT INTO things VALUES (1, 'a', 1000)"),
    "trigger": run_sql(
        THINGS,
        TRIGGER,
        "CREATE TRIGGER refuse BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()",
        "INSERT INTO things VALUES (1, 'a', 1)",
    ),
    "foreign-key": run_sql(
        "INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (-1, -1)", "SET CONSTRAINTS ALL IMMEDIATE"
    ),
    "nul": lambda: Group.objects.get(name="a\x00b").delete(),
    "retry": run_sql("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = 'serialization_failure'; END $$"),
    "shutdown": run_sql("DO $$ BEGIN RAISE EXCEPTION 'bye' USING ERRCODE = 'admin_shutdown'; END $$"),
    "slow": run_sql("SET LOCAL statement_timeout = 20", "SELECT pg_sleep(60)"),
    "unreachable": without_a_server,
    "unreachable-driver": lambda: psycopg.connect("host=127.0.0.1 port=1 dbname=nowhere"),
    "own-bug": run_sql("SELECT no_such_column"),
    "bug": raising(lambda: RuntimeError("secret internals")),
}


class FailingView(Machinery):
    """Fails in the way that its address names."""

    def get(self, request: Request, failure: str) -> Response:
        FAILURES[failure]()
        return Response({})


def plain_view(request: HttpRequest, failure: str) -> HttpResponse:
    """Fails likewise, without DRF around it."""
    FAILURES[failure]()
    return HttpResponse(request.GET.urlencode())


router = DefaultRouter()
router.register("groups", GroupViewSet, basename="groups")

urlpatterns = [
    path("api/docs/problems", problem_types),
    path("api/machinery/plans/", PlanView.as_view()),
    path("api/machinery/echo/", EchoView.as_view()),
    path("api/machinery/rare/", RareView.as_view()),
    path("api/machinery/read-only/", ReadOnlyView.as_view()),
    path("api/machinery/fail/<slug:failure>/", FailingView.as_view()),
    path("api/machinery/plain/<slug:failure>/", plain_view),
    path("api/machinery/", include(router.urls)),
    path("page/<slug:failure>/", plain_view),
    path("admin/", admin.site.urls),
    path("language/", include("django.conf.urls.i18n")),
]

handler400 = "tracker.api.problems.bad_request"
handler403 = "tracker.api.problems.permission_denied"
handler404 = "tracker.api.problems.not_found"
handler500 = "tracker.api.problems.server_error"
