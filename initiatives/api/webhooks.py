"""Webhooks: each user's own; members of staff with the permission have all.

They are no records of the registry: they have no history, no past and no ETag, and are written one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives.models import Webhook, WebhookDelivery
from initiatives.models.webhooks import may, may_be_sent, may_subscribe
from tracker.api.fields import ListedChoiceField
from tracker.api.loading import for_reading
from tracker.api.pagination import LARGEST_OFFSET, RecordPagination
from tracker.api.parsers import require_body
from tracker.api.permissions import in_scope, out_of_scope
from tracker.api.problem_types import Conflict, UnknownParameter
from tracker.api.serializers import RecordSerializer
from tracker.api.whole_writes import WholeWrites
from tracker.history.api.shapes import PAGE, PAGE_NAMES, StrictSerializer
from tracker.history.time_travel import current_revision
from tracker.webhooks.delivery import send_test
from tracker.webhooks.events import collection_names

_F = TypeVar("_F", bound=Callable[..., Any])
WEBHOOK_ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description=gettext_lazy("Its id."))
PAUSED = {
    "type": ["object", "null"],
    "properties": {
        "at": {"type": "string", "format": "date-time"},
        "reason": {"type": "string", "enum": Webhook.Pause.values},
        "detail": {"type": "string"},
    },
    "required": ["at", "reason", "detail"],
}


class WebhookSerializer(RecordSerializer):
    """Who is sent what, where to, and how far they are."""

    common_before: ClassVar[tuple[str, ...]] = ("id", "url")
    common_after: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")

    url: Any = serializers.SerializerMethodField()
    collections: Any = serializers.ListField(
        child=ListedChoiceField(choices=[(name, name) for name in collection_names()]),
        required=False,
        max_length=len(collection_names()),
        help_text=gettext_lazy("Only changes of records in these; none means all."),
    )
    owner: Any = serializers.CharField(source="owner.username", read_only=True)
    paused: Any = serializers.SerializerMethodField(help_text=gettext_lazy("Since when and why nothing is sent."))

    class Meta:
        model = Webhook
        fields = (
            "name",
            "link",
            "collections",
            "organizations",
            "owner",
            "cursor",
            "attempts",
            "failing_since",
            "next_attempt_at",
            "paused",
        )

    def get_extra_kwargs(self) -> dict[str, Any]:
        told = {name: {"read_only": True} for name in ("cursor", "attempts", "failing_since", "next_attempt_at")}
        return {**super().get_extra_kwargs(), **told}

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, instance: Webhook) -> str:
        return str(self.context["request"].build_absolute_uri(reverse("webhooks-detail", kwargs={"id": instance.pk})))

    @extend_schema_field(PAUSED)
    def get_paused(self, instance: Webhook) -> dict[str, Any] | None:
        if instance.paused_at is None:
            return None
        at = serializers.DateTimeField().to_representation(instance.paused_at)
        return {"at": at, "reason": instance.pause_reason, "detail": instance.get_pause_reason_display()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse organizations of which the owner may not be sent the changes, and none where they must name some."""
        owner = self.instance.owner if self.instance else self.context["request"].user
        if "organizations" in attrs or self.instance is None:
            chosen = {organization.pk for organization in attrs.get("organizations", ())}
            if not may_be_sent(owner, chosen):
                message = _("Name one or more organizations that the owner manages.")
                raise serializers.ValidationError({"organizations": ErrorDetail(message, "not_managed")})
        return super().validate(attrs)


class WebhookWithSecretSerializer(WebhookSerializer):
    """A webhook with the secret that signs, which is shown this once."""

    secret: Any = serializers.SerializerMethodField()

    class Meta(WebhookSerializer.Meta):
        fields: Any = (*WebhookSerializer.Meta.fields, "secret")

    def get_secret(self, instance: Webhook) -> str:
        return instance.secret()


class WebhookDeliverySerializer(serializers.ModelSerializer):
    """One post to the target, and what came of it; `excerpt` is how the answer began."""

    error: Any = serializers.SerializerMethodField()
    excerpt: Any = serializers.SerializerMethodField()

    class Meta:
        model = WebhookDelivery
        fields = (
            "id",
            "at",
            "kind",
            "message_id",
            "first_revision",
            "last_revision",
            "events",
            "attempt",
            "status",
            "error",
            "excerpt",
            "milliseconds",
        )

    def get_error(self, instance: WebhookDelivery) -> str | None:
        return instance.error or None

    def get_excerpt(self, instance: WebhookDelivery) -> str | None:
        return instance.excerpt or None


class ReplaySerializer(StrictSerializer):
    """The revision after which everything is to be sent again."""

    since = serializers.IntegerField(min_value=0, max_value=LARGEST_OFFSET)

    def validate_since(self, since: int) -> int:
        last = current_revision()
        if since > last:
            message = _("There is no revision %(number)s; the last is %(last)d.")
            raise serializers.ValidationError(message % {"number": since, "last": last}, "no_such_revision")
        return since


class WebhookPermissions(BasePermission):
    """Nobody without an account, no token without the scope; which webhooks there are, the query set says."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        for collection, access in self._needed(request, view):
            if not in_scope(request, collection, access):
                raise out_of_scope(request, collection, access)
        if view.action == "create" and not may_subscribe(request.user):
            raise PermissionDenied(_("Webhooks are for members of staff with the permission, and for managers."))
        return True

    def _needed(self, request: Request, view: Any) -> list[tuple[str, str]]:
        if request.method in SAFE_METHODS:
            return [(view.collection, "read")]
        # What a token may not follow itself, it does not have sent to another place.
        return [(view.collection, "write"), ("changes", "read")]

    def has_object_permission(self, request: Request, view: Any, webhook: Webhook) -> bool:
        if request.method in SAFE_METHODS:
            return True
        verb = "delete" if view.action == "destroy" else "change"
        if may(request.user, verb):
            return True
        # Whoever has lost their authority may still end what is theirs.
        return webhook.owner == request.user and (verb == "delete" or may_subscribe(request.user))


def _described(summary: Any, **more: Any) -> Callable[[_F], _F]:
    return extend_schema(summary=summary, parameters=[WEBHOOK_ID], **more)


@extend_schema_view(
    list=extend_schema(operation_id="webhooks_list", summary=gettext_lazy("List: webhooks")),
    retrieve=_described(gettext_lazy("Read: webhook"), operation_id="webhooks_retrieve"),
    update=_described(gettext_lazy("Replace: webhook"), operation_id="webhooks_update"),
    partial_update=_described(gettext_lazy("Change: webhook"), operation_id="webhooks_partial_update"),
    destroy=_described(gettext_lazy("Delete: webhook"), operation_id="webhooks_destroy"),
)
class WebhookViewSet(WholeWrites, viewsets.GenericViewSet[Webhook]):
    """Addresses to which what changes is posted as signed CloudEvents, in order, until it is taken."""

    collection = "webhooks"
    private = True
    queryset = Webhook.objects.all()
    serializer_class = WebhookSerializer
    permission_classes = (WebhookPermissions,)
    pagination_class = RecordPagination
    filter_backends = ()
    lookup_field = "id"
    lookup_value_regex = "[0-9]{1,18}"
    answers_with_secret = frozenset({"create", "rotate_secret"})

    def get_view_name(self) -> str:
        return capfirst(str(Webhook._meta.verbose_name_plural))

    def get_queryset(self) -> Any:
        return Webhook.objects.visible_to(self.request.user).select_related("owner")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = PAGE_NAMES if self.action in ("list", "deliveries") else {"format"}
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise UnknownParameter(unknown, known)

    def list(self, request: Request) -> Response:
        serializer: Any = self.get_serializer(many=True)
        serializer.instance = self.paginate_queryset(for_reading(self.get_queryset(), serializer.child, request.user))
        return self.get_paginated_response(serializer.data)

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="webhooks_create",
        summary=gettext_lazy("Create: webhook"),
        responses={HTTPStatus.CREATED: WebhookWithSecretSerializer},
    )
    def create(self, request: Request) -> Response:
        """Subscribe an address. The answer holds the secret that signs what is sent there; it is not shown again."""
        require_body(request)
        with transaction.atomic():
            serializer = self.get_serializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            body = self._with_secret(serializer.save(owner=request.user))
        return Response(body, HTTPStatus.CREATED, headers={"Location": body["url"]})

    def update(self, request: Request, id: str, *, partial: bool = False) -> Response:  # noqa: A002
        require_body(request)
        with transaction.atomic():
            webhook = self._locked()
            before = webhook.link
            serializer = self.get_serializer(webhook, data=request.data, partial=partial)
            serializer.is_valid(raise_exception=True)
            webhook = serializer.save()
            if webhook.link != before:
                webhook.retry()
            return self._answer(webhook)

    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002
        return self.update(request, id, partial=True)

    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002
        with transaction.atomic():
            self._locked().delete()
        return Response(status=HTTPStatus.NO_CONTENT)

    @_described(
        gettext_lazy("Send a test event"), operation_id="webhooks_test", request=None,
        responses=WebhookDeliverySerializer,
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def test(self, request: Request, id: str) -> Response:  # noqa: A002
        """Post a test event now, whatever else waits; the answer is what came of it."""
        webhook = self.get_object()
        self._refuse_without_authority(webhook)
        return Response(WebhookDeliverySerializer(send_test(webhook)).data)

    @_described(
        gettext_lazy("Send again from a revision"), operation_id="webhooks_replay", request=ReplaySerializer,
        responses=WebhookSerializer,
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, id: str) -> Response:  # noqa: A002
        """Send all that came after a revision again, in its order, as far as the owner may see it now."""
        require_body(request)
        body = ReplaySerializer(data=request.data)
        with transaction.atomic():
            webhook = self._locked()
            body.is_valid(raise_exception=True)
            webhook.replay(body.validated_data["since"])
            return self._answer(webhook)

    @_described(
        gettext_lazy("Resume a paused webhook"), operation_id="webhooks_resume", request=None,
        responses=WebhookSerializer,
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, id: str) -> Response:  # noqa: A002
        """Go on where it stopped; or, where the last delivery failed, try again at once."""
        with transaction.atomic():
            webhook = self._locked()
            self._refuse_without_authority(webhook)
            webhook.resume()
            return self._answer(webhook)

    @_described(
        gettext_lazy("Take a new secret"), operation_id="webhooks_rotate_secret", request=None,
        responses=WebhookWithSecretSerializer,
    )  # fmt: skip
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, id: str) -> Response:  # noqa: A002
        """Show a new secret, once. For 24 hours the one before signs along with it."""
        with transaction.atomic():
            webhook = self._locked()
            webhook.rotate()
            return Response(self._with_secret(webhook))

    @extend_schema(
        operation_id="webhooks_deliveries", summary=gettext_lazy("Read the log of deliveries"),
        parameters=[WEBHOOK_ID, *PAGE], responses=WebhookDeliverySerializer(many=True),
    )  # fmt: skip
    @action(detail=True, methods=["get"])
    def deliveries(self, request: Request, id: str) -> Response:  # noqa: A002
        """What was posted and what came of it, newest first."""
        log: Any = self.get_object().deliveries.all()
        rows = self.paginate_queryset(log)
        return self.get_paginated_response(WebhookDeliverySerializer(rows, many=True).data)

    def _locked(self) -> Webhook:
        """The webhook that the address names, which nobody else writes until the transaction ends."""
        rows = self.get_queryset().select_for_update(of=("self",), no_key=True)
        webhook: Webhook | None = rows.filter(pk=self.kwargs["id"]).first()
        if webhook is None:
            raise Http404
        self.check_object_permissions(self.request, webhook)
        return webhook

    def _answer(self, webhook: Webhook) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=webhook.pk)).data)

    def _with_secret(self, webhook: Webhook) -> Any:
        shown = self.get_queryset().get(pk=webhook.pk)
        return WebhookWithSecretSerializer(shown, context=self.get_serializer_context()).data

    def _refuse_without_authority(self, webhook: Webhook) -> None:
        refusal = webhook.refusal()
        if refusal:
            raise Conflict(str(Webhook.Pause(refusal).label))
