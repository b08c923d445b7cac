"""Driving a server with requests: by `wrk` where it is installed, else by a client of our own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 8
GENERATOR = "wrk" if shutil.which("wrk") else "benchmarks/reads/client.py"
# Numbers that a window leaves unused, so that no other has one that was still under way.
MARGIN = 1_000

# For wrk: the paths in turn, `{n}` in path and body replaced by a number that no other request has.
SCRIPT = """
local paths, body, first = %(paths)s, %(body)s, %(first)d
wrk.method = %(method)s
for name, value in pairs(%(headers)s) do wrk.headers[name] = value end
local n, fixed = first, nil
function init(args)
    if #paths == 1 and not paths[1]:find("{n}", 1, true) and not (body and body:find("{n}", 1, true)) then
        fixed = wrk.format(nil, paths[1], nil, body)
    end
end
function request()
    if fixed then return fixed end
    n = n + 1
    local path = paths[n %% #paths + 1]:gsub("{n}", tostring(n))
    return wrk.format(nil, path, nil, body and body:gsub("{n}", tostring(n)) or nil)
end
function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format('{"requests": %%d, "seconds": %%f, "bytes": %%d, "refused": %%d, "failed": %%d, ' ..
        '"median_ms": %%f, "p99_ms": %%f}\\n', summary.requests, summary.duration / 1e6, summary.bytes, e.status,
        e.connect + e.read + e.write + e.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True)
class Request:
    """What is asked again and again; `{n}` in a path or in the body makes each request another."""

    paths: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: str | None = None
    status: int = 200

    @classmethod
    def to(cls, path: str, **headers: str) -> Request:
        return cls((path,), {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True)
class Window:
    """What came of driving a server for a while."""

    requests: int
    seconds: float
    bytes: int
    refused: int
    failed: int
    median_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests a second; those that were under way at the end count half, which is how far they were on average."""
        return (self.requests + CONNECTIONS / 2) / self.seconds


class Numbers:
    """Numbers for requests, none twice in a run."""

    def __init__(self) -> None:
        self.next = 1_000


class FailedRequestsError(Exception):
    """A server refused or dropped requests while it was measured."""


def drive(port: int, request: Request, seconds: float, numbers: Numbers, connections: int = CONNECTIONS) -> Window:
    """Send the request over so many connections for so many seconds."""
    if GENERATOR == "wrk":
        window = _by_wrk(port, request, seconds, numbers.next, connections)
    else:
        window = _by_client(port, request, seconds, numbers.next, connections)
    numbers.next += window.requests + MARGIN
    if window.refused or window.failed:
        raise FailedRequestsError(f"{request.method} {request.paths[0]}: {window}")
    return window


def _by_wrk(port: int, request: Request, seconds: float, first: int, connections: int) -> Window:
    script = SCRIPT % {
        "paths": _lua(list(request.paths)),
        "body": _lua(request.body),
        "first": first,
        "method": _lua(request.method),
        "headers": _lua(dict(request.headers)),
    }
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        options = ["-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", "--timeout", "30s", "-s", file.name]
        ran = subprocess.run(
            ["wrk", *options, f"http://127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True, check=True
        )
    return Window(**json.loads(ran.stdout.strip().splitlines()[-1]))


def _lua(value: object) -> str:
    if value is None:
        return "nil"
    if isinstance(value, list):
        return "{" + ", ".join(_lua(each) for each in value) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{_lua(name)}] = {_lua(each)}" for name, each in value.items()) + "}"
    # What JSON escapes beyond ASCII, Lua would not read.
    return json.dumps(value, ensure_ascii=False)


def _by_client(port: int, request: Request, seconds: float, first: int, connections: int) -> Window:
    order = {
        "port": port,
        "paths": list(request.paths),
        "headers": dict(request.headers),
        "method": request.method,
        "body": request.body,
        "seconds": seconds,
        "first": first,
        "connections": connections,
    }
    client = Path(__file__).with_name("client.py")
    ran = subprocess.run(
        [sys.executable, str(client)], input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True
    )
    return Window(**json.loads(ran.stdout))
