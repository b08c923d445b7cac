"""Every endpoint of the API on one screen."""

from __future__ import annotations

from django.urls import include, path, re_path
from django.utils.translation import gettext_lazy

from tracker.api.documentation import SchemaView, redoc_page, swagger_page
from tracker.api.roots import ApiRoot, CollectionList
from tracker.api.routing import CollectionRouter
from tracker.api.search_everywhere import SearchEverywhere
from tracker.api.tokens import TokenViewSet
from tracker.history.api.views import ChangeFeed, ChangesForPeople, RevisionDetail, RevisionList

from . import (
    dashboards,
    datasets,
    engagements,
    following,
    happiness,
    indicators,
    initiatives,
    memberships,
    organizations,
    owed,
    partnerships,
    people,
    progress_updates,
    ratings,
    roadmaps,
    smart_services,
    sources,
    strategies,
    webhooks,
)

router = CollectionRouter()
router.register_collection(organizations.OrganizationViewSet)
router.register_collection(people.PersonViewSet)
router.register_collection(people.AppointmentViewSet)
router.register_collection(strategies.StrategyViewSet)
router.register_collection(strategies.PillarViewSet)
router.register_collection(strategies.GoalViewSet)
router.register_collection(initiatives.InitiativeViewSet)
router.register_collection(roadmaps.MilestoneViewSet)
router.register_collection(roadmaps.RoadmapViewSet)
router.register_collection(indicators.IndicatorViewSet)
router.register_collection(indicators.ObservationViewSet)
router.register_collection(partnerships.PartnershipViewSet)
router.register_collection(smart_services.PlatformViewSet)
router.register_collection(smart_services.SmartServiceViewSet)
router.register_collection(datasets.DatasetViewSet)
router.register_collection(datasets.SharingAgreementViewSet)
router.register_collection(engagements.EngagementViewSet)
router.register_collection(engagements.StatementViewSet)
router.register_collection(sources.SourceViewSet)
router.register_collection(sources.CitationViewSet)
router.register(
    "initiatives/(?P<initiative>[a-z0-9-]+)/progress-updates",
    progress_updates.ProgressUpdateViewSet,
    basename="progress-updates",
)
router.register("memberships", memberships.MembershipViewSet, basename="memberships")
router.register("invitations", memberships.InvitationViewSet, basename="invitations")
router.register("join-requests", memberships.JoinRequestViewSet, basename="join-requests")
router.register("dashboards", dashboards.DashboardViewSet, basename="dashboards")
router.register("webhooks", webhooks.WebhookViewSet, basename="webhooks")
router.register("me/tokens", TokenViewSet, basename="tokens")

# Not records, but served beside them.
OTHERS = {
    "revisions": ("revision-list", gettext_lazy("revisions")),
    "changes": ("changes", gettext_lazy("changes")),
    "memberships": ("memberships-list", gettext_lazy("memberships")),
    "invitations": ("invitations-list", gettext_lazy("invitations")),
    "join-requests": ("join-requests-list", gettext_lazy("requests to join")),
    "dashboards": ("dashboards-list", gettext_lazy("dashboards")),
    "happiness": ("happiness", gettext_lazy("Happiness")),
    "webhooks": ("webhooks-list", gettext_lazy("webhooks")),
    "tokens": ("tokens-list", gettext_lazy("API tokens")),
}

urlpatterns = [
    path("", ApiRoot.as_view(), name="api"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", swagger_page, name="docs"),
    path("redoc/", redoc_page, name="redoc"),
    path("v1/", CollectionList.as_view(others=OTHERS), name="api-v1"),
    path("v1/search/", SearchEverywhere.as_view(), name="search"),
    path("v1/revisions/", RevisionList.as_view(), name="revision-list"),
    path("v1/revisions/<int:number>/", RevisionDetail.as_view(), name="revision-detail"),
    path("v1/changes/", ChangeFeed.as_view(), name="changes"),
    path("v1/changes.atom", ChangesForPeople.as_view(), name="changes-atom"),
    path("v1/me/following/", following.FollowingList.as_view(), name="following-list"),
    path("v1/me/following/<str:collection>/<str:slug>/", following.FollowingDetail.as_view(), name="following-detail"),
    path("v1/me/feed/", following.PersonalFeed.as_view(), name="feed"),
    path("v1/me/feed/seen/", following.FeedSeen.as_view(), name="feed-seen"),
    path("v1/me/owed/", owed.OwedUpdates.as_view(), name="owed"),
    path("v1/me/digest/", following.DigestView.as_view(), name="digest"),
    path("v1/happiness/", happiness.Happiness.as_view(), name="happiness"),
    re_path(r"^v1/smart-services/(?P<slug>[^/]+)/happiness/$", happiness.ServiceHappiness.as_view()),
    re_path(r"^v1/organizations/(?P<slug>[^/]+)/happiness/$", happiness.EntityHappiness.as_view()),
    re_path(r"^v1/pillars/(?P<slug>[^/]+)/happiness/$", happiness.PillarHappiness.as_view()),
    re_path(r"^v1/smart-services/(?P<slug>[^/]+)/ratings/$", ratings.Ratings.as_view()),
    path("v1/", include(router.urls)),
]
