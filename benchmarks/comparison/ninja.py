"""Initiatives by django-ninja, in the service's JSON shape."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Schema
from ninja.security import HttpBearer
from rest_framework.authtoken.models import Token

from benchmarks.comparison.rows import initiatives
from initiatives.models import Initiative, Organization

SITE = "http://127.0.0.1"


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = Token.objects.select_related("user").filter(key=token).first()
        return found.user if found else None


api = NinjaAPI()


class Text(Schema):
    en: str | None = None
    ar: str | None = None


def text(row: Any, name: str) -> dict[str, Any]:
    return {"en": getattr(row, f"{name}_en") or None, "ar": getattr(row, f"{name}_ar") or None}


def address(row: Any) -> str:
    return f"{SITE}/ninja/{row.collection}/{row.slug}/"


class Addressed(Schema):
    id: int
    slug: str
    url: str

    @staticmethod
    def resolve_url(row: Any) -> str:
        return address(row)


class NameReference(Addressed):
    name: Text

    @staticmethod
    def resolve_name(row: Any) -> dict[str, Any]:
        return text(row, "name")


class TitleReference(Addressed):
    title: Text

    @staticmethod
    def resolve_title(row: Any) -> dict[str, Any]:
        return text(row, "title")


class CitationOut(Addressed):
    source: TitleReference
    locator: str
    fields: list[str]
    stance: str
    claimed_value: str
    note: Text

    @staticmethod
    def resolve_note(row: Any) -> dict[str, Any]:
        return text(row, "note")


class PartOut(Schema):
    id: int
    citations: list[CitationOut]
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def resolve_citations(row: Any) -> Any:
        return row.citations.all()


class InvolvementOut(PartOut):
    organization: NameReference
    role: str
    start: date | None
    end: date | None


class MilestoneOut(TitleReference, PartOut):
    due_on: date | None
    forecast_on: date | None
    completed_on: date | None
    weight: Decimal
    depends_on: list[TitleReference]
    slippage_days: int | None
    projected_on: date | None


class ProgressUpdateOut(PartOut):
    on: date
    health: str
    text: Text
    state: str

    @staticmethod
    def resolve_text(row: Any) -> dict[str, Any]:
        return text(row, "text")


class InitiativeOut(TitleReference, PartOut):
    summary: Text
    kind: str
    parent: TitleReference | None
    pillars: list[NameReference]
    goals: list[TitleReference]
    lead: NameReference | None
    status: str | None
    status_override: str
    status_reason: Text
    planned_start: date | None
    planned_end: date | None
    actual_start: date | None
    actual_end: date | None
    dates_note: Text
    budget_amount: Decimal | None
    budget_currency: str
    progress: Decimal | None
    stated_progress: Decimal | None
    progress_source: TitleReference | None
    update_frequency: str
    last_update_on: date | None
    next_update_on: date | None
    state: str
    involvements: list[InvolvementOut]
    milestones: list[MilestoneOut]
    progress_updates: list[ProgressUpdateOut]
    replaced_by: TitleReference | None

    @staticmethod
    def resolve_summary(row: Any) -> dict[str, Any]:
        return text(row, "summary")

    @staticmethod
    def resolve_status_reason(row: Any) -> dict[str, Any]:
        return text(row, "status_reason")

    @staticmethod
    def resolve_dates_note(row: Any) -> dict[str, Any]:
        return text(row, "dates_note")


class Page(Schema):
    count: int
    next: str | None
    previous: str | None
    results: list[InitiativeOut]


class NewInitiative(Schema):
    slug: str
    title: Text
    summary: Text
    kind: str
    lead: str
    planned_start: date
    planned_end: date


@api.get("/initiatives/", response=Page)
def list_initiatives(
    request: HttpRequest,
    limit: int = 50,
    offset: int = 0,
    status: str | None = None,
    kind: str | None = None,
    search: str | None = None,
) -> dict[str, Any]:
    rows = initiatives()
    if status:
        rows = rows.filter(status=status)
    if kind:
        rows = rows.filter(kind=kind)
    if search:
        columns = ("title_en", "title_ar", "summary_en", "summary_ar")
        rows = rows.filter(Q(*((f"{column}__icontains", search) for column in columns), _connector=Q.OR))
    count = rows.count()
    base = f"{SITE}/ninja/initiatives/?limit={limit}&offset="
    return {
        "count": count,
        "next": f"{base}{offset + limit}" if offset + limit < count else None,
        "previous": f"{base}{max(offset - limit, 0)}" if offset else None,
        "results": list(rows[offset : offset + limit]),
    }


@api.get("/initiatives/{slug}/", response=InitiativeOut)
def initiative(request: HttpRequest, slug: str) -> Any:
    return get_object_or_404(initiatives(), slug=slug)


@api.post("/initiatives/", response={201: InitiativeOut}, auth=Bearer())
def create_initiative(request: HttpRequest, new: NewInitiative) -> Any:
    with transaction.atomic():
        made = Initiative.objects.create(
            slug=new.slug,
            title_en=new.title.en or "",
            title_ar=new.title.ar or "",
            summary_en=new.summary.en or "",
            summary_ar=new.summary.ar or "",
            kind=new.kind,
            lead=get_object_or_404(Organization, slug=new.lead),
            planned_start=new.planned_start,
            planned_end=new.planned_end,
        )
    return 201, initiatives().get(pk=made.pk)
