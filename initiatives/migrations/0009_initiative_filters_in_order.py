from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    # Writers go on while the indexes are built; that cannot be within a transaction.
    atomic = False

    dependencies = [
        ('initiatives', '0008_milestone_order'),
    ]

    operations = [
        # What a build that was cut off left behind is of no use and in the way.
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS initiative_by_status', migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='initiative',
            index=models.Index(fields=['status', 'slug'], name='initiative_by_status'),
        ),
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS initiative_by_kind', migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='initiative',
            index=models.Index(fields=['kind', 'slug'], name='initiative_by_kind'),
        ),
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS initiative_by_lead', migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='initiative',
            index=models.Index(fields=['lead', 'slug'], name='initiative_by_lead'),
        ),
    ]
