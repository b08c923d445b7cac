"""Memberships, invitations and requests to join: of oneself, and of the organizations that one manages."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from initiatives import members
from initiatives.models import Invitation, JoinRequest, Membership, Organization
from initiatives.models.memberships import Role
from tracker.api.fields import ListedChoiceField, ReferenceField
from tracker.api.parsers import require_body
from tracker.api.permissions import in_scope, out_of_scope
from tracker.api.problem_types import InvalidParameters
from tracker.api.unversioned import UnversionedViewSet
from tracker.history.api.shapes import StrictSerializer

_F = TypeVar("_F", bound=Callable[..., Any])
LONGEST = 2_000
ROW_ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH, description=gettext_lazy("Its id."))
OF_ORGANIZATION = OpenApiParameter(
    "organization", str, description=gettext_lazy("Only those of the organization with this slug.")
)


def described(summary: Any, operation: str, **more: Any) -> Callable[[_F], _F]:
    return extend_schema(summary=summary, operation_id=operation, parameters=[ROW_ID], **more)


class AccountHolders(BasePermission):
    """Nobody without an account, no token without the scope; who may do what to which, ``initiatives.members`` asks."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        access = "read" if request.method in SAFE_METHODS else "write"
        if not in_scope(request, view.collection, access):
            raise out_of_scope(request, view.collection, access)
        return True


class RoleField(ListedChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=Role.choices, **kwargs)


class MembershipSerializer(serializers.ModelSerializer):
    organization: Any = ReferenceField(read_only=True)
    user: Any = serializers.CharField(source="user.username", read_only=True)
    role: Any = RoleField(read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "organization", "user", "role", "created_at", "updated_at")
        read_only_fields = fields


class ChangeOfRoleSerializer(StrictSerializer):
    """What a member is to be."""

    role = RoleField()


class InvitationSerializer(serializers.ModelSerializer):
    organization: Any = ReferenceField(read_only=True)
    role: Any = RoleField(read_only=True)
    invited_by: Any = serializers.CharField(source="invited_by.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Invitation
        fields = (
            "id",
            "organization",
            "email",
            "role",
            "message",
            "state",
            "invited_by",
            "created_at",
            "expires_at",
            "decided_at",
        )
        read_only_fields = fields


class NewInvitationSerializer(StrictSerializer):
    """Whom to invite to what."""

    organization = ReferenceField(queryset=Organization.objects.current())
    email = serializers.EmailField(max_length=254)
    role = RoleField()
    message = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST, default="")


class JoinRequestSerializer(serializers.ModelSerializer):
    organization: Any = ReferenceField(read_only=True)
    user: Any = serializers.CharField(source="user.username", read_only=True)
    decided_by: Any = serializers.CharField(source="decided_by.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = JoinRequest
        fields = (
            "id",
            "organization",
            "user",
            "message",
            "state",
            "comment",
            "decided_by",
            "created_at",
            "decided_at",
        )
        read_only_fields = fields


class NewJoinRequestSerializer(StrictSerializer):
    """Whom to ask, and what to say."""

    organization = ReferenceField(queryset=Organization.objects.current())
    message = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST, default="")


class AcceptanceSerializer(StrictSerializer):
    """What the new member is to be, and what to tell them."""

    role = RoleField(default=Role.CONTRIBUTOR)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST, default="")


class RefusalSerializer(StrictSerializer):
    """Why not."""

    comment = serializers.CharField(max_length=LONGEST)


class MembersViewSet(UnversionedViewSet):
    """What the three collections have in common."""

    permission_classes = (AccountHolders,)
    list_parameters: ClassVar[frozenset[str]] = frozenset({"organization"})
    related: ClassVar[tuple[str, ...]] = ("organization",)

    def filtered(self, rows: Any) -> Any:
        slug = self.request.query_params.get("organization")
        if slug is None:
            return rows
        organization = Organization.objects.filter(slug=slug).first()
        if organization is None:
            message = gettext_lazy("There is no organization with this slug.")
            raise InvalidParameters({"organization": message}, "invalid_parameter")
        return rows.filter(organization=organization)

    def read_body(self, serializer_class: Any) -> dict[str, Any]:
        """What was sent, if it is as it must be."""
        body = serializer_class(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def made(self, row: Any) -> Response:
        body = self.get_serializer(self.get_queryset().get(pk=row.pk)).data
        return Response(body, HTTPStatus.CREATED)


@extend_schema_view(
    list=extend_schema(
        operation_id="memberships_list", summary=gettext_lazy("List: memberships"), parameters=[OF_ORGANIZATION]
    ),
    retrieve=described(gettext_lazy("Read: membership"), "memberships_retrieve"),
)
class MembershipViewSet(MembersViewSet):
    """Who does what for an organization. Members come by invitation or by asking."""

    collection = "memberships"
    queryset = Membership.objects.all()
    serializer_class = MembershipSerializer
    related = ("organization", "user")

    @described(
        gettext_lazy("Change the role"), "memberships_partial_update", request=ChangeOfRoleSerializer,
        responses=MembershipSerializer,
    )  # fmt: skip
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002
        """Promote or demote a member; for managers."""
        require_body(request)
        with transaction.atomic():
            membership = self.locked()
            members.change_role(membership=membership, by=request.user, **self.read_body(ChangeOfRoleSerializer))
            return self.answer(membership)

    @described(gettext_lazy("End the membership"), "memberships_destroy")
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002
        """Leave, or, as a manager, remove a member."""
        with transaction.atomic():
            members.remove(membership=self.locked(), by=request.user)
        return Response(status=HTTPStatus.NO_CONTENT)


@extend_schema_view(
    list=extend_schema(
        operation_id="invitations_list", summary=gettext_lazy("List: invitations"), parameters=[OF_ORGANIZATION]
    ),
    retrieve=described(gettext_lazy("Read: invitation"), "invitations_retrieve"),
)
class InvitationViewSet(MembersViewSet):
    """Offers to become a member: those to one's own addresses, and those of organizations that one manages."""

    collection = "invitations"
    queryset = Invitation.objects.all()
    serializer_class = InvitationSerializer
    related = ("organization", "invited_by")

    @extend_schema(
        operation_id="invitations_create", summary=gettext_lazy("Invite a member"),
        request=NewInvitationSerializer, responses={HTTPStatus.CREATED: InvitationSerializer},
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        """Offer a role to whoever has an e-mail address, by an account now or later; for managers."""
        require_body(request)
        with transaction.atomic():
            return self.made(members.invite(by=request.user, **self.read_body(NewInvitationSerializer)))

    @described(gettext_lazy("Revoke the invitation"), "invitations_destroy")
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002
        """Take the invitation back; for managers."""
        with transaction.atomic():
            members.revoke_invitation(invitation=self.locked(), by=request.user)
        return Response(status=HTTPStatus.NO_CONTENT)

    @described(gettext_lazy("Accept the invitation"), "invitations_accept", request=None)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, id: str) -> Response:  # noqa: A002
        """Become a member."""
        with transaction.atomic():
            invitation = self.locked()
            members.accept_invitation(invitation=invitation, by=request.user)
            return self.answer(invitation)

    @described(gettext_lazy("Decline the invitation"), "invitations_decline", request=None)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, id: str) -> Response:  # noqa: A002
        """Say no."""
        with transaction.atomic():
            invitation = self.locked()
            members.decline_invitation(invitation=invitation, by=request.user)
            return self.answer(invitation)


@extend_schema_view(
    list=extend_schema(
        operation_id="join_requests_list", summary=gettext_lazy("List: requests to join"), parameters=[OF_ORGANIZATION]
    ),
    retrieve=described(gettext_lazy("Read: request to join"), "join_requests_retrieve"),
)
class JoinRequestViewSet(MembersViewSet):
    """Wishes to become a member: one's own, and those to organizations that one manages."""

    collection = "join-requests"
    queryset = JoinRequest.objects.all()
    serializer_class = JoinRequestSerializer
    related = ("organization", "user", "decided_by")

    @extend_schema(
        operation_id="join_requests_create", summary=gettext_lazy("Ask to join"),
        request=NewJoinRequestSerializer, responses={HTTPStatus.CREATED: JoinRequestSerializer},
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        """Ask an organization to become its member."""
        require_body(request)
        with transaction.atomic():
            return self.made(members.ask_to_join(by=request.user, **self.read_body(NewJoinRequestSerializer)))

    @described(gettext_lazy("Take the request back"), "join_requests_destroy")
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002
        """Withdraw one's own request."""
        with transaction.atomic():
            members.withdraw_request(request=self.locked(), by=request.user)
        return Response(status=HTTPStatus.NO_CONTENT)

    @described(gettext_lazy("Accept the request"), "join_requests_accept", request=AcceptanceSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, id: str) -> Response:  # noqa: A002
        """Make whoever asked a member; for managers."""
        with transaction.atomic():
            wish = self.locked()
            members.accept_request(request=wish, by=request.user, **self.read_body(AcceptanceSerializer))
            return self.answer(wish)

    @described(gettext_lazy("Refuse the request"), "join_requests_refuse", request=RefusalSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, id: str) -> Response:  # noqa: A002
        """Say why not; for managers."""
        require_body(request)
        with transaction.atomic():
            wish = self.locked()
            members.refuse_request(request=wish, by=request.user, **self.read_body(RefusalSerializer))
            return self.answer(wish)
