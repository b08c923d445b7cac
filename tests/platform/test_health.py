"""/healthz and /readyz while all is well; test_dockerfile.py takes the database away."""

import pytest
from django.test import Client


def test_healthz_needs_no_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_asks_the_database(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_a_probe_may_come_by_any_host_name(client: Client, path: str) -> None:
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_only_reads(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_a_probe_is_never_cached_and_sets_no_cookie(client: Client) -> None:
    answer = client.head("/healthz")
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
