from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("history", "0001_initial"), ("contenttypes", "0002_remove_content_type_name")]

    operations = [
        migrations.RunSQL(
            (SQL / "functions.sql").read_text(encoding="utf-8"),
            (SQL / "drop_functions.sql").read_text(encoding="utf-8"),
        )
    ]
