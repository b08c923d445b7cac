"""The domain: records of a smart city's transformation, area by area."""

from .dashboards import Dashboard, Widget
from .datasets import Dataset, DatasetAccess, Distribution, SharingAgreement
from .engagements import AgendaItem, Engagement, Outcome, Participation, Statement
from .following import FeedReader, Follow
from .happiness import HappinessCount, Rating, WaitingRatings
from .indicators import Indicator, Observation, Target
from .initiatives import Initiative, Involvement, ProgressUpdate
from .memberships import Invitation, JoinRequest, Membership
from .organizations import Organization
from .partnerships import Partnership
from .people import Appointment, Person
from .publication import NextVersion, PublicationStep
from .reminders import Reminder
from .roadmaps import Milestone, MilestoneDependency, Roadmap, RoadmapItem
from .smart_services import Capability, Platform, ServiceRelease, SmartService
from .sources import Citation, Source
from .strategies import Goal, Pillar, Strategy
from .webhooks import Webhook, WebhookDelivery

__all__ = [
    "AgendaItem",
    "Appointment",
    "Capability",
    "Citation",
    "Dashboard",
    "Dataset",
    "DatasetAccess",
    "Distribution",
    "Engagement",
    "FeedReader",
    "Follow",
    "Goal",
    "HappinessCount",
    "Indicator",
    "Initiative",
    "Invitation",
    "Involvement",
    "JoinRequest",
    "Membership",
    "Milestone",
    "MilestoneDependency",
    "NextVersion",
    "Observation",
    "Organization",
    "Outcome",
    "Participation",
    "Partnership",
    "Person",
    "Pillar",
    "Platform",
    "ProgressUpdate",
    "PublicationStep",
    "Rating",
    "Reminder",
    "Roadmap",
    "RoadmapItem",
    "ServiceRelease",
    "SharingAgreement",
    "SmartService",
    "Source",
    "Statement",
    "Strategy",
    "Target",
    "WaitingRatings",
    "Webhook",
    "WebhookDelivery",
    "Widget",
]
