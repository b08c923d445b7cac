"""The steps of publication, and next versions of what is published."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('initiatives', '0010_ways_to_membership'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='NextVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
                ('object_id', models.PositiveBigIntegerField(editable=False)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review')], default='draft', editable=False, max_length=12, verbose_name='state')),
                ('changes', models.JSONField(help_text='The fields that change, as a PATCH would name them.', verbose_name='changes')),
                ('before', models.JSONField(editable=False, help_text='What these fields said when the change was written.', verbose_name='before')),
            ],
            options={
                'verbose_name': 'next version',
                'verbose_name_plural': 'next versions',
                'ordering': ('-updated_at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='PublicationStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object_id', models.PositiveBigIntegerField(editable=False)),
                ('kind', models.CharField(choices=[('submitted', 'Submitted'), ('approved', 'Approved'), ('returned', 'Returned'), ('withdrawn', 'Withdrawn')], editable=False, max_length=10, verbose_name='step')),
                ('of_next_version', models.BooleanField(default=False, editable=False, verbose_name='of the next version')),
                ('comment', models.TextField(blank=True, max_length=2000, verbose_name='comment')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='at')),
            ],
            options={
                'verbose_name': 'publication step',
                'verbose_name_plural': 'publication steps',
                'ordering': ('-at', '-id'),
            },
        ),
        migrations.AddField(
            model_name='nextversion',
            name='author',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author'),
        ),
        migrations.AddField(
            model_name='nextversion',
            name='content_type',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contenttypes.contenttype'),
        ),
        migrations.AddField(
            model_name='publicationstep',
            name='by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='publicationstep',
            name='content_type',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contenttypes.contenttype'),
        ),
        migrations.AddConstraint(
            model_name='nextversion',
            constraint=models.UniqueConstraint(fields=('content_type', 'object_id'), name='next_version_once', violation_error_message='This record has a next version already.'),
        ),
        migrations.AddIndex(
            model_name='publicationstep',
            index=models.Index(fields=['content_type', 'object_id', '-at'], name='publication_step_of_record'),
        ),
    ]
