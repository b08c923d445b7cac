"""Switching the digest off from a mail, without signing in (RFC 8058)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from initiatives import workflow
from initiatives.digests import reader_with
from initiatives.models import FeedReader


# What the address holds is what permits it; the servers of the mail's readers have no cookie of ours.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def off(request: HttpRequest, token: str) -> HttpResponse:
    """Ask first, because programs open what is in a mail; a POST switches it off."""
    reader = reader_with(token)
    if reader is None:
        raise Http404
    done = request.method == "POST"
    if done:
        workflow.set_digest(reader=reader, digest=FeedReader.Digest.OFF, language=reader.language)
    with override(reader.language):
        answer = render(request, "pages/digest_off.html", {"done": done})
    answer["X-Robots-Tag"] = "noindex"
    return answer
