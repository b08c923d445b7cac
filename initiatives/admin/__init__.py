"""The curators' admin, area by area; importing an area registers its models."""

from . import (
    dashboards,
    datasets,
    engagements,
    happiness,
    indicators,
    initiatives,
    memberships,
    organizations,
    partnerships,
    people,
    review,
    roadmaps,
    smart_services,
    sources,
    strategies,
    webhooks,
)

__all__ = [
    "dashboards",
    "datasets",
    "engagements",
    "happiness",
    "indicators",
    "initiatives",
    "memberships",
    "organizations",
    "partnerships",
    "people",
    "review",
    "roadmaps",
    "smart_services",
    "sources",
    "strategies",
    "webhooks",
]
