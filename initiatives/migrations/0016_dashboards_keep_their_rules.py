from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('initiatives', '0015_dashboards_and_following'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='dashboard',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('share_key', ''), ('visibility', 'private')), models.Q(('visibility', 'link'), models.Q(('share_key', ''), _negated=True)), ('visibility', 'public'), _connector='OR'), name='dashboard_key_while_shared', violation_error_message='A private dashboard has no link, one that is shared by link has one.'),
        ),
        migrations.AddConstraint(
            model_name='dashboard',
            constraint=models.UniqueConstraint(condition=models.Q(('share_key', ''), _negated=True), fields=('share_key',), name='dashboard_share_key'),
        ),
        migrations.AddConstraint(
            model_name='widget',
            constraint=models.CheckConstraint(condition=models.Q(('position__gte', 1), ('position__lte', 24)), name='widget_position_in_range', violation_error_message='A dashboard has at most 24 widgets, at the positions 1 to 24.'),
        ),
        migrations.AddConstraint(
            model_name='widget',
            constraint=models.CheckConstraint(condition=models.Q(('group_by', ''), ('display', 'chart'), _connector='OR'), name='widget_group_of_chart', violation_error_message='Only a chart groups what it shows.'),
        ),
    ]
