"""Every collection is read in the same way: by everybody, in pages, as thin or as wide as one asks."""

from __future__ import annotations

from tests.api.client import ApiClient
from tests.api.collections.cases import CASES
from tests.api.collections.suite import CollectionCase, refusals, unknown_in
from tracker.api import collections
from tracker.api.selection import expandable


def test_every_collection_has_a_case() -> None:
    assert sorted(case.name for case in CASES) == sorted(collections.names())


def test_the_rich_rows_of_a_case_leave_no_member_unknown(case: CollectionCase, curator: ApiClient) -> None:
    documents = [case.read(curator, row) for row in case.rich_rows()]
    assert [name for name in unknown_in(documents) if not name.endswith("replaced_by")] == []


def test_a_list_holds_every_record_in_full(case: CollectionCase, anonymous: ApiClient) -> None:
    rows = [case.rich(0), case.rich(1)]
    page = anonymous.read(case.path, slug__in=",".join(row.slug for row in rows)).json()
    assert (page["count"], page["next"], page["previous"]) == (2, None, None)
    assert {record["slug"]: record for record in page["results"]} == {
        row.slug: case.read(anonymous, row) for row in rows
    }


def test_a_record_says_who_it_is(case: CollectionCase, anonymous: ApiClient) -> None:
    row = case.make()
    document = case.read(anonymous, row)
    assert (document["id"], document["slug"]) == (row.pk, row.slug)
    assert document["url"] == f"http://testserver/api/v1/{case.at(row)}"
    assert document["created_at"].endswith("Z")
    assert list(document) == list(case.fields())


def test_a_record_that_is_not_there_is_404(case: CollectionCase, curator: ApiClient) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        refusals(curator.send(method, case.at("nowhere"), case.body()), 404)


def test_everybody_reads_the_same(case: CollectionCase, anonymous: ApiClient, curator: ApiClient) -> None:
    row = case.rich(0)
    assert case.read(anonymous, row) == case.read(curator, row)


def test_head_answers_as_get_without_a_body(case: CollectionCase, anonymous: ApiClient) -> None:
    for path in (case.path, case.at(case.make())):
        response = anonymous.head(f"/api/v1/{path}")
        assert (response.status_code, response.content) == (200, b"")
        assert response["Content-Type"] == "application/json"


def test_options_tell_what_may_be_done(case: CollectionCase, anonymous: ApiClient) -> None:
    assert "POST" in anonymous.options(f"/api/v1/{case.path}")["Allow"]
    assert "PATCH" in anonymous.options(f"/api/v1/{case.at(case.make())}")["Allow"]


def test_methods_that_there_are_not_are_405(case: CollectionCase, curator: ApiClient) -> None:
    assert refusals(curator.send("PUT", case.path, []), 405) == []
    assert refusals(curator.send("POST", case.at(case.make()), {}), 405) == []


def test_pages_lead_through_all_records_once(case: CollectionCase, anonymous: ApiClient) -> None:
    for _ in range(5):
        case.make()
    everything = anonymous.slugs(case.path)
    found, address = [], f"/api/v1/{case.path}?limit=2"
    while address:
        page = anonymous.get(address).json()
        assert page["count"] == len(everything)
        found += [record["slug"] for record in page["results"]]
        address = page["next"]
    assert found == everything


def test_the_page_before_leads_back(case: CollectionCase, anonymous: ApiClient) -> None:
    for _ in range(3):
        case.make()
    second = anonymous.read(case.path, limit=1, offset=1).json()
    assert anonymous.get(second["previous"]).json()["results"] == anonymous.read(case.path, limit=1).json()["results"]


def test_the_count_can_be_spared(case: CollectionCase, anonymous: ApiClient) -> None:
    for _ in range(3):
        case.make()
    page = anonymous.read(case.path, count="none", limit=2).json()
    assert page["count"] is None
    assert page["results"] == anonymous.read(case.path, limit=2).json()["results"]
    assert page["next"]


def test_a_page_that_cannot_be_is_refused(case: CollectionCase, anonymous: ApiClient) -> None:
    for query in ("limit=0", "limit=-1", "limit=1001", "offset=-1", "offset=x", "count=maybe"):
        response = anonymous.get(f"/api/v1/{case.path}?{query}")
        assert [where for where, _code in refusals(response)] == [query.partition("=")[0]]


def test_fields_thin_a_record(case: CollectionCase, anonymous: ApiClient) -> None:
    row = case.rich(0)
    whole = case.read(anonymous, row)
    for name in whole:
        assert anonymous.read(case.at(row), fields=name).json() == {name: whole[name]}
    some = [name for number, name in enumerate(whole) if number % 2]
    listed = anonymous.read(case.path, slug=row.slug, fields=",".join(some)).json()["results"]
    assert listed == [{name: whole[name] for name in some}]


def test_omit_leaves_out(case: CollectionCase, anonymous: ApiClient) -> None:
    row = case.rich(0)
    whole = case.read(anonymous, row)
    names = list(whole)
    for omitted in (names[:1], names[::2], names[1::2], names[-1:]):
        rest = {name: value for name, value in whole.items() if name not in omitted}
        assert anonymous.read(case.at(row), omit=",".join(omitted)).json() == rest
        assert anonymous.read(case.path, slug=row.slug, omit=",".join(omitted)).json()["results"] == [rest]


def test_a_field_that_there_is_not_is_refused(case: CollectionCase, anonymous: ApiClient) -> None:
    for path in (case.path, case.at(case.make())):
        for parameter in ("fields", "omit", "expand"):
            for value in ("no_such_field", "slug,no_such_field", "", ",", "slug__slug"):
                assert [where for where, _code in refusals(anonymous.read(path, **{parameter: value}))] == [parameter]


def test_a_reference_expands_to_the_whole_record(case: CollectionCase, curator: ApiClient) -> None:
    rows = case.rich_rows()
    for name, target in expandable(case.viewset.serializer_class).items():
        for row in rows:
            plain = curator.read(case.at(row), fields=name).json()[name]
            wide = curator.read(case.at(row), fields=name, expand=name).json()[name]
            listed = curator.read(case.path, slug=row.slug, fields=name, expand=name).json()["results"][0][name]
            assert listed == wide
            references = plain if isinstance(plain, list) else [plain]
            expanded = wide if isinstance(wide, list) else [wide]
            assert len(references) == len(expanded)
            for reference, record in zip(references, expanded, strict=True):
                expected = reference and curator.read(f"{target.collection}/{reference['slug']}/").json()
                assert record == expected


def test_references_expand_two_deep_and_no_deeper(case: CollectionCase, curator: ApiClient) -> None:
    row = case.rich(0)
    for name, target in expandable(case.viewset.serializer_class).items():
        inner = [f"{name}.{each}" for each in expandable(collections.viewset_of(target).serializer_class)]
        assert curator.read(case.at(row), fields=name, expand=",".join(inner)).status_code == 200
        refused = curator.read(case.at(row), expand=f"{name}.replaced_by.replaced_by")
        assert refusals(refused) == [("expand", "too_deep")]


def test_a_parameter_that_there_is_not_is_refused(case: CollectionCase, anonymous: ApiClient) -> None:
    for path in (case.path, case.at(case.make())):
        for name in ("no_such_parameter", "SLUG", "slug__startswith", "page", "_method"):
            assert refusals(anonymous.read(path, **{name: "1"})) == [(name, "unknown_parameter")]
