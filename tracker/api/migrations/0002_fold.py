from django.db import migrations

from tracker.text import DROP_FOLD_SQL, FOLD_SQL


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial")]

    operations = [migrations.RunSQL(FOLD_SQL, DROP_FOLD_SQL)]
