import secrets

import django.db.models.deletion
import tracker.history.time_travel
from django.conf import settings
from django.db import migrations, models


def fit(apps, schema_editor):
    """Give what was made before a link where it is shared by one, and places that count from 1."""
    Dashboard = apps.get_model('initiatives', 'Dashboard')
    Widget = apps.get_model('initiatives', 'Widget')
    for dashboard in Dashboard.objects.filter(visibility='link', share_key=''):
        dashboard.share_key = secrets.token_urlsafe(24)
        dashboard.save(update_fields=['share_key'])
    for dashboard in Dashboard.objects.filter(widgets__isnull=False).distinct():
        for position, widget in enumerate(Widget.objects.filter(dashboard=dashboard).order_by('position', 'id'), 1):
            Widget.objects.filter(pk=widget.pk).exclude(position=position).update(position=position)


class Migration(migrations.Migration):

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('initiatives', '0014_ratings_by_month_and_their_counts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FeedReader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
                ('seen', models.BigIntegerField(default=tracker.history.time_travel.current_revision, verbose_name='seen up to revision')),
                ('digest', models.CharField(choices=[('off', 'Off'), ('daily', 'Daily')], db_index=True, default='off', max_length=5, verbose_name='digest by e-mail')),
                ('language', models.CharField(choices=[('en', 'English'), ('ar', 'Arabic')], default='en', max_length=2, verbose_name='language of the digest')),
                ('digested', models.BigIntegerField(default=tracker.history.time_travel.current_revision, editable=False, verbose_name='digested up to revision')),
                ('digested_on', models.DateField(editable=False, null=True, verbose_name='last digest on')),
            ],
            options={
                'verbose_name': 'feed reader',
                'verbose_name_plural': 'feed readers',
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='Follow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
                ('object_id', models.BigIntegerField(verbose_name='record id')),
                ('slug', models.CharField(help_text="The record's slug as the person came to know it.", max_length=120, verbose_name='slug')),
                ('since', models.BigIntegerField(default=tracker.history.time_travel.current_revision, editable=False, verbose_name='from revision')),
            ],
            options={
                'verbose_name': 'followed record',
                'verbose_name_plural': 'followed records',
                'ordering': ('id',),
            },
        ),
        migrations.AddField(
            model_name='dashboard',
            name='share_key',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=32, verbose_name='key of the link'),
        ),
        migrations.AddField(
            model_name='widget',
            name='group_by',
            field=models.CharField(blank=True, db_default='', default='', help_text='Of a chart that counts records: the member by which they are counted, for example “status”.', max_length=60, verbose_name='group by'),
        ),
        migrations.AddField(
            model_name='feedreader',
            name='user',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='feed_reader', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
        migrations.AddField(
            model_name='follow',
            name='content_type',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contenttypes.contenttype', verbose_name='record type'),
        ),
        migrations.AddField(
            model_name='follow',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='follows', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
        migrations.AddConstraint(
            model_name='feedreader',
            constraint=models.CheckConstraint(condition=models.Q(('digested__gte', 0), ('seen__gte', 0)), name='feed_reader_marks_not_negative', violation_error_message='Revisions are counted from 1.'),
        ),
        migrations.AddIndex(
            model_name='follow',
            index=models.Index(fields=['content_type', 'object_id'], name='follow_record'),
        ),
        migrations.AddConstraint(
            model_name='follow',
            constraint=models.UniqueConstraint(fields=('user', 'content_type', 'object_id'), name='follow_once', violation_error_message='This user already follows this record.'),
        ),
        migrations.RunPython(fit, migrations.RunPython.noop, elidable=True),
    ]
