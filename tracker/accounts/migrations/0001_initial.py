import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# As `createcachetable` would make it, so that `migrate` is all that a database needs.
CACHE = """
CREATE TABLE accounts_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX accounts_cache_expires ON accounts_cache (expires);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.CreateModel(
            name="Profile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("ar", "Arabic")],
                        help_text="E-mails are written in it, and pages are shown in it after signing in.",
                        max_length=2,
                        verbose_name="language",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="profile",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "profile",
                "verbose_name_plural": "profiles",
                "ordering": ("user",),
            },
        ),
        migrations.CreateModel(
            name="SecondFactor",
            fields=[],
            options={
                "verbose_name": "second factor",
                "verbose_name_plural": "second factors",
                "ordering": ("user", "pk"),
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("mfa.authenticator",),
        ),
        migrations.RunSQL(CACHE, "DROP TABLE accounts_cache"),
    ]
