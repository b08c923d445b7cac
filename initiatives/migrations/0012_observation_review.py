"""Observations are reviewed, and locked by period; who writes a row without a state publishes it, as before."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('initiatives', '0011_publication_steps'),
    ]

    operations = [
        migrations.AddField(
            model_name='indicator',
            name='locked_until',
            field=models.DateField(blank=True, help_text='Observations of this day and of those before it can no longer be added, changed or deleted.', null=True, verbose_name='locked until'),
        ),
        migrations.AddField(
            model_name='observation',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('published', 'Published'), ('withdrawn', 'Withdrawn')], db_default='published', db_index=True, default='published', editable=False, max_length=12, verbose_name='publication state'),
        ),
        migrations.AlterField(
            model_name='dataset',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('published', 'Published'), ('withdrawn', 'Withdrawn')], db_default='published', db_index=True, default='published', editable=False, max_length=12, verbose_name='publication state'),
        ),
        migrations.AlterField(
            model_name='initiative',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('published', 'Published'), ('withdrawn', 'Withdrawn')], db_default='published', db_index=True, default='published', editable=False, max_length=12, verbose_name='publication state'),
        ),
        migrations.AlterField(
            model_name='progressupdate',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('published', 'Published'), ('withdrawn', 'Withdrawn')], db_default='published', db_index=True, default='published', editable=False, max_length=12, verbose_name='publication state'),
        ),
        migrations.AlterField(
            model_name='smartservice',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('published', 'Published'), ('withdrawn', 'Withdrawn')], db_default='published', db_index=True, default='published', editable=False, max_length=12, verbose_name='publication state'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='observation',
            trigger=pgtrigger.compiler.Trigger(name='locked_period', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            IF EXISTS (\n                SELECT 1 FROM initiatives_indicator indicator\n                WHERE (TG_OP <> \'INSERT\' AND indicator.id = OLD.indicator_id AND OLD."on" <= indicator.locked_until)\n                OR (TG_OP <> \'DELETE\' AND indicator.id = NEW.indicator_id AND NEW."on" <= indicator.locked_until)\n            ) THEN\n                RAISE EXCEPTION USING\n                    ERRCODE = \'check_violation\',\n                    MESSAGE = \'The period is locked: ask a curator to unlock the indicator before you change its observations.\',\n                    TABLE = \'initiatives_observation\', COLUMN = \'on\', CONSTRAINT = \'initiatives_observation_locked_period\';\n            END IF;\n            IF TG_OP = \'DELETE\' THEN\n                RETURN OLD;\n            END IF;\n            RETURN NEW;\n            ', hash='c20eafc729d77d8ec308cdd3e51a8b1231dbe48e', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_locked_period_c584e', table='initiatives_observation', when='BEFORE')),
        ),
    ]
