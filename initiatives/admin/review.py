"""The review queue: what waits to be published, beside what the public sees now; and the log of every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from initiatives import next_versions, workflow
from initiatives.models import NextVersion, PublicationStep, Reminder
from initiatives.models.publication import PublicationState, Publishable
from initiatives.permissions import Action, may
from tracker.api import collections

from .actions import take_step
from .reasons import take_reason
from .records import RegistryAdmin
from .webhooks import ReadOnly

PER_PAGE = 20
STEPS = {"approve": workflow.approve, "return": workflow.return_for_changes}
NOT_COMPARED = ("id", "slug", "url", "state", "created_at", "updated_at", "replaced_by")


class Difference(NamedTuple):
    """A field as the public sees it, and as it is to be; each a list of lines."""

    field: str
    now: list[str]
    then: list[str]


class Waiting(NamedTuple):
    """Something that waits for its review."""

    key: str
    record: Any
    kind: str
    address: str
    is_next_version: bool
    submitted: PublicationStep | None
    differences: list[Difference]


@admin.register(NextVersion)
class NextVersionAdmin(ReadOnly, RegistryAdmin):
    """What published records are to become. The queue is where they are approved or returned."""

    columns = ("state", "author", "updated_at")
    filters = ("state", "author")
    change_list_template = "admin/next_version_list.html"

    def get_urls(self) -> list[URLPattern]:
        queue = path("queue/", self.admin_site.admin_view(self.queue_view), name="review_queue")
        return [queue, *super().get_urls()]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["author__username"]

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """All that waits for a review of the user's, oldest first; many are approved or returned at once."""
        if request.method == "POST":
            return self._decide(request)
        page = Paginator(list(_in_review(request.user)), PER_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Review queue"),
            "opts": self.opts,
            "page": page,
            "waiting": [_told(record, version, request) for record, version in page],
            "media": self.media,
        }
        return TemplateResponse(request, "admin/review_queue.html", context)

    def _decide(self, request: HttpRequest) -> HttpResponse:
        step = STEPS.get(request.POST.get("step", ""))
        chosen = set(request.POST.getlist("chosen"))
        records = [record for record, _version in _in_review(request.user) if _key(record) in chosen]
        if step is not None and records:
            take_reason(request)
            words = _("Published.") if step is workflow.approve else _("Returned.")
            done = take_step(self, request, records, step, words)
            self.message_user(request, f"{words} {done}/{len(records)}")
        return HttpResponseRedirect(reverse("admin:review_queue"))


@admin.register(PublicationStep)
class PublicationStepAdmin(ReadOnly, RegistryAdmin):
    columns = ("kind", "of_next_version", "by", "at", "comment")
    filters = ("kind", "of_next_version", "by", "at")

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["comment", "by__username"]


@admin.register(Reminder)
class ReminderAdmin(ReadOnly, RegistryAdmin):
    columns = ("user", "due_on", "sent_at")
    filters = ("user", "due_on")

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["user__username"]


def _in_review(user: Any) -> Iterator[tuple[Any, NextVersion | None]]:
    """The records that wait, as far as the user may approve them, and the next version that it is of each."""
    for model in apps.get_app_config("initiatives").get_models():
        if issubclass(model, Publishable):
            rows = _first_versions(model)
            yield from ((row, None) for row in rows if may(user, Action.APPROVE, row))
    for version in NextVersion.objects.filter(state=NextVersion.State.IN_REVIEW).order_by("updated_at"):
        record = version.record
        if record is not None and may(user, Action.APPROVE, next_versions.InState(record, version.state)):
            yield record, version


def _first_versions(model: Any) -> models.QuerySet[Any]:
    return model._default_manager.filter(state=PublicationState.IN_REVIEW).order_by("updated_at")  # type: ignore[no-any-return]


def _told(record: Any, version: NextVersion | None, request: HttpRequest) -> Waiting:
    meta = record._meta
    log = PublicationStep.objects.filter(
        content_type=ContentType.objects.get_for_model(type(record)), object_id=record.pk
    )
    return Waiting(
        key=_key(record),
        record=record,
        kind=capfirst(str(meta.verbose_name)),
        address=reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk]),
        is_next_version=version is not None,
        submitted=log.filter(kind=PublicationStep.Kind.SUBMITTED).select_related("by").first(),
        differences=list(_differences(record, version, request)),
    )


def _key(record: Any) -> str:
    return f"{record._meta.model_name}-{record.pk}"


def _differences(record: Any, version: NextVersion | None, request: HttpRequest) -> Iterator[Difference]:
    """Of a next version the fields that it changes; of a first version all that it says."""
    if version is not None:
        now = next_versions.shown(record, version.changes, request.user)
        for name, value in version.changes.items():
            yield Difference(name, lines(now.get(name)), lines(_whole(now.get(name), value)))
        return
    if collections.has_collection(type(record)):
        serializer = collections.viewset_of(type(record)).serializer_class()
        said = next_versions.shown(record, list(serializer.fields), request.user)
    else:
        said = {field.name: getattr(record, field.name) for field in record._meta.concrete_fields}
    for name, value in said.items():
        told = [] if name in NOT_COMPARED else lines(value)
        if told:
            yield Difference(name, [], told)


def _whole(now: Any, proposed: Any) -> Any:
    """What a list of parts is to become: those that a proposal names by their id keep what it does not change."""
    if not isinstance(now, list) or not isinstance(proposed, list):
        return proposed
    parts = {part["id"]: part for part in now if isinstance(part, Mapping) and "id" in part}
    order = list(next(iter(parts.values()), {}))

    def whole(part: Mapping[str, Any]) -> dict[str, Any]:
        merged = {**parts.get(part.get("id"), {}), **part}
        return {name: merged[name] for name in dict.fromkeys((*order, *merged)) if name in merged}

    return [whole(each) if isinstance(each, Mapping) else each for each in proposed]


def lines(value: Any) -> list[str]:
    """A value of the API for people: texts in both languages, the names of references, an entry of a list each."""
    if value in (None, "", []):
        return []
    if isinstance(value, list):
        return [" · ".join(lines(each)) for each in value]
    if not isinstance(value, Mapping):
        return [str(value)]
    if value.keys() <= {"en", "ar"}:
        return [text for text in (value.get("en"), value.get("ar")) if text]
    named = value.get("name") or value.get("title")
    if "slug" in value and named:
        return lines(named)[:1]
    return [line for name, each in value.items() if name not in NOT_COMPARED for line in lines(each)]
