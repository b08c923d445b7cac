from django.db import migrations, models

from tracker.database.indexes import AddIndexBesideWriters


class Migration(migrations.Migration):

    # Writers go on while the indexes are built; that cannot be within a transaction.
    atomic = False

    dependencies = [
        ('initiatives', '0008_milestone_order'),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name='initiative',
            index=models.Index(fields=['status', 'slug'], name='initiative_by_status'),
        ),
        AddIndexBesideWriters(
            model_name='initiative',
            index=models.Index(fields=['kind', 'slug'], name='initiative_by_kind'),
        ),
        AddIndexBesideWriters(
            model_name='initiative',
            index=models.Index(fields=['lead', 'slug'], name='initiative_by_lead'),
        ),
    ]
