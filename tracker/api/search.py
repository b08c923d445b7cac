"""`q` of a list: the records that have the words of a reader, nearest first."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from rest_framework import filters
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from tracker.api.ordering import StrictOrdering
from tracker.api.problem_types import InvalidParameters
from tracker.history.past_search import PastSearch
from tracker.history.time_travel import moment
from tracker.search import RANK, Search, is_few

PARAMETER = "q"
LONGEST = 500
EXAMPLES = {"en": "smart services", "ar": "الخدمات الذكية"}


class SearchFilter(filters.BaseFilterBackend):
    """Narrows a list to what has the words, and orders it by rank where the reader asks for no other order."""

    parameter = PARAMETER

    def filter_queryset(self, request: Request, queryset: models.QuerySet[Any], view: Any) -> models.QuerySet[Any]:
        if PARAMETER not in request.query_params:
            return queryset
        search = read_search(request)
        found = search.among(queryset)
        if StrictOrdering.parameter in request.query_params:
            return found
        # What the list is ordered by anyway decides between records of one rank.
        return search.ranked(found, finely=is_few(found)).order_by(f"-{RANK}", *queryset.query.order_by)


def read_search(request: Request) -> Search:
    """What the request looks for, at the moment that it reads; raises InvalidParameters without words, or too many."""
    words = _read_words(request)
    number = moment() if "as_of" in request.query_params else None
    return Search(words) if number is None else PastSearch(words, number)


def _read_words(request: Request) -> str:
    words, *more = request.query_params.getlist(PARAMETER) or [""]
    refused = None
    if more:
        refused = ErrorDetail(_("Give “q” once, with all words in it."), code="repeated")
    elif len(words) > LONGEST:
        message = _("Search for at most %(most)d characters; these are %(given)d.")
        refused = ErrorDetail(message % {"most": LONGEST, "given": len(words)}, code="too_long")
    elif not any(map(str.isalnum, unicodedata.normalize("NFKD", words))):
        refused = ErrorDetail(_("Give “q” a word to search for: letters or digits."), code="no_word")
    if refused:
        raise InvalidParameters({PARAMETER: refused})
    return words
