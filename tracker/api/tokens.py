"""`/api/v1/me/tokens/`: the tokens of whoever asks. A new one is shown once; none reaches further than its maker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from tracker.api.models import Token, TooManyTokensError, valid_scope
from tracker.api.pagination import RecordPagination
from tracker.api.parsers import require_body
from tracker.api.permissions import in_scope, out_of_scope
from tracker.api.problem_types import Conflict, UnknownParameter
from tracker.api.scopes import refuse_unknown_scopes
from tracker.api.whole_writes import WholeWrites
from tracker.history.api.shapes import PAGE_NAMES, StrictSerializer

_F = TypeVar("_F", bound=Callable[..., Any])
TOKEN_ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description=gettext_lazy("Its id."))


class TokenSerializer(serializers.ModelSerializer):
    """A token as its owner sees it: of its secret, no more than how it begins."""

    url: Any = serializers.SerializerMethodField()
    scopes: Any = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Token
        fields: Any = (
            "id", "url", "name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, instance: Token) -> str:
        return str(self.context["request"].build_absolute_uri(reverse("tokens-detail", kwargs={"id": instance.pk})))


class NewTokenSerializer(TokenSerializer):
    """A token with its plaintext, which is shown this once."""

    token: Any = serializers.SerializerMethodField(help_text=gettext_lazy("Send it as: Authorization: Bearer <token>."))

    class Meta(TokenSerializer.Meta):
        fields: Any = (*TokenSerializer.Meta.fields, "token")

    def get_token(self, instance: Token) -> str:
        return str(self.context["plaintext"])


class TokenNameSerializer(StrictSerializer):
    """What can be changed of a token."""

    name = serializers.CharField(max_length=100, help_text=gettext_lazy("What the token is for."))


class TokenRequestSerializer(TokenNameSerializer):
    """What a token is to be."""

    scopes = serializers.ListField(
        child=serializers.CharField(max_length=100, validators=[valid_scope]),
        min_length=1,
        max_length=100,
        help_text=gettext_lazy("What it reaches: *, or such as initiatives:read, engagements:write."),
    )
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text=gettext_lazy("In 90 days where nothing is said; null, which is never, is for members of staff."),
    )

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        refuse_unknown_scopes(scopes)
        return list(dict.fromkeys(scopes))


class OwnTokens(BasePermission):
    """Everybody's tokens are their own; a token must reach them to see or change any."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        access = "read" if request.method in SAFE_METHODS else "write"
        if not in_scope(request, view.collection, access):
            raise out_of_scope(request, view.collection, access)
        return True


def _described(summary: Any, **more: Any) -> Callable[[_F], _F]:
    return extend_schema(summary=summary, parameters=[TOKEN_ID], **more)


@extend_schema_view(
    list=extend_schema(operation_id="tokens_list", summary=gettext_lazy("List: own tokens")),
    retrieve=_described(gettext_lazy("Read: own token"), operation_id="tokens_retrieve"),
)
class TokenViewSet(WholeWrites, viewsets.GenericViewSet[Token]):
    """The keys with which programs act for whoever asks, newest first, with those that open nothing any more."""

    collection = "tokens"
    private = True
    queryset = Token.objects.none()
    serializer_class = TokenSerializer
    permission_classes = (OwnTokens,)
    pagination_class = RecordPagination
    filter_backends = ()
    lookup_field = "id"
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ("get", "post", "patch", "delete", "head", "options")
    answers_with_secret = frozenset({"create"})
    known: ClassVar[Mapping[str, frozenset[str]]] = {"list": PAGE_NAMES}

    def get_view_name(self) -> str:
        return capfirst(str(Token._meta.verbose_name_plural))

    def get_queryset(self) -> Any:
        return Token.objects.filter(user=self.request.user.pk)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self.known.get(self.action, frozenset({"format"}))
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise UnknownParameter(unknown, known)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.headers.setdefault("Cache-Control", "no-store")
        return super().finalize_response(request, response, *args, **kwargs)

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="tokens_create",
        summary=gettext_lazy("Create: own token"),
        request=TokenRequestSerializer,
        responses={HTTPStatus.CREATED: NewTokenSerializer},
    )
    def create(self, request: Request) -> Response:
        """Make a token. The answer holds its plaintext, which is not shown again; so it is never kept."""
        require_body(request)
        asked = TokenRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        maker = request.auth if isinstance(request.auth, Token) else None
        wanted = {"expires_at": Token.usual_end(maker), **asked.validated_data}
        try:
            token, plaintext = Token.issue_for_oneself(user=request.user, by=maker, **wanted)
        except TooManyTokensError as error:
            raise Conflict(" ".join(error.messages)) from error
        body = NewTokenSerializer(token, context={**self.get_serializer_context(), "plaintext": plaintext}).data
        return Response(body, HTTPStatus.CREATED, headers={"Location": body["url"]})

    @_described(
        gettext_lazy("Rename: own token"), operation_id="tokens_partial_update", request=TokenNameSerializer,
        responses=TokenSerializer,
    )  # fmt: skip
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002
        """Give it another name; what it reaches, and until when, is fixed."""
        require_body(request)
        body = TokenNameSerializer(data=request.data, partial=True)
        with transaction.atomic():
            token = self._locked()
            body.is_valid(raise_exception=True)
            token.name = body.validated_data.get("name", token.name)
            token.save(update_fields=["name"])
        return Response(self.get_serializer(token).data)

    @_described(gettext_lazy("Revoke: own token"), operation_id="tokens_destroy")
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002
        """End it now, for good; the list goes on to show when."""
        with transaction.atomic():
            self._locked().revoke()
        return Response(status=HTTPStatus.NO_CONTENT)

    def _locked(self) -> Token:
        token: Token | None = self.get_queryset().select_for_update(no_key=True).filter(pk=self.kwargs["id"]).first()
        if token is None:
            raise Http404
        return token
