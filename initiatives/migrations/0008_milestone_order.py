from django.db import migrations, models

from tracker.database.indexes import AddIndexBesideWriters


class Migration(migrations.Migration):

    # Writers go on while the index is built; that cannot be within a transaction.
    atomic = False

    dependencies = [
        ('initiatives', '0007_search_indexes'),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name='milestone',
            index=models.Index(fields=['due_on', 'slug'], name='milestone_order'),
        ),
    ]
