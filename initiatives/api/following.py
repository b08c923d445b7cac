"""Following records: which ones, what became of them, how far one has read, and the digest by e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from initiatives import workflow
from initiatives.following import Followings, followings_of, news_for, reader_of
from initiatives.models import FeedReader, Follow
from tracker.api import collections
from tracker.api.fields import LANGUAGES, ListedChoiceField, reference_to
from tracker.api.pagination import LARGEST_OFFSET, RecordPagination
from tracker.api.parsers import require_body
from tracker.api.permissions import in_scope, out_of_scope
from tracker.api.problem_types import InvalidParameters, UnknownParameter
from tracker.api.whole_writes import WholeWrites
from tracker.history.api.shapes import (
    PAGE,
    PAGE_NAMES,
    RecordDifferenceSerializer,
    RecordField,
    RevisionHeadSerializer,
    StrictSerializer,
    whole_number,
)
from tracker.history.readers import Reader
from tracker.history.time_travel import current_revision

MOST_CHANGES = 500
DEFAULT_CHANGES = 100
COLLECTION = OpenApiParameter(
    "collection", OpenApiTypes.STR, OpenApiParameter.PATH, description=gettext_lazy("The collection of the record.")
)
SLUG = OpenApiParameter(
    "slug", OpenApiTypes.STR, OpenApiParameter.PATH, description=gettext_lazy("The slug of the record.")
)


class FollowingSerializer(serializers.Serializer[Any]):
    """A record that one follows; `record` is null where it is gone, deleted or hidden."""

    collection = serializers.CharField()
    slug = serializers.CharField()
    url = serializers.URLField(help_text=gettext_lazy("Where to stop following it."))
    since = serializers.IntegerField(help_text=gettext_lazy("Changes after this revision are told."))
    record = RecordField()


class FollowingListSerializer(serializers.Serializer[Any]):
    """A page of what one follows, newest first."""

    count = serializers.IntegerField(allow_null=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = FollowingSerializer(many=True)


class FeedEntrySerializer(RevisionHeadSerializer):
    """What one revision did to a record that one follows."""

    record = RecordField()
    changes = RecordDifferenceSerializer(many=True)


class PersonalFeedSerializer(serializers.Serializer[Any]):
    """What became of what one follows, oldest first; `revision` is where to read on, and what to mark as seen."""

    since = serializers.IntegerField()
    seen = serializers.IntegerField()
    revision = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    more = serializers.BooleanField()
    results = FeedEntrySerializer(many=True)
    gone = FollowingSerializer(many=True)


class SeenSerializer(serializers.Serializer[Any]):
    """How far one has read."""

    seen = serializers.IntegerField()


class SeeSerializer(StrictSerializer):
    """The last revision that one has read. The mark moves back only where `back` says so."""

    revision = serializers.IntegerField(min_value=0, max_value=LARGEST_OFFSET)
    back = serializers.BooleanField(default=False)

    def validate_revision(self, revision: int) -> int:
        last = current_revision()
        if revision > last:
            message = _("There is no revision %(number)s; the last is %(last)d.")
            raise serializers.ValidationError(message % {"number": revision, "last": last}, "no_such_revision")
        return revision


class DigestSerializer(StrictSerializer):
    """Whether what became of what one follows is mailed once a day, and in which language."""

    digest = ListedChoiceField(choices=FeedReader.Digest.choices)
    language = ListedChoiceField(choices=[(code, code) for code in LANGUAGES], required=False)


class OwnPermissions(BasePermission):
    """Nobody without an account, no token without the scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        access = "read" if request.method in SAFE_METHODS else "write"
        if not in_scope(request, view.collection, access):
            raise out_of_scope(request, view.collection, access)
        return True


class OwnView(WholeWrites):
    """Something of the user's own; no answer is kept by anybody."""

    collection = "following"
    private = True
    permission_classes = (OwnPermissions,)
    title: ClassVar[Any]
    known: ClassVar[Mapping[str, frozenset[str]]] = {}

    def get_view_name(self) -> str:
        return str(self.title)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self.known.get(request.method or "", frozenset({"format"}))
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise UnknownParameter(unknown, known)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        found = super().finalize_response(request, response, *args, **kwargs)
        found["Cache-Control"] = "private, no-store"
        return found

    @property
    def audience(self) -> Any:
        """By whom it is asked what may be seen: a token that does not follow all changes sees what anybody sees."""
        return self.request.user if in_scope(self.request, "changes", "read") else AnonymousUser()

    def told(self, follow: Follow, followings: Followings) -> dict[str, Any]:
        model: Any = follow.content_type.model_class()
        record = followings.record(follow)
        slug = record.slug if record is not None else follow.slug
        address = reverse("following-detail", kwargs={"collection": model.collection, "slug": slug})
        context = {"request": self.request}
        shown = None if record is None else {"collection": model.collection, **reference_to(record, context)}
        url = self.request.build_absolute_uri(address)
        return {"collection": model.collection, "slug": slug, "url": url, "since": follow.since, "record": shown}


class FollowingList(OwnView):
    """What one follows."""

    title = gettext_lazy("Followed records")
    known = {"GET": frozenset(PAGE_NAMES)}

    @extend_schema(
        operation_id="following_list",
        summary=gettext_lazy("List: followed records"),
        parameters=PAGE,
        responses=FollowingListSerializer,
    )
    def get(self, request: Request) -> Response:
        """All records that one follows, the last first. Of one that is gone nothing is told but that."""
        followings = followings_of(request.user, seen_by=self.audience)
        pages = RecordPagination()
        page = pages.paginate_queryset(followings.follows, request, self)
        return Response(pages.envelope([self.told(follow, followings) for follow in page]))


class FollowingDetail(OwnView):
    """One record that one follows, or stops following."""

    title = gettext_lazy("Followed record")

    @extend_schema(
        operation_id="following_update",
        summary=gettext_lazy("Follow a record"),
        parameters=[COLLECTION, SLUG],
        request=None,
        responses={HTTPStatus.OK: FollowingSerializer, HTTPStatus.CREATED: FollowingSerializer},
    )
    def put(self, request: Request, collection: str, slug: str) -> Response:
        """Its changes from now on are in one's feed. To follow it again changes nothing."""
        record = self._record(collection, slug)
        follow, made = workflow.follow(user=request.user, record=record, slug=slug)
        followings = followings_of(request.user, seen_by=self.audience)
        status = HTTPStatus.CREATED if made else HTTPStatus.OK
        return Response(self.told(follow, followings), status)

    @extend_schema(
        operation_id="following_destroy",
        summary=gettext_lazy("Stop following a record"),
        parameters=[COLLECTION, SLUG],
        responses={HTTPStatus.NO_CONTENT: None},
    )
    def delete(self, request: Request, collection: str, slug: str) -> Response:
        """Also one that is gone, under the slug by which it is listed."""
        followings = followings_of(request.user, seen_by=self.audience)
        found = [each for each in followings.follows if self._is_named(each, followings, collection, slug)]
        if not found:
            raise Http404
        Follow.objects.filter(pk__in=[each.pk for each in found]).delete()
        return Response(status=HTTPStatus.NO_CONTENT)

    def _record(self, collection: str, slug: str) -> Any:
        model = collections.model_named(collection)
        rows = model._default_manager.all().visible_to(self.audience).current() if model is not None else None
        record = rows.filter(slug=slug).first() if rows is not None else None
        if record is None:
            raise Http404
        return record

    def _is_named(self, follow: Follow, followings: Followings, collection: str, slug: str) -> bool:
        model: Any = follow.content_type.model_class()
        record = followings.record(follow)
        return bool(model.collection == collection and slug in (follow.slug, getattr(record, "slug", follow.slug)))


class PersonalFeed(OwnView):
    """What became of what one follows."""

    title = gettext_lazy("What I follow")
    known = {"GET": frozenset({"since", "limit", "format"})}

    @extend_schema(
        operation_id="feed",
        summary=gettext_lazy("What became of what one follows"),
        parameters=[
            OpenApiParameter(
                "since",
                {"type": "integer", "minimum": 0, "maximum": LARGEST_OFFSET},
                description=gettext_lazy("Tell what came after this revision; by default the one that was seen last."),
            ),
            whole_number(
                "limit",
                gettext_lazy("About how many changes: revisions are told as wholes, and at least one."),
                lowest=1,
                highest=MOST_CHANGES,
                default=DEFAULT_CHANGES,
            ),
        ],
        responses=PersonalFeedSerializer,
    )
    def get(self, request: Request) -> Response:
        """Revision by revision, oldest first: which fields of which record and its parts, from what to what.

        Nothing is marked as seen by reading it. Of what one may not see any more, `gone` says no more than that.
        """
        mark = reader_of(request.user)
        since = self._number("since", mark.seen, 0, LARGEST_OFFSET)
        limit = self._number("limit", DEFAULT_CHANGES, 1, MOST_CHANGES)
        reader = Reader(self.audience)
        news = news_for(request.user, since=since, limit=limit, reader=reader, request=request)
        followings = followings_of(request.user, seen_by=self.audience)
        address = request.build_absolute_uri()
        return Response(
            {
                "since": since,
                "seen": mark.seen,
                "revision": max(news.last, since),
                "next": replace_query_param(address, "since", news.last) if news.more else None,
                "more": news.more,
                "results": news.entries,
                "gone": [self.told(follow, followings) for follow in followings.gone],
            }
        )

    def _number(self, name: str, default: int, lowest: int, highest: int) -> int:
        given = self.request.query_params.getlist(name)
        if not given:
            return default
        is_number = len(given) == 1 and given[0].isascii() and given[0].isdigit() and len(given[0]) < len(str(2**63))
        number = int(given[0]) if is_number else -1
        if lowest <= number <= highest:
            return number
        message = _("“%(name)s” is given once, as a whole number from %(lowest)d to %(highest)d; not “%(value)s”.")
        values = {"name": name, "lowest": lowest, "highest": highest, "value": ", ".join(given)[:100]}
        raise InvalidParameters({name: serializers.ErrorDetail(message % values, code="out_of_range")})


class FeedSeen(OwnView):
    """How far one has read."""

    title = gettext_lazy("Seen")

    @extend_schema(
        operation_id="feed_seen",
        summary=gettext_lazy("Mark the feed as seen"),
        request=SeeSerializer,
        responses=SeenSerializer,
    )
    def post(self, request: Request) -> Response:
        """Up to a revision, such as the feed's `revision`. A mark that is further already stays."""
        require_body(request)
        body = SeeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            mark = reader_of(request.user)
            move = mark.return_to if body.validated_data["back"] else mark.see
            move(body.validated_data["revision"])
        return Response({"seen": mark.seen})


class DigestView(OwnView):
    """The daily digest by e-mail."""

    title = gettext_lazy("Digest by e-mail")

    @extend_schema(
        operation_id="digest_retrieve",
        summary=gettext_lazy("Read whether there is a digest"),
        responses=DigestSerializer,
    )
    def get(self, request: Request) -> Response:
        """Whether what becomes of what one follows is mailed, and in which language."""
        return self._answer(reader_of(request.user))

    @extend_schema(
        operation_id="digest_partial_update",
        summary=gettext_lazy("Switch the digest on or off"),
        request=DigestSerializer,
        responses=DigestSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Once a day, when there is something new. Without a language it is that of this request."""
        require_body(request)
        body = DigestSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            mark = reader_of(request.user)
            digest = body.validated_data.get("digest", mark.digest)
            workflow.set_digest(reader=mark, digest=digest, language=self._language(body.validated_data, mark))
        return self._answer(mark)

    def _language(self, body: Mapping[str, Any], mark: FeedReader) -> str:
        spoken = "ar" if (get_language() or "").startswith("ar") else "en"
        begins = body.get("digest") == FeedReader.Digest.DAILY != mark.digest
        return str(body.get("language") or (spoken if begins else mark.language))

    def _answer(self, mark: FeedReader) -> Response:
        return Response({"digest": mark.digest, "language": mark.language})
