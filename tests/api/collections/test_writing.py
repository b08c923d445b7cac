"""Every collection is written in the same way, and a write changes what it names and nothing else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User

from initiatives import models
from tests.api.client import ApiClient
from tests.api.collections.suite import IDENTITY, CollectionCase, refusals, without

VOLATILE = ("created_at", "updated_at")


def said(response: Any, status: int = 200) -> dict[str, Any]:
    """The record that a write answers with."""
    assert response.status_code == status, response.content
    document: dict[str, Any] = response.json()
    return document


def test_a_record_is_created_at_the_address_that_is_answered(case: CollectionCase, curator: ApiClient) -> None:
    response = curator.send("POST", case.path, case.body())
    document = said(response, 201)
    assert response["Location"] == document["url"]
    assert curator.get(response["Location"]).json() == document
    assert case.rows().get().slug == document["slug"]


def test_a_record_takes_the_slug_that_it_is_given(case: CollectionCase, curator: ApiClient) -> None:
    document = said(curator.send("POST", case.path, {"slug": "a-slug-2", **case.body()}), 201)
    assert document["slug"] == "a-slug-2"


def test_records_alike_get_different_slugs(case: CollectionCase, curator: ApiClient) -> None:
    slugs = [said(curator.send("POST", case.path, case.body()), 201)["slug"] for _ in range(3)]
    assert len(set(slugs)) == 3


def test_what_is_read_can_be_sent_back_and_changes_nothing(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    for method in ("PUT", "PATCH"):
        assert said(curator.send(method, case.at(row), case.writable_form(before))) == before


def test_what_is_read_can_be_deleted_and_created_again(case: CollectionCase, curator: ApiClient) -> None:
    for n in (0, 1):
        row = case.rich(n)
        # What an indicator has observed are records of their own, which stand in the way.
        models.Observation.objects.exclude(pk=row.pk).delete()
        before = case.read(curator, row)
        assert curator.send("DELETE", case.at(row)).status_code == 204
        after = said(curator.send("POST", case.path, without(case.writable_form(before), "id")), 201)
        assert without(after, "id", *VOLATILE) == without(before, "id", *VOLATILE)


def test_a_replacement_resets_what_it_does_not_name(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(1)
    slug_before = row.slug
    body = case.body()
    fresh = said(curator.send("POST", case.path, body), 201)
    assert curator.delete(fresh["url"]).status_code == 204
    replaced = said(curator.send("PUT", case.at(row), body))
    assert (replaced["id"], replaced["slug"]) == (row.pk, slug_before)
    unnamed = set(case.writable()) - set(body) - IDENTITY
    assert {name: replaced[name] for name in unnamed} == {name: fresh[name] for name in unnamed}


def test_a_patch_writes_only_what_it_names(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    after = said(curator.send("PATCH", case.at(row), case.patch))
    for name, value in case.patch.items():
        assert after[name] == value != before[name]
    rest = set(case.writable()) - set(case.patch)
    assert {name: after[name] for name in rest} == {name: before[name] for name in rest}
    assert after["updated_at"] > before["updated_at"]
    assert case.read(curator, row) == after


def test_an_empty_patch_changes_nothing(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    assert said(curator.send("PATCH", case.at(row), {})) == before


def test_a_record_can_be_renamed(case: CollectionCase, curator: ApiClient) -> None:
    row = case.make()
    document = said(curator.send("PATCH", case.at(row), {"slug": "renamed"}))
    assert document["url"].endswith(f"/{case.name}/renamed/")
    refusals(curator.read(case.at(row)), 404)


def test_a_deleted_record_is_gone(case: CollectionCase, curator: ApiClient) -> None:
    row = case.make()
    response = curator.send("DELETE", case.at(row))
    assert (response.status_code, response.content) == (204, b"")
    refusals(curator.read(case.at(row)), 404)
    refusals(curator.send("DELETE", case.at(row)), 404)


def test_a_dry_run_answers_and_writes_nothing(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    count = case.count()
    body = case.body()
    assert said(curator.send("POST", f"{case.path}?dry_run=true", {**body, "slug": "dry"}))["slug"] == "dry"
    assert curator.send("PUT", f"{case.at(row)}?dry_run=true", body).status_code == 200
    tried = said(curator.send("PATCH", f"{case.at(row)}?dry_run=true", case.patch))
    assert tried == {**tried, **case.patch}
    curator.send("DELETE", f"{case.at(row)}?dry_run=true")
    assert case.count() == count
    assert case.read(curator, row) == before


def test_a_dry_run_refuses_as_the_write_would(case: CollectionCase, curator: ApiClient) -> None:
    assert refusals(curator.send("POST", f"{case.path}?dry_run=true", {"no_such_field": 1}))
    assert refusals(curator.send("POST", f"{case.path}?dry_run=yes", case.body())) == [("dry_run", "invalid")]
    assert case.count() == 0


def test_parts_that_are_left_out_go_and_the_others_stay_who_they_are(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    for name in case.parts():
        kept = before[name][-1]
        after = said(curator.send("PATCH", case.at(row), {name: [{"id": kept["id"]}]}))
        assert [part["id"] for part in after[name]] == [kept["id"]]
        assert without(after[name], "position", *VOLATILE) == without([kept], "position", *VOLATILE)
        assert said(curator.send("PATCH", case.at(row), {name: []}))[name] == []
    after = case.read(curator, row)
    unlike = {name for name in before if after[name] != before[name]}
    assert unlike <= {*case.parts(), *case.read_only()}


def test_parts_are_put_in_the_order_of_the_list(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    before = case.read(curator, row)
    for name in case.parts():
        if "position" not in before[name][0]:
            continue
        ids = [part["id"] for part in before[name]]
        after = said(curator.send("PATCH", case.at(row), {name: [{"id": pk} for pk in reversed(ids)]}))
        assert [part["id"] for part in after[name]] == ids[::-1]
        assert [part["position"] for part in after[name]] == list(range(1, len(ids) + 1))
        assert without(after[name][::-1], "position", "updated_at") == without(before[name], "position", "updated_at")


def test_staff_write_with_the_permission_for_the_model_alone(
    case: CollectionCase, staff_user: User, staff: ApiClient
) -> None:
    row = case.make()
    verbs = {"add": ("POST", case.path), "change": ("PATCH", case.at(row)), "delete": ("DELETE", case.at(row))}
    for verb, (method, path) in verbs.items():
        body = case.body() if verb == "add" else {}
        assert refusals(staff.send(method, path, body), 403) == []
        staff_user.user_permissions.set(Permission.objects.filter(codename=f"{verb}_{case.model._meta.model_name}"))
        assert staff.send(method, path, body).status_code in (200, 201, 204)


def test_nobody_else_writes(
    case: CollectionCase, anonymous: ApiClient, reader: ApiClient, staff: ApiClient, curator: ApiClient
) -> None:
    row = case.make()
    before = case.read(curator, row)
    count = case.count()
    writes = [("POST", case.path), ("PUT", case.at(row)), ("PATCH", case.at(row)), ("DELETE", case.at(row))]
    for client, status in ((anonymous, 401), (reader, 403), (staff, 403)):
        for method, path in writes:
            assert refusals(client.send(method, path, {}), status) == []
    assert case.count() == count
    assert case.read(curator, row) == before
