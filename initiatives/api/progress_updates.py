"""Progress updates at addresses of their own, for those who report: drafted, reviewed and published one at a time."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives import workflow
from initiatives.models import Initiative, ProgressUpdate
from initiatives.models.publication import PublicationState, is_curator
from initiatives.permissions import Action, why_not
from tracker.api.parsers import require_body
from tracker.api.permissions import in_scope, out_of_scope
from tracker.api.unversioned import UnversionedViewSet

from .initiatives import ProgressUpdateSerializer
from .publication import CommentSerializer

_F = TypeVar("_F", bound=Callable[..., Any])
OF_INITIATIVE = OpenApiParameter(
    "initiative", str, OpenApiParameter.PATH, description=gettext_lazy("The slug of the initiative.")
)
UPDATE_ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description=gettext_lazy("Its id."))


def described(summary: Any, operation: str, *, of_one: bool = True, **more: Any) -> Callable[[_F], _F]:
    parameters = [OF_INITIATIVE, UPDATE_ID] if of_one else [OF_INITIATIVE]
    return extend_schema(summary=summary, operation_id=operation, parameters=parameters, **more)


class MembersReport(BasePermission):
    """Everybody reads; who may write which update, its viewset asks ``initiatives.permissions``."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS:
            return True
        if not request.user.is_authenticated:
            return False
        if not in_scope(request, "initiatives", "write"):
            raise out_of_scope(request, "initiatives", "write")
        return True


@extend_schema_view(
    list=described(gettext_lazy("List: progress updates"), "progress_updates_list", of_one=False),
    retrieve=described(gettext_lazy("Read: progress update"), "progress_updates_retrieve"),
)
class ProgressUpdateViewSet(UnversionedViewSet):
    """What those who run an initiative report, each update with its own publication."""

    private = False
    collection = "initiatives"
    queryset = ProgressUpdate.objects.all()
    serializer_class = ProgressUpdateSerializer
    permission_classes = (MembersReport,)
    related = ("initiative",)

    def get_queryset(self) -> Any:
        initiative = self._initiative()
        rows = super().get_queryset().filter(initiative=initiative)
        return rows.prefetch_related("citations__source").order_by("-on", "-id")

    @described(
        gettext_lazy("Create: progress update"), "progress_updates_create", of_one=False,
        request=ProgressUpdateSerializer, responses={HTTPStatus.CREATED: ProgressUpdateSerializer},
    )  # fmt: skip
    def create(self, request: Request, initiative: str) -> Response:
        """Report how it goes. What a member writes begins as a draft."""
        require_body(request)
        with transaction.atomic():
            state = PublicationState.PUBLISHED if is_curator(request.user) else PublicationState.DRAFT
            update = self._saved(self._serializer(data=request.data), initiative=self._initiative(), state=state)
            self._ask(Action.DRAFT, update)
            body = self.answer(update).data
        return Response(body, HTTPStatus.CREATED)

    @described(
        gettext_lazy("Change: progress update"), "progress_updates_partial_update",
        request=ProgressUpdateSerializer, responses=ProgressUpdateSerializer,
    )  # fmt: skip
    def partial_update(self, request: Request, initiative: str, id: str) -> Response:  # noqa: A002
        """Change what the body names."""
        require_body(request)
        with transaction.atomic():
            update = self.locked()
            self._ask(Action.CHANGE, update)
            return self.answer(self._saved(self._serializer(update, data=request.data, partial=True)))

    @described(gettext_lazy("Delete: progress update"), "progress_updates_destroy")
    def destroy(self, request: Request, initiative: str, id: str) -> Response:  # noqa: A002
        """Delete a draft."""
        with transaction.atomic():
            update = self.locked()
            self._ask(Action.DELETE, update)
            update.delete()
        return Response(status=HTTPStatus.NO_CONTENT)

    @described(gettext_lazy("Submit for review"), "progress_updates_submit", request=CommentSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, initiative: str, id: str) -> Response:  # noqa: A002
        """Ask for a review. Of those who may approve it, it is published at once."""
        return self._take(workflow.submit)

    @described(gettext_lazy("Approve and publish"), "progress_updates_approve", request=CommentSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, initiative: str, id: str) -> Response:  # noqa: A002
        """Let everybody read it."""
        return self._take(workflow.approve)

    @described(gettext_lazy("Return to the authors"), "progress_updates_return", request=CommentSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def return_(self, request: Request, initiative: str, id: str) -> Response:  # noqa: A002
        """Give it back to its authors; `comment` says why."""
        return self._take(workflow.return_for_changes)

    @described(gettext_lazy("Withdraw"), "progress_updates_withdraw", request=CommentSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, initiative: str, id: str) -> Response:  # noqa: A002
        """Take it out of the review; or what is published from sight, and say why."""
        return self._take(workflow.withdraw)

    def _initiative(self) -> Initiative:
        rows = Initiative.objects.visible_to(self.request.user)
        initiative: Initiative | None = rows.filter(slug=self.kwargs["initiative"]).first()
        if initiative is None:
            raise Http404
        return initiative

    def _serializer(self, *args: Any, **kwargs: Any) -> Any:
        own = not is_curator(self.request.user)
        return ProgressUpdateSerializer(*args, context={**self.get_serializer_context(), "own": own}, **kwargs)

    def _saved(self, serializer: Any, **values: Any) -> Any:
        serializer.is_valid(raise_exception=True)
        return serializer.save(**values)

    def _ask(self, what: Action, update: ProgressUpdate) -> None:
        refusal = why_not(self.request.user, what, update)
        if refusal:
            raise PermissionDenied(refusal)

    def _take(self, step: Callable[..., None]) -> Response:
        body = CommentSerializer(data=self.request.data)
        with transaction.atomic():
            update = self.locked()
            body.is_valid(raise_exception=True)
            comment = body.validated_data["comment"]
            attribution: Any = self.request.attribution
            attribution.reason = attribution.reason or comment
            step(record=update, by=self.request.user, comment=comment)
            return self.answer(update)
