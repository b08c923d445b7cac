"""Agreements are found by the reason of their decision, too."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations

from tracker.database.indexes import AddSearchIndex
from tracker.search import SearchIndex


class Migration(migrations.Migration):
    # Writers go on while the index is built; that cannot be within a transaction.
    atomic = False

    dependencies = [
        ("initiatives", "0017_reminders"),
    ]

    operations = [
        RemoveIndexConcurrently(model_name="sharingagreement", name="sharingagreement_search"),
        AddSearchIndex(
            model_name="sharingagreement",
            index=SearchIndex(
                name="sharingagreement_search",
                names=("slug",),
                texts=("purpose_en", "purpose_ar", "terms_en", "terms_ar", "decision_en", "decision_ar"),
            ),
        ),
    ]
