"""A row of every model that the desk shows, with references of its own: what a list fetches row by row would show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import models

from initiatives import models as domain
from tests import factories as new
from tracker.accounts.models import Profile, SecondFactor
from tracker.api.models import Token


def make_user() -> User:
    return User.objects.create(username=f"user-{new.unique_number()}")


def make_email_address() -> EmailAddress:
    return EmailAddress.objects.create(
        user=make_user(), email=f"person-{new.unique_number()}@example.org", primary=True
    )


def make_second_factor() -> SecondFactor:
    factor = SecondFactor(user=make_user(), type=SecondFactor.Type.TOTP, data={"secret": ""})
    factor.save()
    return factor


def make_social_account() -> SocialAccount:
    return SocialAccount.objects.create(user=make_user(), provider="oidc", uid=str(new.unique_number()))


def make_profile() -> Profile:
    return Profile.objects.create(user=make_user(), language="ar")


def make_dashboard(**fields: Any) -> domain.Dashboard:
    return domain.Dashboard.objects.create(**{"owner": make_user(), "title_en": "Mine", **fields})


def make_widget() -> domain.Widget:
    query = {"title_en": "Active", "position": 1, "query": "initiatives/", "display": "list"}
    return domain.Widget.objects.create(dashboard=make_dashboard(), **query)


def make_follow() -> domain.Follow:
    record = new.make_organization()
    of_type = ContentType.objects.get_for_model(record)
    return domain.Follow.objects.create(user=make_user(), content_type=of_type, object_id=record.pk, slug=record.slug)


def make_feed_reader() -> domain.FeedReader:
    return domain.FeedReader.objects.create(user=make_user(), digest="daily")


def make_membership() -> domain.Membership:
    return domain.Membership.objects.create(
        user=make_user(), organization=new.make_organization(), role=domain.Membership.Role.CONTRIBUTOR
    )


def make_invitation() -> domain.Invitation:
    return domain.Invitation.objects.create(
        organization=new.make_organization(), email="somebody@example.org", role="contributor", invited_by=make_user()
    )


def make_join_request() -> domain.JoinRequest:
    return domain.JoinRequest.objects.create(organization=new.make_organization(), user=make_user())


def make_next_version() -> domain.NextVersion:
    changes = {"name": {"en": "New"}}
    return domain.NextVersion.objects.create(
        record=new.make_smart_service(), changes=changes, before={"name": {"en": "Old"}}, author=make_user()
    )


def make_publication_step() -> domain.PublicationStep:
    return domain.PublicationStep.objects.create(record=new.make_smart_service(), kind="submitted", by=make_user())


def make_token() -> Token:
    token = Token(user=make_user(), name="A program", scopes=["*"])
    token.mint()
    token.save()
    return token


def make_webhook() -> domain.Webhook:
    webhook = domain.Webhook.objects.create(owner=make_user(), name="A mirror", link="https://8.8.8.8/")
    webhook.organizations.add(new.make_organization())
    return webhook


def make_webhook_delivery() -> domain.WebhookDelivery:
    told = {"kind": "changes", "message_id": "msg_1", "events": 1, "milliseconds": 5, "status": 500, "error": "No"}
    return domain.WebhookDelivery.objects.create(webhook=make_webhook(), **told)


ROWS: dict[type[models.Model], Callable[[], models.Model]] = {
    domain.Organization: lambda: new.make_organization(parent=new.make_organization()),
    domain.Person: new.make_person,
    domain.Appointment: new.make_appointment,
    domain.Partnership: new.make_partnership,
    domain.Strategy: lambda: new.make_strategy(owner=new.make_organization()),
    domain.Pillar: new.make_pillar,
    domain.Goal: lambda: new.make_goal(owner=new.make_organization(), strategy=new.make_strategy()),
    domain.Initiative: lambda: new.make_initiative(lead=new.make_organization(), parent=new.make_initiative()),
    domain.Involvement: new.make_involvement,
    domain.ProgressUpdate: new.make_progress_update,
    domain.Milestone: new.make_milestone,
    domain.MilestoneDependency: new.make_dependency,
    domain.Roadmap: lambda: new.make_roadmap(owner=new.make_organization()),
    domain.RoadmapItem: new.make_roadmap_item,
    domain.Indicator: new.make_indicator,
    domain.Observation: lambda: new.make_observation(source=new.make_source()),
    domain.Target: new.make_target,
    domain.Platform: lambda: new.make_platform(owner=new.make_organization()),
    domain.Capability: new.make_capability,
    domain.SmartService: lambda: new.make_smart_service(platform=new.make_platform(), pillar=new.make_pillar()),
    domain.ServiceRelease: new.make_service_release,
    domain.Rating: lambda: new.make_rating(comment="It was quick."),
    domain.HappinessCount: new.make_happiness_count,
    domain.WaitingRatings: new.make_waiting_ratings,
    domain.Dataset: new.make_dataset,
    domain.Distribution: new.make_distribution,
    domain.SharingAgreement: new.make_sharing_agreement,
    domain.DatasetAccess: lambda: domain.DatasetAccess.objects.create(
        agreement=new.make_sharing_agreement(), user=make_user(), username="somebody"
    ),
    domain.Engagement: lambda: new.make_engagement(
        host=new.make_organization(), visitor=new.make_organization(), part_of=new.make_initiative()
    ),
    domain.Participation: lambda: new.make_participation(on_behalf_of=new.make_organization()),
    domain.AgendaItem: lambda: new.make_agenda_item(presenter=new.make_person(), refers_to=new.make_appointment()),
    domain.Outcome: lambda: new.make_outcome(owner=new.make_organization()),
    domain.Statement: lambda: new.make_statement(engagement=new.make_engagement(), about=new.make_partnership()),
    domain.Source: new.make_source,
    domain.Citation: lambda: new.make_citation(record=new.make_involvement()),
    domain.Dashboard: make_dashboard,
    domain.Widget: make_widget,
    domain.Follow: make_follow,
    domain.FeedReader: make_feed_reader,
    domain.Membership: make_membership,
    domain.Invitation: make_invitation,
    domain.JoinRequest: make_join_request,
    domain.NextVersion: make_next_version,
    domain.PublicationStep: make_publication_step,
    domain.Reminder: lambda: domain.Reminder.objects.create(
        user=make_user(), record=new.make_initiative(), due_on=new.unique_day()
    ),
    domain.Webhook: make_webhook,
    domain.WebhookDelivery: make_webhook_delivery,
    User: make_user,
    Group: lambda: Group.objects.create(name=f"Group {new.unique_number()}"),
    Token: make_token,
    EmailAddress: make_email_address,
    SecondFactor: make_second_factor,
    SocialAccount: make_social_account,
    Profile: make_profile,
}
