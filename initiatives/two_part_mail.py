"""A mail as text and as a page, of the templates `mail.txt` and `mail.html` in one folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def two_part_mail(
    folder: str, subject: str, address: str, context: dict[str, Any], headers: Mapping[str, str] | None = None
) -> EmailMultiAlternatives:
    """The mail, which no absence notice answers (RFC 3834, 5)."""
    text = render_to_string(f"{folder}/mail.txt", context)
    all_headers = {"Auto-Submitted": "auto-generated", **(headers or {})}
    mail = EmailMultiAlternatives(subject, text, None, [address], headers=all_headers)
    mail.attach_alternative(render_to_string(f"{folder}/mail.html", context), "text/html")
    return mail
