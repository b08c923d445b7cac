"""The daily digest: what became of the records that a person follows, by e-mail, once a day at most.

A person's digest is made by one process at a time. It is noted once the mail server has taken it: whoever dies in
between sends it again, under the same Message-ID, and nobody misses one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.translation import ngettext, override

from initiatives.following import news_for
from initiatives.models import FeedReader
from initiatives.two_part_mail import two_part_mail
from tracker.accounts.addresses import address_of
from tracker.database.session_locks import alone
from tracker.history.api.atom import in_language, lines_of
from tracker.history.api.followed import Told
from tracker.history.readers import Reader

# About how many changes a mail spells out.
MOST_CHANGES = 200
SIGNER = Signer(salt="initiatives.digests.unsubscribe")

logger = logging.getLogger(__name__)


class Site:
    """What makes absolute addresses where there is no request."""

    def build_absolute_uri(self, location: str = "/") -> str:
        return f"{settings.TRACKER_SITE_URL}{location}"


@dataclass
class Run:
    """What came of one run."""

    sent: int = 0
    failed: int = 0


def send_digests(today: date) -> Run:
    """Send everybody their digest of this day who wants one, has had none and has something new to read."""
    # Which records have an address, and what is shown of them, is known once the addresses are.
    import_module(settings.ROOT_URLCONF)
    run = Run()
    for pk in list(FeedReader.objects.owed_digest(today).order_by("pk").values_list("pk", flat=True)):
        with alone(f"digest:{pk}") as is_alone:
            # Another process may have sent it since the list was read.
            row = FeedReader.objects.owed_digest(today).select_related("user").filter(pk=pk).first()
            if is_alone and row is not None:
                _send_one(row, today, run)
    return run


def _send_one(reader: FeedReader, today: date, run: Run) -> None:
    address = address_of(reader.user)
    if not address:
        return
    with override(reader.language):
        told = _news(reader)
        if not told.entries:
            return
        mail = _mail(reader, address, told, today)
        try:
            mail.send()
        except OSError as error:
            # Of the mail server: the next run tries again.
            logger.warning("The digest of reader %d was not taken: %s", reader.pk, error)
            run.failed += 1
            return
    reader.note_digest(told.last, today)
    run.sent += 1


def _news(reader: FeedReader) -> Told:
    """What is new, from the first revisions on in which the person may see any of it."""
    told = Told(reader.undigested_since, True, [])
    while told.more and not told.entries:
        told = news_for(reader.user, since=told.last, limit=MOST_CHANGES, reader=Reader(reader.user), request=Site())
    return told


def _mail(reader: FeedReader, address: str, told: Told, today: date) -> EmailMultiAlternatives:
    unsubscribe = Site().build_absolute_uri(reverse("digest-off", kwargs={"token": token_for(reader)}))
    entries = list(_told(told.entries))
    context = {
        "entries": entries,
        "more": told.more,
        "unsubscribe": unsubscribe,
        "language": reader.language,
        "direction": "rtl" if reader.language == "ar" else "ltr",
        "site": Site().build_absolute_uri(reverse("dashboards-page")),
    }
    count = len({entry["url"] for entry in entries})
    subject = ngettext("News of %(count)d record that you follow", "News of %(count)d records that you follow", count)
    headers = {
        "Message-ID": f"<digest-{reader.pk}-{today:%Y%m%d}@{urlsplit(settings.TRACKER_SITE_URL).hostname}>",
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return two_part_mail("digest", subject % {"count": count}, address, context, headers)


def _told(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        record = entry["record"]
        yield {
            "name": _name(record),
            "url": record["url"],
            "at": entry["at"],
            "lines": list(lines_of(entry)),
        }


def _name(record: Mapping[str, Any]) -> str:
    texts = next((each for each in record.values() if isinstance(each, Mapping)), None)
    return in_language(texts) or str(record["slug"])


# Switching it off without signing in ----------------------------------------------------------------------------------


def token_for(reader: FeedReader) -> str:
    """What lets whoever got the mail switch its digest off, and nothing else."""
    return SIGNER.sign(str(reader.pk))


def reader_with(token: str) -> FeedReader | None:
    """Whose digest a token is of."""
    try:
        pk = SIGNER.unsign(token)
    except BadSignature:
        return None
    found: FeedReader | None = FeedReader.objects.select_related("user").filter(pk=pk).first()
    return found
