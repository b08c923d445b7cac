"""Clients of the API in threads of their own, each with its own connection, as under a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from tracker.api.models import Token

API = "/api/v1/"


class Program:
    """A program that speaks JSON to the API as a curator, by a token."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.plaintext = Token.issue(user=user, name="Test")[1]

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer to one request; ``If_Match`` in ``headers`` is sent as If-Match."""
        client = Client(raise_request_exception=False)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        extra = {} if body is None else {"data": body, "content_type": "application/json"}
        call = getattr(client, method.lower())
        return call(API + path, headers={"Authorization": f"Bearer {self.plaintext}", **named}, **extra)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("DELETE", path, body, **headers)


def curator(name: str = "curator") -> Program:
    """A program that may do everything."""
    return Program(User.objects.create_superuser(name))


@contextmanager
def crew(size: int) -> Iterator[Callable[[Sequence[Callable[[], Any]]], list[Any]]]:
    """Threads that stay; each time, what as many calls return, one in each thread, all let go at the same moment."""
    with ThreadPoolExecutor(size) as pool:

        def together(calls: Sequence[Callable[[], Any]]) -> list[Any]:
            start = threading.Barrier(size)

            def run(call: Callable[[], Any]) -> Any:
                start.wait()
                return call()

            return list(pool.map(run, calls, timeout=120))

        try:
            yield together
        finally:
            together([connections.close_all] * size)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What the calls return, each called in a thread of its own, all let go at the same moment."""
    with crew(len(calls)) as together:
        return together(calls)


def pointers(response: Any) -> dict[str, str]:
    """What a refusal points at, with the code of each error."""
    return {error["pointer"]: error["code"] for error in response.json()["errors"]}
