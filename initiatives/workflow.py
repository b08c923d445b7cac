"""Writes that span several models, each in one transaction: API, admin and commands share them.

Publication takes steps: submit, approve, return, withdraw. Each asks ``initiatives.permissions``, moves the state, and
is noted for the members. A published record's next version takes the same steps while the record stays as it is.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from initiatives import next_versions
from initiatives.models import Dashboard, FeedReader, Follow, NextVersion, PublicationStep, Widget
from initiatives.models.dashboards import MOST_DASHBOARDS
from initiatives.models.following import MOST_FOLLOWED
from initiatives.models.publication import PublicationState
from initiatives.models.records import Record
from initiatives.permissions import LEAST, Action, Standing, standing, why_not
from tracker.api.problem_types import Conflict

DRAFT, IN_REVIEW, PUBLISHED, WITHDRAWN = PublicationState
Kind = PublicationStep.Kind


# Publication ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def submit(*, record: Any, by: Any, comment: str = "") -> None:
    """Ask for a review of a draft, or of the next version of what is published; who may approve it skips the review."""
    version = _locked(record)
    subject = version or record
    _check(Action.SUBMIT, subject, record, by)
    if not why_not(by, Action.APPROVE, _seen_as(subject, record)):
        approve(record=record, by=by, comment=comment)
        return
    _move(subject, IN_REVIEW)
    _note(Kind.SUBMITTED, record, by, comment, version)


@transaction.atomic
def approve(*, record: Any, by: Any, comment: str = "") -> None:
    """Let everybody read the record, or make it what its next version says. Raises Conflict if it changed meanwhile."""
    version = _locked(record)
    _check(Action.APPROVE, version or record, record, by)
    if version is not None:
        next_versions.apply(version, record, by)
        refusal = why_not(by, Action.CHANGE, record)
        if refusal:
            # It would belong to an organization that the reviewer does not speak for.
            raise PermissionDenied(refusal)
        version.delete()
    else:
        record.move_to(PUBLISHED)
    _note(Kind.APPROVED, record, by, comment, version)


@transaction.atomic
def return_for_changes(*, record: Any, by: Any, comment: str) -> None:
    """Give what is in review back to its authors, with the reason that this owes."""
    version = _locked(record)
    subject = version or record
    _check(Action.RETURN, subject, record, by)
    _owe_reason(comment)
    _move(subject, DRAFT)
    _note(Kind.RETURNED, record, by, comment, version)


@transaction.atomic
def withdraw(*, record: Any, by: Any, comment: str = "") -> None:
    """Take a record or its next version out of the review; or, for a reason, a record from the public's sight."""
    version = _locked(record)
    if version is not None and version.state == NextVersion.State.IN_REVIEW:
        _check(Action.WITHDRAW, version, record, by)
        _move(version, DRAFT)
    else:
        version = None
        _check(Action.WITHDRAW, record, record, by)
        if record.state == PUBLISHED:
            _owe_reason(comment)
        _move(record, DRAFT if record.state == IN_REVIEW else WITHDRAWN)
    _note(Kind.WITHDRAWN, record, by, comment, version)


def _locked(record: Any) -> NextVersion | None:
    """Keep everybody else from taking a step with the record; the next version that is pending, if there is one."""
    rows = type(record)._base_manager.select_for_update(of=("self",), no_key=True)
    record.state = rows.values_list("state", flat=True).get(pk=record.pk)
    return next_versions.pending(record, for_change=True)


def _seen_as(subject: Any, record: Any) -> Any:
    """The record with the state that decides: its next version's, if that is what a step is taken with."""
    return record if subject is record else next_versions.InState(record, subject.state)


def _check(action: Action, subject: Any, record: Any, by: Any) -> None:
    if standing(by, record.owner_id()) == Standing.OUTSIDER:
        raise PermissionDenied(_("This is for members of the organization that answers for the record."))
    if PublicationState(subject.state) not in LEAST[action]:
        message = _("This is %(state)s now, and so cannot take this step.")
        raise Conflict(message % {"state": PublicationState(subject.state).label})
    refusal = why_not(by, action, _seen_as(subject, record))
    if refusal:
        raise PermissionDenied(refusal)


def _owe_reason(comment: str) -> None:
    if not comment.strip():
        raise ValidationError({"comment": ValidationError(_("Say why."), code="required")})


def _move(subject: Any, state: PublicationState) -> None:
    if isinstance(subject, NextVersion):
        subject.state = state
        subject.save(update_fields=["state", "updated_at"])
    else:
        subject.move_to(state)


def _note(kind: Kind, record: Any, by: Any, comment: str, version: NextVersion | None) -> None:
    PublicationStep.objects.create(
        record=record, kind=kind, by=by, comment=comment, of_next_version=version is not None
    )


# Merging -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def merge(*, duplicate: Record, into: Record) -> Record:
    """Make ``duplicate`` lead to ``into``: what referred to it or was part of it now is of ``into``.

    The duplicate stays, so that its address redirects. A part that ``into`` has already (the same involvement, say)
    stays behind with it. Raises ValidationError where the two cannot be merged, IntegrityError where moving a record
    would break a rule.
    """
    rows = type(duplicate)._base_manager.select_for_update().filter(pk__in=[duplicate.pk, into.pk])
    locked = {row.pk: row for row in rows.order_by("pk")}
    if len(locked) < 2:
        raise ValidationError(
            {"into": ValidationError(_("A record cannot be merged into itself."), code="same_record")}
        )
    duplicate, into = locked[duplicate.pk], locked[into.pk]
    if into.replaced_by is not None:
        message = _("This record was itself merged into “%(slug)s”.") % {"slug": into.replaced_by.slug}
        raise ValidationError({"into": ValidationError(message, code="merged_record")})
    links = _link_tables(type(duplicate))
    for through in links:
        _move_links(through, duplicate, into)
    for relation in duplicate._meta.related_objects:
        if relation.field.many_to_one and relation.related_model not in links:
            _move_rows(relation.field, duplicate, into)
    _move_generic_references(duplicate, into)
    Follow.objects.move(duplicate, into)
    duplicate.replaced_by = into
    duplicate.save(update_fields=["replaced_by", "updated_at"])
    return into


def _link_tables(model: type[models.Model]) -> set[Any]:
    """The tables of all many-to-many relations that the model is an end of."""
    relations: list[Any] = [field.remote_field for field in model._meta.many_to_many]
    relations += [relation for relation in model._meta.related_objects if relation.many_to_many]
    return {relation.through for relation in relations}


def _move_rows(field: Any, duplicate: Record, into: Record) -> None:
    rows = field.model._base_manager.filter(**{field.name: duplicate})
    try:
        with transaction.atomic():
            rows.update(**{field.name: into}, **_places_after(field, into))
    except IntegrityError:
        _move_one_by_one(field, rows, into)


def _places_after(field: Any, into: Record) -> dict[str, Any]:
    """Where rows have a position within their record, those that come in stand after those that are there."""
    columns = {column.name for column in field.model._meta.concrete_fields}
    if "position" not in columns or field.remote_field.on_delete is not models.CASCADE:
        return {}
    last = field.model._base_manager.filter(**{field.name: into}).aggregate(last=Max("position"))["last"]
    return {"position": models.F("position") + (last or 0)}


def _move_one_by_one(field: Any, rows: models.QuerySet[Any], into: Record) -> None:
    """Parts that ``into`` has already stay behind; a record that cannot move refuses the merge."""
    for row in rows:
        try:
            with transaction.atomic():
                field.model._base_manager.filter(pk=row.pk).update(**{field.name: into})
        except IntegrityError:
            if isinstance(row, Record):
                raise


def _move_links(through: type[models.Model], duplicate: Record, into: Record) -> None:
    """Many-to-many links; one that ``into`` has already goes."""
    for end in (field for field in through._meta.fields if field.related_model is type(duplicate)):
        for link in through._base_manager.filter(**{end.name: duplicate}):
            try:
                with transaction.atomic():
                    through._base_manager.filter(pk=link.pk).update(**{end.name: into})
            except IntegrityError:
                link.delete()


def _move_generic_references(duplicate: Record, into: Record) -> None:
    of_type = ContentType.objects.get_for_model(duplicate)
    for model in duplicate._meta.apps.get_app_config(duplicate._meta.app_label).get_models():
        for field in (f for f in model._meta.private_fields if isinstance(f, GenericForeignKey)):
            rows = model._base_manager.filter(**{field.ct_field: of_type, field.fk_field: duplicate.pk})
            rows.update(**{field.fk_field: into.pk})


# Dashboards and following ---------------------------------------------------------------------------------------------


def make_room_for_dashboard(*, owner: Any) -> None:
    """Let the owner have one more dashboard; raises Conflict where they have as many as they may.

    The owner's row stays locked until the transaction ends, so that no two requests take the last place.
    """
    get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
    if owner.dashboards.count() >= MOST_DASHBOARDS:
        raise Conflict(_("You have %(most)d dashboards, which is as many as there may be.") % {"most": MOST_DASHBOARDS})


@transaction.atomic
def copy_dashboard(*, dashboard: Dashboard, owner: Any) -> Dashboard:
    """A private dashboard of the owner's with the same title and widgets."""
    make_room_for_dashboard(owner=owner)
    titles = {"title_en": dashboard.title_en, "title_ar": dashboard.title_ar}
    copy = Dashboard.objects.create(owner=owner, **titles)
    kept = ("position", "title_en", "title_ar", "query", "display", "group_by")
    Widget.objects.bulk_create(
        Widget(dashboard=copy, **{name: getattr(widget, name) for name in kept}) for widget in dashboard.widgets.all()
    )
    return copy


@transaction.atomic
def follow(*, user: Any, record: Record, slug: str) -> tuple[Follow, bool]:
    """Have the user hear of the record from now on, and whether they did not before; raises Conflict at the limit."""
    get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
    known = Follow.objects.of_record(record).filter(user=user.pk).first()
    if known is not None:
        return known, False
    if user.follows.count() >= MOST_FOLLOWED:
        raise Conflict(_("You follow %(most)d records, which is as many as there may be.") % {"most": MOST_FOLLOWED})
    FeedReader.objects.of_user(user)
    of_type = ContentType.objects.get_for_model(record)
    return Follow.objects.create(user=user, content_type=of_type, object_id=record.pk, slug=slug), True


@transaction.atomic
def set_digest(*, reader: FeedReader, digest: str, language: str) -> None:
    """Turn the daily digest on or off, in a language."""
    FeedReader.objects.filter(pk=reader.pk).update(language=language)
    reader.language = language
    reader.switch(digest)
