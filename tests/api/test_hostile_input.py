"""Hostile input gets a problem document that points at it, and leaves nothing behind."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initiatives.api.urls import router
from initiatives.models import Initiative, Organization
from tests import factories
from tests.api.client import JSON, ApiClient
from tests.api.collections.cases import CASES
from tests.api.collections.suite import CollectionCase, refusals
from tracker.api import collections

DEEP = 100_000

# The body, where the refusal points, and why.
BODIES: dict[str, tuple[bytes, str, str]] = {
    "NUL": (rb'{"name": {"en": "a\u0000b"}}', "#/name/en", "nul_character"),
    "NUL in a name": (rb'{"na\u0000me": 1}', "#", "nul_character"),
    "a lone surrogate": (rb'{"name": {"en": "\ud800"}}', "#/name/en", "lone_surrogate"),
    "a lone low surrogate": (rb'{"aliases": {"en": ["ok", "x\udfffx"]}}', "#/aliases/en/1", "lone_surrogate"),
    "NaN": (b'{"name": {"en": NaN}}', "#/name/en", "not_a_number"),
    "Infinity": (b'{"founded_on": -Infinity}', "#/founded_on", "not_a_number"),
    "1e999": (b'{"founded_on": 1e999}', "#/founded_on", "number_out_of_range"),
    "an integer of 5,000 digits": (b'{"id": ' + b"9" * 5_000 + b"}", "#/id", "number_out_of_range"),
    "lists 100,000 deep": (b"[" * DEEP + b"]" * DEEP, "#", "too_deep"),
    "objects 100,000 deep": (b'{"name":' * DEEP + b"1" + b"}" * DEEP, "#", "too_deep"),
    "lists 100,000 deep in a member": (b'{"name": ' + b"[" * DEEP + b"]" * DEEP + b"}", "#", "too_deep"),
    "brackets without end": (b"[" * DEEP, "#", "too_deep"),
    "a name given twice": (b'{"slug": "a", "slug": "b"}', "#/slug", "duplicate_key"),
    "a name given twice within": (b'{"name": {"en": "a", "en": "b"}}', "#/name/en", "duplicate_key"),
    "an unknown field": (b'{"name": {"en": "a"}, "is_superuser": true}', "#/is_superuser", "unknown_field"),
    "a prototype": (b'{"name": {"en": "a"}, "__proto__": {}}', "#/__proto__", "unknown_field"),
    "an unknown language": (b'{"name": {"en": "a", "fr": "b"}}', "#/name/fr", "unknown_language"),
    "half a document": (b'{"name": {"en": "a"}', "#", "invalid_json"),
    "two documents": (b"{} {}", "#", "invalid_json"),
    "Latin-1": ('{"name": {"en": "é"}}'.encode("latin-1"), "#", "not_utf8"),
    "UTF-16": ('{"name": {"en": "a"}}'.encode("utf-16"), "#", "not_utf8"),
    "bidirectional control characters in a slug": (
        '{"name": {"en": "a"}, "slug": "smart\u202edubai"}'.encode(),
        "#/slug",
        "invalid_slug",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_at_its_place_and_nothing_is_written(curator: ApiClient, name: str) -> None:
    body, pointer, code = BODIES[name]
    organization = factories.make_organization(name_en="Before")
    for method, path in (("POST", ""), ("PUT", f"{organization.slug}/"), ("PATCH", f"{organization.slug}/")):
        assert refusals(curator.send(method, f"organizations/{path}", body)) == [(pointer, code)]
    assert Organization.objects.get().name_en == "Before"


@pytest.mark.django_db
def test_a_body_of_20_megabytes_is_too_large(curator: ApiClient) -> None:
    body = json.dumps({"name": {"en": "a" * 20_000_000}}).encode()
    assert refusals(curator.send("POST", "organizations/", body), 413) == []
    organization = factories.make_organization()
    assert refusals(curator.send("PATCH", f"organizations/{organization.slug}/", body), 413) == []
    assert Organization.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "a;b"]
)
def test_a_body_of_another_type_is_refused(curator: ApiClient, content_type: str) -> None:
    response = curator.generic("POST", "/api/v1/organizations/", b'{"name": {"en": "a"}}', content_type)
    assert refusals(response, 415) == []
    assert not Organization.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "nowhere", "bz2_codec"])
def test_a_body_in_another_charset_is_refused(curator: ApiClient, charset: str) -> None:
    body = b'{"name": {"en": "a"}}'
    response = curator.generic("POST", "/api/v1/organizations/", body, f"{JSON}; charset={charset}")
    assert refusals(response, 415) == []


# Queries and addresses -----------------------------------------------------------------------------------------------

QUERIES: dict[str, str] = {
    "no_such_parameter=1": "no_such_parameter",
    "fields=slug,no_such_field": "fields",
    "limit=-1": "limit",
    "limit=1000000000": "limit",
    "limit=1e3": "limit",
    "limit=%D9%A3": "limit",
    "offset=9223372036854775808": "offset",
    "offset=" + "9" * 400: "offset",
    "slug=%00": "slug",
    "slug=%ff": "slug",
    "slug=%ED%A0%80": "slug",
    "slug=100%": "slug",
    "slug=%zz": "slug",
    "id=9223372036854775808": "id",
    "id=1.5": "id",
    "id=true": "id",
    "id__in=1,two": "id__in",
    "id__in=" + "9" * 40: "id__in",
    "id__in=" + "1," * 70_000: "id__in",
    "founded_on=0000-00-00": "founded_on",
    "founded_on=99999-01-01": "founded_on",
    "created_at=2017-13-01T00:00:00Z": "created_at",
    "parent=a%E2%80%AEb": "parent",
    "parent__in=" + "a," * 70_000: "parent__in",
    "parent__isnull=maybe": "parent__isnull",
    "ordering=" + "slug," * 2_000 + "x": "ordering",
    "expand=" + "parent." * 2_000 + "parent": "expand",
    "dry_run=true": "dry_run",
}


@pytest.mark.django_db
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:40])
def test_a_hostile_query_is_refused_by_the_parameters_name(anonymous: ApiClient, query: str) -> None:
    response = anonymous.get("/api/v1/organizations/", QUERY_STRING=query)
    assert {where for where, _code in refusals(response)} == {QUERIES[query]}


@pytest.mark.django_db
def test_a_query_of_10_000_parameters_is_refused(anonymous: ApiClient) -> None:
    for path in ("organizations/", "organizations/nowhere/"):
        response = anonymous.get(f"/api/v1/{path}", QUERY_STRING="&".join(f"p{n}=1" for n in range(10_000)))
        assert refusals(response) == []
        assert response.json()["type"].endswith("#too_many_parameters")


@pytest.mark.django_db
def test_the_farthest_offset_is_an_empty_page(anonymous: ApiClient) -> None:
    factories.make_organization()
    for count in ("exact", "none"):
        page = anonymous.read("organizations/", offset=2**63 - 1, limit=1000, count=count)
        assert (page.status_code, page.json()["results"], page.json()["next"]) == (200, [], None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "slug",
    ["%00", "a%00b", "%ff", "%E2%80%AE", "%25", "..%2F..%2Fetc", "%2e%2e", "a" * 10_000, "'%3B--", "%D8%AF%D8%A8"],
)
def test_a_hostile_address_is_not_found(curator: ApiClient, slug: str) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert refusals(curator.send(method, f"organizations/{slug}/", {"name": {"en": "a"}}), 404) == []


# Within records ------------------------------------------------------------------------------------------------------

NO_ID: list[Any] = ["1", "", True, False, 1.5, -1, 0, 2**63, 2**130, [], {}, [1], None]


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", NO_ID, ids=repr)
@pytest.mark.parametrize("name", ["milestones", "involvements", "progress_updates", "citations"])
def test_an_id_that_is_none_is_refused(curator: ApiClient, name: str, wrong: Any) -> None:
    initiative = factories.make_initiative()
    response = curator.send("PATCH", f"initiatives/{initiative.slug}/", {name: [{"id": wrong}]})
    assert f"#/{name}/0" in {where.removesuffix("/id") for where, _code in refusals(response)}
    assert not getattr(initiative, name).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{}, {"0": {}}, "text", 5, True, [[]], [None], ["text"], [{"source": {"slug": {}}}]], ids=repr
)
def test_the_wrong_container_is_refused_at_every_depth(curator: ApiClient, wrong: Any) -> None:
    organization = factories.make_organization()
    involvement = {"organization": organization.slug, "role": "partner"}
    for body, pointer in (
        ({"citations": wrong}, "#/citations"),
        ({"involvements": [{**involvement, "citations": wrong}]}, "#/involvements/0/citations"),
        ({"milestones": [{"title": {"en": "M"}, "depends_on": wrong}]}, "#/milestones/0/depends_on"),
        ({"milestones": [{"title": wrong}]}, "#/milestones/0/title"),
    ):
        response = curator.send("POST", "initiatives/", {"title": {"en": "I"}, **body})
        assert all(where.startswith(pointer) for where, _code in refusals(response)), response.content
    assert not Initiative.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "part",
    [
        {"type": "user", "id": 1},
        {"type": "citation", "id": 1},
        {"type": "contenttype", "id": 1},
        {"type": ["involvement"], "id": 1},
        {"type": "involvement", "id": "1"},
        {"type": "involvement", "id": True},
        {"type": "involvement", "id": 2**70},
        {"type": "involvement"},
        {"id": 1},
        [],
        "involvement",
        5,
    ],
    ids=repr,
)
def test_a_reference_to_what_is_no_part_of_the_record_is_refused(curator: ApiClient, part: Any) -> None:
    initiative, source = factories.make_initiative(), factories.make_source()
    record = {"collection": "initiatives", "slug": initiative.slug, "part": part}
    response = curator.send("POST", "citations/", {"source": source.slug, "record": record})
    assert {where.split("/")[1] for where, _code in refusals(response)} == {"record"}
    assert not initiative.citations.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "amount", ["1e400", 10**30, "1" * 100, "NaN", "sNaN", "-0.001", -1, "0x10", "1_000", "١٢", " 1", "+1", True]
)
def test_an_amount_that_cannot_be_is_refused(curator: ApiClient, amount: Any) -> None:
    body = {"title": {"en": "I"}, "budget_amount": amount, "budget_currency": "AED"}
    assert {where for where, _code in refusals(curator.send("POST", "initiatives/", body))} == {"#/budget_amount"}


# Anything at all -----------------------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**39), 10**39)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT
    | st.sampled_from(["en", "ar", "2017-01-01", "a-slug", "organizations/a", "1.5", "published"])
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            ANY_TEXT | st.sampled_from(["id", "slug", "en", "ar", "part", "collection"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def is_no_fault_of_ours(response: Any) -> bool:
    return bool(response.status_code < 500)


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_json_at_all_is_more_than_a_refusal(curator: ApiClient, case: CollectionCase) -> None:
    good = case.body()

    @FEW
    @given(ANY_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(case.writable(), ANY_JSON)), st.booleans())
    def post(body: Any, with_the_rest: bool) -> None:
        whole = {**good, **body} if with_the_rest and isinstance(body, dict) else body
        assert is_no_fault_of_ours(curator.send("POST", case.path, whole))

    post()


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_text_at_all_breaks_a_filter(anonymous: ApiClient, case: CollectionCase) -> None:
    names = sorted(case.viewset.filterset_class.base_filters)
    texts = st.text(max_size=20) | st.from_regex(r"-?[0-9]{1,25}([.e][0-9]{1,5})?|[0-9-]{1,12}([T ][0-9:Z+]{1,9})?")

    @FEW
    @given(st.sampled_from(names), texts)
    def ask(name: str, value: str) -> None:
        query = f"{name}={quote(value, errors='surrogatepass')}&fields=slug"
        assert is_no_fault_of_ours(anonymous.get(f"/api/v1/{case.path}", QUERY_STRING=query))

    ask()


NASTY = [
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "Infinity",
    "0000-00-00",
    "10000-01-01T00:00:00Z",
    "\u202e",
    "'\"\\",
    "%",
    ",",
]


def filters_of_each_kind() -> list[tuple[str, str]]:
    """One filter, as collection and name, for every combination of filter, form field, lookup and column."""
    found = {}
    for name, registered, _base in router.registry:
        viewset: Any = registered
        filters = viewset.filterset_class.base_filters if name in collections.names() else {}
        for parameter, each in filters.items():
            kind = (type(each), each.field_class, each.lookup_expr, each.extra.get("max_digits"), parameter == "id")
            found[kind] = (name, parameter)
    return sorted(found.values())


@pytest.mark.django_db
@pytest.mark.parametrize(("collection", "parameter"), filters_of_each_kind())
def test_nasty_values_do_not_break_a_filter(anonymous: ApiClient, collection: str, parameter: str) -> None:
    for value in NASTY:
        response = anonymous.read(f"{collection}/", **{parameter: value, "fields": "slug"})
        assert response.status_code == 200 or {where for where, _code in refusals(response)} == {parameter}
