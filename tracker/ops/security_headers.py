"""Headers that tell a browser what an answer may not do, whoever has put what into it (docs/decisions/browsers.md).

Pages have the policy of the settings, which django-csp sends; what is no page loads nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = TypeVar("Answer", bound=HttpResponseBase)

POLICY = "Content-Security-Policy"
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
# What a registry needs of a browser's machine: nothing.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope",
        "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip
EVERYWHERE = {
    "Permissions-Policy": PERMISSIONS,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class SecurityHeaders:
    """The middleware that gives every answer those headers; pages get their policy in front of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return secured(self.get_response(request))


def secured(answer: Answer) -> Answer:
    """The answer with the headers of all, and with the policy of what is no page if it is none."""
    for name, value in EVERYWHERE.items():
        answer.headers.setdefault(name, value)
    if not answer.get("Content-Type", "").startswith("text/html"):
        answer.headers.setdefault(POLICY, NO_PAGE)
    return answer
