"""What is measured: each case with what its contenders are asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reads.load import Request
from benchmarks.reads.servers import Server

API = "/api/v1/initiatives/"
PAGE = "limit=50"
FILTER = "status=active&kind=project"
WORD = "parking"
# A filter that lets every record pass, and is another for each request.
PASSES = "id__lt={n}00000000"


@dataclass(frozen=True)
class Contender:
    """Who answers, by the name of the server, and what it is asked."""

    name: str
    server: str
    request: Request


@dataclass(frozen=True)
class Case:
    """The same question to several contenders; the first is the service."""

    name: str
    contenders: tuple[Contender, ...]


def others(path: str) -> tuple[Contender, ...]:
    """Those who do the same by other means, asked for something in the collection."""
    return (
        Contender("stock DRF", "stock", Request.to(f"/drf/initiatives/{path}")),
        Contender("django-ninja", "stock", Request.to(f"/ninja/initiatives/{path}")),
    )


@dataclass
class Subject:
    """What the cases ask about in one database, and the servers that are asked."""

    servers: dict[str, Server]
    slug: str
    organization: str
    tokens: tuple[str, str]

    def cases(self) -> Iterator[Case]:
        yield self._reads("list of 50, uncached", f"?{PAGE}")
        yield self._cached("list of 50, warm", f"{API}?{PAGE}", "/list")
        yield self._other_addresses()
        yield self._not_modified("list of 50, 304", f"{API}?{PAGE}")
        yield self._reads("detail, uncached", f"{self.slug}/")
        yield self._cached("detail, warm", f"{API}{self.slug}/", "/detail")
        yield self._reads("filtered list, uncached", f"?{PAGE}&{FILTER}")
        yield self._search()
        yield self._post()

    def _reads(self, name: str, path: str) -> Case:
        return Case(name, self._by_all(path, path))

    def _by_all(self, own: str, other: str) -> tuple[Contender, ...]:
        return Contender("service", "uncached", Request.to(API + own)), *others(other)

    def _cached(self, name: str, path: str, ceiling: str) -> Case:
        own = Contender("service", "service", Request.to(path))
        return Case(name, (own, Contender("ceiling", "ceiling", Request.to(ceiling))))

    def _other_addresses(self) -> Case:
        """Nothing of it can be in the cache, and all of it goes in."""
        own = Contender("service", "service", Request.to(f"{API}?{PAGE}&{PASSES}"))
        return Case("list of 50, each at another address", (own,))

    def _not_modified(self, name: str, path: str) -> Case:
        _status, headers, _body = self.servers["service"].get(path)
        tag = dict(headers)["ETag"]
        own = Request((path,), {"If-None-Match": tag}, status=304)
        return Case(
            name,
            (
                Contender("service", "service", own),
                Contender("ceiling", "ceiling", Request(("/empty",), status=304)),
            ),
        )

    def _search(self) -> Case:
        return Case("search, uncached", self._by_all(f"?{PAGE}&q={WORD}", f"?{PAGE}&search={WORD}"))

    def _post(self) -> Case:
        body = {
            "slug": "bench-{n}",
            "title": {"en": "A measured initiative", "ar": "مبادرة مقيسة"},
            "summary": {"en": "Written to see what writing costs.", "ar": "كُتبت لمعرفة كلفة الكتابة."},
            "kind": "project",
            "lead": self.organization,
            "planned_start": "2027-01-01",
            "planned_end": "2027-12-31",
        }
        own, stock = self.tokens

        def request(path: str, scheme: str, token: str, mark: str) -> Request:
            text = json.dumps(body, ensure_ascii=False).replace("bench-", f"bench-{mark}-")
            headers = {"Authorization": f"{scheme} {token}", "Content-Type": "application/json"}
            return Request((path,), headers, "POST", text, 201)

        return Case(
            "POST",
            (
                Contender("service", "service", request(API, "Bearer", own, "own")),
                Contender("stock DRF", "stock", request("/drf/initiatives/", "Token", stock, "drf")),
                Contender("django-ninja", "stock", request("/ninja/initiatives/", "Bearer", stock, "ninja")),
            ),
        )


def capture(server: Server, folder: Path, slug: str) -> None:
    """Keep what the service answers, for the ceiling to send the same bytes."""
    answers = {}
    for name, path in (("list", f"{API}?{PAGE}"), ("detail", f"{API}{slug}/")):
        _status, headers, body = server.get(path)
        (folder / name).write_bytes(body)
        # The server adds these itself.
        kept = [(each, value) for each, value in headers if each not in ("Server", "Date", "Connection")]
        answers[f"/{name}"] = ("200 OK", kept, name)
        if name == "list":
            (folder / "empty").write_bytes(b"")
            bare = [pair for pair in kept if pair[0] not in ("Content-Length", "Content-Type")]
            answers["/empty"] = ("304 Not Modified", bare, "empty")
    answers["/healthz"] = ("200 OK", [("Content-Length", "0")], "empty")
    (folder / "answers.json").write_text(json.dumps(answers))
