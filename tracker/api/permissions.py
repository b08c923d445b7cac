"""Who may do what: reading is open, writing needs a member of staff with the model's permission."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tracker.api.problem_types import Problem

PERMISSION_FOR_METHOD = {"POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


class ReadOrModelPermissions(BasePermission):
    """Anybody reads; writing needs staff, Django's permission for the view's model, and a token's scope.

    What a reader sees is for the queryset to say. A token that does not reach a collection reads it as
    anybody may, without its owner's privileges.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request may go on; DRF answers 401 to the anonymous and 403 to all others."""
        if request.method in SAFE_METHODS:
            reading_as_anybody(request, _collection_of(view))
            return True
        verb = _verb_of(request, view)
        if verb is None or request.method not in view.allowed_methods:
            # Nobody may do what does not exist: let the view answer 405 rather than ask for credentials.
            return True
        user = request.user
        if not (user and user.is_authenticated):
            return False
        if not in_scope(request, _collection_of(view), "write"):
            raise out_of_scope(request, _collection_of(view), "write")
        return self.may_write(request, view, verb)

    def may_write(self, request: Request, view: Any, verb: str) -> bool:
        """Whether somebody who has signed in, by a token that reaches this far, may go on to write."""
        model = model_of(view)
        user = request.user
        return user.is_staff and user.has_perm(f"{model._meta.app_label}.{verb}_{model._meta.model_name}")


def _verb_of(request: Request, view: Any) -> str | None:
    """The permission that a request needs: its method's, unless the view says another for its action."""
    declared: Mapping[str, str] = getattr(view, "permission_verbs", {})
    return declared.get(getattr(view, "action", None) or "") or PERMISSION_FOR_METHOD.get(request.method or "")


def in_scope(request: Request, collection: str, access: str) -> bool:
    """Whether the token of the request, where it has one, reaches a collection for "read" or "write"."""
    allows = getattr(request.auth, "allows", None)
    return allows is None or allows(collection, access)


def reading_as_anybody(request: Request, collection: str) -> None:
    """Have a token that does not reach a collection read it without its owner's privileges."""
    if not in_scope(request, collection, "read"):
        request.user = AnonymousUser()


def _collection_of(view: Any) -> str:
    """The name of a view's collection, as scopes spell it; views outside any collection have none."""
    return getattr(view, "collection", None) or getattr(view, "basename", None) or ""


def model_of(view: Any) -> type[Model]:
    """The model whose rows a view writes."""
    queryset = view.queryset if getattr(view, "queryset", None) is not None else view.get_queryset()
    model: type[Model] = queryset.model
    return model


def out_of_scope(request: Request, collection: str, access: str) -> Problem:
    """What a token is told that does not reach a collection."""
    held = ", ".join(getattr(request.auth, "scopes", ()))
    values = {"needed": f"{collection}:{access}", "held": held}
    return Problem(_("This needs the scope “%(needed)s”; the token has: %(held)s.") % values, "token_scope")
