from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    # Writers go on while the index is built; that cannot be within a transaction.
    atomic = False

    dependencies = [
        ('initiatives', '0007_search_indexes'),
    ]

    operations = [
        # What a build that was cut off left behind is of no use and in the way.
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS milestone_order', migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='milestone',
            index=models.Index(fields=['due_on', 'slug'], name='milestone_order'),
        ),
    ]
