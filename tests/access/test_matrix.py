"""Every operation of the API × everybody who may ask × what is there: generated from the OpenAPI document.

Who may do what to the record of their own organization, state by state, is in ``test_permission_table``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from initiatives.api.examples import EXAMPLES
from initiatives.models import Dashboard, Invitation, JoinRequest, Membership, Webhook
from tests import factories as make
from tests.access.people import Cast
from tests.admin.rows import ROWS
from tests.api.client import ApiClient
from tests.api.collections.cases import CASES
from tests.api.openapi import OpenAPI
from tracker.api.models import Token

pytestmark = pytest.mark.django_db

MODELS = {case.name: case.model for case in CASES}
STRANGERS = ("anonymous", "outsider", "contributor", "manager")
ROLES = (*STRANGERS, "curator")
# Below a record that everybody reads, for those who speak for its owner; to all others as if they were not there.
OF_OWNERS = {"steps", "next-version", "accesses"}
# Published and changed by the members of the organization that answers for them; all else is written by curators.
OF_MEMBERS = {"smart-services", "datasets", "initiatives", "observations"}
PERSONAL = (
    "/api/v1/me/",
    "/api/v1/webhooks/",
    "/api/v1/memberships/",
    "/api/v1/invitations/",
    "/api/v1/join-requests/",
)
FAMILIES = {"dashboards", "webhooks", "memberships", "invitations", "join-requests", "me/tokens", "me/following"}
# Read by everybody, each by what they may see; these have tests of their own.
ELSEWHERE = {
    "revisions_retrieve": "tests/history", "dashboards_shared": "tests/api/test_dashboards.py",
    "dashboards_shared_copy": "tests/api/test_dashboards.py",
}  # fmt: skip


def operations() -> Iterator[tuple[str, str, str]]:
    """The id, method and path of each."""
    for path, method, operation in OpenAPI.in_language().operations():
        yield operation["operationId"], method.upper(), path


def at_variables(path: str) -> bool:
    return "{" in path


def family_of(path: str) -> str | None:
    """What stands before the first variable of a path, as in “me/tokens”."""
    found = re.match(r"/api/v1/(me/\w+|[\w-]+)/\{", path)
    return found[1] if found else None


def collection_of(path: str) -> str | None:
    """The collection of whose records the path names one."""
    found = family_of(path)
    return found if found in EXAMPLES else None


def ask(client: ApiClient, method: str, address: str) -> Any:
    """The answer to a request that says as little as it can; whatever it did is undone."""
    with transaction.atomic():
        body = b"{}" if method in ("POST", "PUT", "PATCH") else b""
        answer = client.generic(method, address, body, "application/json", headers={"accept": "*/*"})
        b"".join(answer) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer


def filled(path: str, values: dict[str, Any]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), path)


# Records that everybody reads ----------------------------------------------------------------------------------------


def expected_of_public(role: str, method: str, path: str) -> set[int]:
    """What somebody is answered who does not speak for the owner of a public record."""
    owners = OF_OWNERS & set(path.split("/"))
    if method == "GET":
        return {404} if owners else {200}
    if path.endswith("/ratings/"):
        # Anybody may say how happy they are; nothing was said.
        return {400}
    if role == "anonymous":
        return {401}
    if path.endswith("/datasets/{slug}/access/"):
        # Open data, for whoever says who they are.
        return {200}
    if method == "POST" and path.endswith("/progress-updates/"):
        # Whose report it would be is in what was sent.
        return {400}
    return {403, 404} if owners else {403}


@pytest.mark.parametrize("collection", EXAMPLES)
def test_the_public_records_of_others_are_read_by_everybody_and_written_by_nobody(collection: str) -> None:
    cast = Cast.of_everybody()
    row: Any = ROWS[MODELS[collection]]()
    values = {"slug": row.slug, "initiative": row.slug}
    if collection == "initiatives":
        values["id"] = make.make_progress_update(initiative=row).pk
    wrong = []
    for _operation, method, path in operations():
        if collection_of(path) != collection:
            continue
        for role in STRANGERS:
            status = ask(cast.clients[role], method, filled(path, values)).status_code
            if status not in expected_of_public(role, method, path):
                wrong.append((role, method, path, status))
        status = ask(cast.clients["curator"], method, filled(path, values)).status_code
        if status >= 500 or status in {401, 403}:
            wrong.append(("curator", method, path, status))
    assert not wrong, "\n".join(map(str, wrong))


# What one may not see ------------------------------------------------------------------------------------------------


def hidden_records(cast: Cast) -> dict[str, dict[str, Any]]:
    """By collection, the variables of a path to what belongs to another organization and is not public."""
    draft = make.make_initiative(lead=cast.other, state="draft")
    service = make.make_smart_service(provider=cast.other, state="in_review")
    dataset = make.make_dataset(publisher=cast.other, classification="secret")
    indicator = make.make_indicator(smart_service=service)
    rows = {
        "initiatives": draft,
        "milestones": make.make_milestone(initiative=draft),
        "smart-services": service,
        "datasets": dataset,
        "agreements": make.make_sharing_agreement(dataset=dataset, status="requested"),
        "indicators": indicator,
        "observations": make.make_observation(indicator=indicator),
        "citations": make.make_citation(record=draft),
    }
    found: dict[str, dict[str, Any]] = {name: {"slug": row.slug} for name, row in rows.items()}
    public = make.make_initiative(lead=cast.other)
    update = make.make_progress_update(initiative=public, state="draft")
    found["initiatives"] |= {"initiative": draft.slug}
    found["initiatives/progress-updates"] = {"initiative": public.slug, "id": update.pk}
    return found


def rows_of_others(cast: Cast) -> dict[str, dict[str, Any]]:
    """The same of what is nobody's but its holder's, or the other organization's."""
    holder = User.objects.create_user("holder", email="holder@example.org")
    token, _plaintext = Token.issue(user=holder, name="Laptop")
    rows = {
        "dashboards": Dashboard.objects.create(owner=holder, title_en="Mine"),
        "webhooks": Webhook.objects.create(owner=holder, name="Mirror", link="https://example.org/hook"),
        "memberships": Membership.objects.create(user=holder, organization=cast.other, role="contributor"),
        "invitations": Invitation.objects.create(organization=cast.other, email="a@example.org", role="contributor"),
        "join-requests": JoinRequest.objects.create(organization=cast.other, user=holder),
        "me/tokens": token,
    }
    draft = make.make_smart_service(provider=cast.other, state="draft")
    return {name: {"id": row.pk} for name, row in rows.items()} | {
        "me/following": {"collection": "smart-services", "slug": draft.slug}
    }


MISSING = {"slug": "nowhere", "initiative": "nowhere", "id": 2**40, "collection": "smart-services"}


def test_what_one_may_not_see_is_answered_as_what_there_is_not() -> None:
    cast = Cast.of_everybody()
    hidden = hidden_records(cast) | rows_of_others(cast)
    wrong, told = [], 0
    for _operation, method, path in operations():
        family = family_of(path)
        if family not in hidden:
            continue
        values = hidden["initiatives/progress-updates" if "{id}" in path and family == "initiatives" else str(family)]
        nothing = {name: MISSING.get(name, value) for name, value in values.items()}
        for role in STRANGERS:
            secret, missing = (ask(cast.clients[role], method, filled(path, each)) for each in (values, nothing))
            alike = secret.status_code == missing.status_code and without_address(secret) == without_address(missing)
            if not alike or secret.status_code not in expected_of_hidden(role, method, path):
                wrong.append((role, method, path, secret.status_code, missing.status_code))
            told += secret.status_code == 404
        if ask(cast.clients["curator"], method, filled(path, values)).status_code >= 500:
            wrong.append(("curator", method, path, 500, 500))
    assert not wrong, "\n".join(map(str, wrong))
    assert told > 300


def expected_of_hidden(role: str, method: str, path: str) -> set[int]:
    """What whoever may not see something is answered, whether it is there or not."""
    if role == "anonymous" and (method != "GET" or path.startswith(PERSONAL)):
        return {401, 404}
    if method == "GET":
        return {404}
    curators = collection_of(path) not in (*OF_MEMBERS, None) or path.endswith(("/restore/", "/merge/"))
    # What only curators do is refused before anybody looks for what it is done to.
    return {403, 404} if curators else {400, 404}


def without_address(answer: Any) -> Any:
    """A problem document, but for the address that was asked."""
    return {name: value for name, value in json.loads(answer.content or b"{}").items() if name != "instance"}


# Places that are no record's -----------------------------------------------------------------------------------------


def expected_of_place(role: str, method: str, path: str) -> set[int]:
    if method == "GET":
        return {401} if role == "anonymous" and path.startswith(PERSONAL) else {200}
    if role == "anonymous":
        return {401}
    collection = path.split("/")[3]
    if collection in OF_MEMBERS | {"agreements", "invitations", "webhooks"}:
        # Whose it would be, or is, is in what was sent.
        return {400, 403}
    return {403} if collection in EXAMPLES else {200, 201, 400}


def test_at_every_other_address_each_role_is_answered_by_the_table() -> None:
    cast = Cast.of_everybody()
    wrong = []
    for _operation, method, path in operations():
        if at_variables(path):
            continue
        address = f"{path}?q=dubai" if path.endswith("/search/") else path
        for role in STRANGERS:
            status = ask(cast.clients[role], method, address).status_code
            if status not in expected_of_place(role, method, path):
                wrong.append((role, method, path, status))
        status = ask(cast.clients["curator"], method, address).status_code
        if status >= 500 or status in {401, 403}:
            wrong.append(("curator", method, path, status))
    assert not wrong, "\n".join(map(str, wrong))


def test_no_operation_is_left_out() -> None:
    left = {
        operation
        for operation, _method, path in operations()
        if at_variables(path) and collection_of(path) is None and family_of(path) not in FAMILIES
    }
    assert left == set(ELSEWHERE)
