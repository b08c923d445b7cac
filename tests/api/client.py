"""A program that calls the API: paths below /api/v1/, JSON both ways."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.test import Client

JSON = "application/json"


class ApiClient(Client):
    """Signed in as a user, or as nobody."""

    def __init__(self, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(headers={"accept": JSON}, **kwargs)
        if user is not None:
            self.force_login(user)

    def read(self, path: str, **parameters: Any) -> Any:
        """GET ``path`` with query parameters."""
        return self.get(f"/api/v1/{path}" + (f"?{urlencode(parameters)}" if parameters else ""))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send ``body`` as JSON; bytes go as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.generic(method, f"/api/v1/{path}", content, JSON, headers=headers)

    def slugs(self, path: str, **parameters: Any) -> list[str]:
        """The slugs of a list, in its order."""
        response = self.read(path, **parameters, fields="slug")
        assert response.status_code == 200, response.content
        found = [record["slug"] for record in response.json()["results"]]
        assert len(found) == len(set(found))
        return found
