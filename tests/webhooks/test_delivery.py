"""What is committed reaches the receiver: whole revisions, in order, signed, as CloudEvents."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from initiatives.models import Initiative, Organization, Person, Webhook, WebhookDelivery
from tests.factories import make_citation, make_goal, make_initiative, make_involvement, make_organization, make_person
from tests.webhooks.receiver import Receiver, Several, assert_in_order, refused_signature
from tracker.history.time_travel import current_revision

pytestmark = pytest.mark.django_db(transaction=True)

Deliver = Callable[[], None]
Subscribe = Callable[..., Webhook]


def test_a_committed_change_arrives_signed_as_a_batch_of_cloudevents(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver)
    person = make_person(slug="aisha", name_en="Aisha")
    deliver()
    (message,) = receiver.messages
    assert message.path == "/hook?of=us"
    assert message.headers["content-type"] == "application/cloudevents-batch+json"
    assert message.headers["host"] == f"127.0.0.1:{receiver.server_port}"
    (event,) = message.verified_by(webhook.secret())
    revision = current_revision()
    assert {name: event[name] for name in event if name not in ("time", "data")} == {
        "specversion": "1.0",
        "id": f"{revision}-initiatives_person-{person.pk}",
        "source": "https://registry.example/api/v1/",
        "type": "example.registry.record.created",
        "subject": "people/aisha",
        "datacontenttype": "application/json",
    }
    assert event["time"].endswith("Z")
    data = event["data"]
    assert (data["revision"], data["collection"], data["slug"], data["action"]) == (
        revision,
        "people",
        "aisha",
        "create",
    )
    assert data["row"]["name_en"] == "Aisha"
    webhook.refresh_from_db()
    assert webhook.cursor == revision


def test_nothing_from_before_the_subscription_is_sent(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    make_person()
    subscribe(receiver)
    deliver()
    assert receiver.messages == []


def test_changes_and_deletions_say_what_they_are(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    person = make_person(slug="aisha")
    subscribe(receiver)
    person.name_en = "Other"
    person.save()
    person.delete()
    deliver()
    assert [event["type"].rpartition(".")[2] for event in receiver.events] == ["updated", "deleted"]
    assert [event["subject"] for event in receiver.events] == ["people/aisha"] * 2
    assert receiver.events[1]["data"]["row"] is None


def test_batches_are_whole_revisions_in_the_order_of_the_commits(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    subscribe(receiver)
    first = current_revision() + 1
    for size in (1, 60, 60, 250, 3):
        with transaction.atomic():
            for _row in range(size):
                make_person()
    deliver()
    assert [message.revisions for message in receiver.messages] == [
        [first, first + 1],
        [first + 2],
        [first + 3],
        [first + 4],
    ]
    assert [len(message.events) for message in receiver.messages] == [61, 60, 250, 3]
    assert len({event["id"] for event in receiver.events}) == 374


def test_the_next_process_goes_on_where_the_last_one_stopped(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    subscribe(receiver)
    for _time in range(3):
        make_person()
        deliver()
        deliver()
    assert len(receiver.messages) == len(receiver.revisions) == 3


def test_each_subscriber_gets_everything(receivers: Several, subscribe: Subscribe, deliver: Deliver) -> None:
    for _receiver in range(12):
        subscribe(receivers())
    for _row in range(3):
        make_person()
    deliver()
    assert all(len(receiver.events) == 3 for receiver in receivers.made)


# Selection -----------------------------------------------------------------------------------------------------------


def subjects(receiver: Receiver) -> list[str]:
    return [event["subject"] for event in receiver.events]


def test_collections_narrow_it_and_parts_are_of_their_records_collection(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    initiative = make_initiative(slug="happiness")
    subscribe(receiver, collections=["initiatives"])
    make_person()
    involvement = make_involvement(initiative=initiative)
    deliver()
    assert subjects(receiver) == ["initiatives/happiness"]
    assert receiver.events[0]["data"]["id"] == involvement.pk
    assert receiver.events[0]["data"]["table"] == "initiatives_involvement"


def test_what_was_not_selected_is_passed_over_without_a_post(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver
) -> None:
    webhook = subscribe(receiver, collections=["initiatives"])
    make_person()
    deliver()
    webhook.refresh_from_db()
    assert (webhook.cursor, receiver.messages) == (current_revision(), [])


@pytest.fixture
def office(db: None) -> Organization:
    return make_organization(slug="office")


@pytest.fixture
def elsewhere(db: None) -> Organization:
    return make_organization(slug="elsewhere")


def test_an_organizations_changes_are_its_own_those_that_name_it_and_those_of_parts(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, office: Organization, elsewhere: Organization
) -> None:
    theirs = make_initiative(slug="theirs", lead=office)
    others = make_initiative(slug="others", lead=elsewhere)
    subscribe(receiver, organizations=(office,))
    elsewhere.save()
    office.name_en = "Renamed"
    office.save()
    others.title_en = "Renamed"
    others.save()
    theirs.title_en = "Renamed"
    theirs.save()
    make_involvement(initiative=theirs, organization=elsewhere)
    make_involvement(initiative=others, organization=elsewhere)
    make_involvement(initiative=others, organization=office)
    citation = make_citation(record=theirs)
    make_citation(record=others)
    deliver()
    assert subjects(receiver) == [
        "organizations/office",
        "initiatives/theirs",
        "initiatives/theirs",
        "initiatives/others",
        f"citations/{citation.slug}",
    ]


def test_a_record_that_leaves_an_organization_or_comes_to_it_is_told_of(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, office: Organization, elsewhere: Organization
) -> None:
    initiative = make_initiative(slug="moving", lead=elsewhere)
    subscribe(receiver, organizations=(office,))
    for lead in (office, elsewhere, None):
        initiative.lead = lead
        initiative.save()
    deliver()
    assert subjects(receiver) == ["initiatives/moving"] * 2


def test_links_and_deleted_parts_are_told_of_with_their_record(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, office: Organization
) -> None:
    goal = make_goal(slug="happiest", owner=office)
    part = make_involvement(initiative=make_initiative(slug="theirs", lead=office))
    subscribe(receiver, organizations=(office,))
    goal.stated_by.add(make_person())
    part.delete()
    deliver()
    assert subjects(receiver) == ["goals/happiest", "initiatives/theirs"]
    assert receiver.events[1]["type"] == "example.registry.record.deleted"


def test_a_collection_and_an_organization_narrow_it_together(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, office: Organization
) -> None:
    subscribe(receiver, collections=["goals"], organizations=(office,))
    make_goal()
    make_initiative(lead=office)
    goal = make_goal(owner=office)
    deliver()
    assert subjects(receiver) == [f"goals/{goal.slug}"]


# Signatures ----------------------------------------------------------------------------------------------------------


def test_a_rotated_secret_signs_along_for_a_day(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    webhook = subscribe(receiver)
    old = webhook.secret()
    webhook.rotate()
    make_person()
    deliver()
    assert receiver.messages[0].verified_by(old) == receiver.messages[0].verified_by(webhook.secret())
    Webhook.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    make_person()
    deliver()
    assert receiver.messages[1].verified_by(webhook.secret())
    assert refused_signature(receiver.messages[1], old)


def test_a_secret_is_that_of_one_webhook(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    webhook, other = subscribe(receiver), subscribe(receiver, paused_at=timezone.now(), pause_reason="gone")
    other.salt = webhook.salt
    make_person()
    deliver()
    assert refused_signature(receiver.messages[0], other.secret())


def test_secrets_outlive_a_change_of_the_secret_key_while_the_old_one_is_a_fallback(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, settings: Any
) -> None:
    webhook = subscribe(receiver)
    old = webhook.secret()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
    make_person()
    deliver()
    assert receiver.messages[0].verified_by(old)
    assert receiver.messages[0].verified_by(webhook.secret())
    assert webhook.secret() != old


def test_no_secret_is_in_the_database(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    webhook = subscribe(receiver)
    webhook.rotate()
    make_person()
    deliver()
    secrets = [secret.removeprefix("whsec_") for secret in webhook.valid_secrets()]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT string_agg(kept::text, '') FROM \"{table}\" kept")
            kept = cursor.fetchone()[0] or ""
            assert not any(secret in kept for secret in secrets), table


# The log -------------------------------------------------------------------------------------------------------------


def test_the_log_tells_what_was_posted(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    webhook = subscribe(receiver)
    make_person()
    make_person()
    deliver()
    entry = webhook.deliveries.get()
    last = current_revision()
    assert (entry.kind, entry.first_revision, entry.last_revision, entry.events) == ("changes", last - 1, last, 2)
    assert (entry.attempt, entry.status, entry.error, entry.excerpt) == (1, 204, "", "")
    assert entry.message_id == receiver.messages[0].id


def test_old_entries_of_the_log_go(receiver: Receiver, subscribe: Subscribe, deliver: Deliver, settings: Any) -> None:
    settings.TRACKER_WEBHOOK_LOG_DAYS = 3
    webhook = subscribe(receiver)
    for _time in range(2):
        make_person()
        deliver()
    WebhookDelivery.objects.filter(pk=webhook.deliveries.earliest("at").pk).update(
        at=timezone.now() - timedelta(days=3, seconds=1)
    )
    deliver()
    assert webhook.deliveries.count() == 1


def test_webhooks_themselves_are_not_in_history(receiver: Receiver, subscribe: Subscribe, deliver: Deliver) -> None:
    before = current_revision()
    webhook = subscribe(receiver, organizations=(office := Organization.objects.create(slug="o", name_en="O"),))
    deliver()
    assert current_revision() == before + 1
    webhook.delete()
    assert current_revision() == before + 1
    assert office.pk


def test_arabic_and_decimals_arrive_as_the_feed_has_them(
    receiver: Receiver, subscribe: Subscribe, deliver: Deliver, client: Any
) -> None:
    subscribe(receiver)
    initiative = make_initiative(title_ar="مدينة ذكية", budget_amount="0.10", budget_currency="AED")
    Initiative.objects.filter(pk=initiative.pk).update(title_en="Renamed")
    deliver()
    rows = [event["data"]["row"] for event in receiver.events]
    fed = client.get("/api/v1/changes/?since=0").json()["results"]
    assert rows == [change["row"] for told in fed for change in told["changes"]]
    assert "مدينة ذكية".encode() in receiver.messages[0].body
    assert_in_order(receiver)
    assert Person.objects.count() == 0
    assert json.loads(receiver.messages[0].body)
