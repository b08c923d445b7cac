"""Takes the charset off a request before Django sees it, because Django fails on some before any view can answer."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

# Where the charset that was asked for waits for RequestGuard, which refuses all but UTF-8.
ENVIRON_KEY = "tracker.charset"


class WithoutCharset:
    """A WSGI application whose requests are all decoded as UTF-8.

    Django decodes the query string while it builds the request, by whatever codec the Content-Type names: one that
    is no charset ("bz2"), or too long a query beside a charset, ends in an exception that no middleware can catch.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass the request on, its charset set aside."""
        content_type = environ.get("CONTENT_TYPE", "")
        if "charset" in content_type.lower():
            _media_type, parameters = parse_header_parameters(content_type)
            environ[ENVIRON_KEY] = parameters.get("charset", "")
            kept = [part for part in content_type.split(";") if not part.strip().lower().startswith("charset")]
            environ["CONTENT_TYPE"] = ";".join(kept)
        return self.application(environ, start_response)
