from django.db import migrations

from tracker.search_functions import CREATE_SQL, DROP_SQL


class Migration(migrations.Migration):
    dependencies = [("api", "0003_idempotency_key")]

    operations = [migrations.RunSQL(CREATE_SQL, DROP_SQL)]
