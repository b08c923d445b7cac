"""The service as a WSGI server has it, with what answers in front of Django."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults

from django.utils.datastructures import CaseInsensitiveMapping

from tracker.api.response_cache import KeptAnswers
from tracker.wsgi import django_application


class Answer(NamedTuple):
    """What the server sends."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Server:
    """Serves requests that are made of an environ, and counts how often Django is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.application = KeptAnswers(self._django)

    def _django(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked += 1
        return django_application(environ, start_response)

    def ask(self, path: str, query: str = "", **environ: Any) -> Answer:
        """What a request gets; from another address than tests by Django's client, unless one is named."""
        asked: dict[str, Any] = {
            "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "localhost", "REMOTE_ADDR": "192.0.2.1", **environ
        }  # fmt: skip
        setup_testing_defaults(asked)
        begun: list[Any] = []
        pieces = self.application(asked, lambda status, headers, _exception=None: begun.extend((status, headers)))
        body = b"".join(pieces)
        # A server closes what Django answers, which else waits for the request's end.
        getattr(pieces, "close", lambda: None)()
        return Answer(int(begun[0].split()[0]), CaseInsensitiveMapping(dict(begun[1])), body)
