"""What a person follows, and what became of it since: the API, the page and the digest share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from initiatives.models import FeedReader, Follow
from tracker.history.api.followed import Followed, Told, tell, visible_records
from tracker.history.readers import Reader
from tracker.history.time_travel import current_revision


@dataclass(frozen=True)
class Followings:
    """All that a person follows: what of it they see now, and what is gone for them."""

    follows: list[Follow]
    records: dict[Followed, Any]

    def record(self, follow: Follow) -> Any:
        """The record, or None where it is gone: deleted, or hidden from the person."""
        return self.records.get(_key(follow))

    @property
    def gone(self) -> list[Follow]:
        return [follow for follow in self.follows if self.record(follow) is None]


def followings_of(user: Any, *, seen_by: Any = None) -> Followings:
    """What the user follows, newest first, as far as they see it; or only as far as ``seen_by`` does."""
    follows = list(Follow.objects.filter(user=user.pk).select_related("content_type").order_by("-pk"))
    return Followings(follows, visible_records(map(_key, follows), seen_by or user))


def _key(follow: Follow) -> Followed:
    return Followed(follow.table, follow.object_id)


def news_for(user: Any, *, since: int, limit: int, reader: Reader, request: Any) -> Told:
    """What became of what the user follows after a revision, and after they began to follow it."""
    follows = Follow.objects.filter(user=user.pk).select_related("content_type")
    marks = {_key(follow): max(follow.since, since) for follow in follows}
    return tell(marks, current_revision(), limit, reader, request)


def reader_of(user: Any) -> FeedReader:
    """How far the user has read; somebody who has never asked begins now."""
    return FeedReader.objects.of_user(user)
