"""An organization with one above it and one beside it, and somebody in every role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from initiatives.models import Membership, Organization
from tests.api.client import ApiClient
from tests.factories import make_organization, unique_number


def make_member(organization: Organization, role: str) -> User:
    """A user with a role in an organization."""
    user = User.objects.create_user(f"{role}-{unique_number()}", email=f"{role}-{unique_number()}@example.org")
    Membership.objects.create(user=user, organization=organization, role=role)
    return user


@dataclass
class Cast:
    """Who asks, by what they are to the organization ``own``."""

    above: Organization
    own: Organization
    other: Organization
    clients: dict[str, ApiClient]

    @classmethod
    def of_everybody(cls) -> Cast:
        above = make_organization()
        own, other = make_organization(parent=make_organization(parent=above)), make_organization()
        clients: dict[str, Any] = {
            "anonymous": ApiClient(),
            "outsider": ApiClient(User.objects.create_user(f"outsider-{unique_number()}")),
            "manager elsewhere": ApiClient(make_member(other, "manager")),
            "staff": ApiClient(User.objects.create_user(f"staff-{unique_number()}", is_staff=True)),
            "curator": ApiClient(User.objects.create_superuser(f"curator-{unique_number()}")),
        }
        for role in ("contributor", "publisher", "manager"):
            clients[role] = ApiClient(make_member(own, role))
            clients[f"{role} above"] = ApiClient(make_member(above, role))
        return cls(above, own, other, clients)
