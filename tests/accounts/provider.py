"""A small provider of OpenID Connect, served on this machine: discovery, keys, authorization, tokens, claims."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "the-registry", "between the two"


class Provider:
    """Signs in whoever `person` is; what it says can be bent."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signing_key: Any = self.key
        self.person: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.id_token: dict[str, Any] = {}
        self.granted: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def answer(self, path: str, query: dict[str, str], form: dict[str, str], headers: Any) -> tuple[int, Any]:
        """Status, and what is said."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            places = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            found = {f"{name}_endpoint": f"{self.issuer}/{place}" for name, place in places.items()}
            return 200, {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **found}
        if path == "/keys":
            return 200, {
                "keys": [{**json.loads(RSAAlgorithm.to_jwk(self.key.public_key())), "kid": "1", "alg": "RS256"}]
            }
        if path == "/authorize":
            code = secrets.token_urlsafe(16)
            self.granted[code] = query
            return 302, f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
        if path == "/token":
            return self._token(form)
        if path == "/userinfo" and headers["Authorization"] == "Bearer an access token":
            return 200, {**self.person, **self.userinfo}
        return 404, {}

    def _token(self, form: dict[str, str]) -> tuple[int, Any]:
        asked = self.granted.pop(form.get("code", ""), None)
        if asked is None or (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return 400, {"error": "invalid_grant"}
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != asked.get("code_challenge"):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        about = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60}
        token = jwt.encode({**about, **self.person, **self.id_token}, self.signing_key, "RS256", headers={"kid": "1"})
        return 200, {"access_token": "an access token", "token_type": "Bearer", "id_token": token}


@contextmanager
def serving_provider() -> Iterator[Provider]:
    """A provider while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            self._respond(_flat(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def _respond(self, form: dict[str, str]) -> None:
            address = urlsplit(self.path)
            status, said = provider.answer(address.path, _flat(address.query), form, self.headers)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", said)
                said = {}
            body = json.dumps(said).encode()
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(server.server_port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _flat(encoded: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(encoded).items()}
