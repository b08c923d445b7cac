from django.db import migrations

from initiatives.models.roadmaps import DROP_MILESTONE_SLIPPAGE_SQL, MILESTONE_SLIPPAGE_SQL


class Migration(migrations.Migration):
    dependencies = [("initiatives", "0001_initial"), ("api", "0002_fold")]

    operations = [migrations.RunSQL(MILESTONE_SLIPPAGE_SQL, DROP_MILESTONE_SLIPPAGE_SQL)]
