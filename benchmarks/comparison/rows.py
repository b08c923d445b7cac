"""The rows as a careful user of Django's ORM fetches them, for both comparisons."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet

from initiatives.models import Citation, Initiative, Involvement, Milestone, ProgressUpdate


def initiatives() -> QuerySet[Any]:
    """Published initiatives with everything that their JSON shows: one query a relation, whatever the page's size."""
    citations = Prefetch("citations", Citation.objects.select_related("source"))
    return (
        Initiative.objects.published()
        .current()
        .with_computed()
        .select_related("parent", "lead", "progress_source", "replaced_by")
        .prefetch_related(
            "pillars",
            "goals",
            citations,
            Prefetch("involvements", Involvement.objects.select_related("organization").prefetch_related(citations)),
            Prefetch("milestones", Milestone.objects.with_computed().prefetch_related("depends_on", citations)),
            Prefetch("progress_updates", ProgressUpdate.objects.filter(state="published").prefetch_related(citations)),
        )
    )
