"""Old revisions still read after later migrations; history itself can be taken out and put in again.

The migrations are those of an app that the test writes to a folder, run by the real command on a real database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from initiatives.models import Organization, Person
from tests.history.dumps import empty_database, working_in
from tests.history.log import assert_history_is_whole, the_revision_after, written_by
from tests.history.small_registry import plant
from tracker.history.baseline import BASELINE
from tracker.history.models import Revision
from tracker.history.time_travel import as_of, current_revision
from tracker.history.tracking import tracked

pytestmark = pytest.mark.django_db(transaction=True)

CHECKOUT = Path(__file__).parents[2]
SETTINGS = """
import json, os
from tracker.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "garden"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **json.loads(os.environ["GARDEN_DATABASE"])}}
"""
FIRST_MODELS = """
from django.db import models

class Label(models.Model):
    versioned = True
    name = models.CharField(max_length=20)

class Tree(models.Model):
    versioned = True
    name = models.CharField(max_length=20)
    height = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    labels = models.ManyToManyField(Label)

class Note(models.Model):
    versioned = True
    tree = models.ForeignKey(Tree, models.CASCADE)
    text = models.TextField()
"""
FIRST_MIGRATION = """
from django.db import migrations, models

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")

class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Label", [
            ("id", ID), ("name", models.CharField(max_length=20)),
        ]),
        migrations.CreateModel("Tree", [
            ("id", ID), ("name", models.CharField(max_length=20)),
            ("height", models.DecimalField(max_digits=5, decimal_places=2, null=True)),
            ("labels", models.ManyToManyField("garden.Label")),
        ]),
        migrations.CreateModel("Note", [
            ("id", ID),
            ("tree", models.ForeignKey("garden.Tree", models.CASCADE)), ("text", models.TextField()),
        ]),
    ]
"""
FIRST_WRITES = """
from garden.models import Label, Note, Tree
old, tall = Label.objects.create(name="old"), Label.objects.create(name="tall")
palm = Tree.objects.create(name="نخلة", height="7.50")
palm.labels.set([old, tall])
note = Note.objects.create(tree=palm, text="Planted")
palm.name = "Palm"
palm.save()
palm.labels.remove(old)
note.delete()
"""
READ_FIRST = """
def registry():
    from garden.models import Note, Tree
    return [
        {
            "name": tree.name, "height": str(tree.height), "labels": sorted(tree.labels.values_list("name", flat=True)),
            "notes": list(Note.objects.filter(tree=tree).values_list("text", flat=True)),
        }
        for tree in Tree.objects.order_by("id")
    ]
"""
# Adds columns; renames a column, a foreign key, links, a model, and a column again beneath its field.
LATER_MIGRATIONS = {
    "0002_add": """
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("garden", "0001_first")]
    operations = [
        migrations.AddField("tree", "kind", models.CharField(max_length=9, default="tree")),
        migrations.AddField("tree", "nicknames", ArrayField(models.CharField(max_length=9), default=list)),
        migrations.AddField("tree", "planted_on", models.DateField(null=True)),
        migrations.AddField("tree", "remarks", models.TextField(blank=True, default="")),
    ]
""",
    "0003_rename": """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("garden", "0002_add")]
    operations = [
        migrations.RenameField("tree", "name", "title"),
        migrations.RenameField("tree", "labels", "tags"),
        migrations.RenameModel("Label", "Tag"),
        migrations.RenameField("note", "tree", "plant"),
        migrations.RenameModel("Tree", "Plant"),
        migrations.AlterField("plant", "title", models.CharField(max_length=20, db_column="headline")),
        migrations.AlterModelTable("note", "garden_memo"),
        migrations.RemoveField("plant", "height"),
    ]
""",
}
LATER_MODELS = """
from django.contrib.postgres.fields import ArrayField
from django.db import models

class Tag(models.Model):
    versioned = True
    name = models.CharField(max_length=20)

class Plant(models.Model):
    versioned = True
    title = models.CharField(max_length=20, db_column="headline")
    tags = models.ManyToManyField(Tag)
    kind = models.CharField(max_length=9, default="tree")
    nicknames = ArrayField(models.CharField(max_length=9), default=list)
    planted_on = models.DateField(null=True)
    remarks = models.TextField(blank=True, default="")

class Note(models.Model):
    versioned = True
    plant = models.ForeignKey(Plant, models.CASCADE)
    text = models.TextField()

    class Meta:
        db_table = "garden_memo"
"""
READ_LATER = """
def registry():
    from garden.models import Note, Plant
    return [
        {
            "title": plant.title, "tags": sorted(plant.tags.values_list("name", flat=True)), "kind": plant.kind,
            "nicknames": plant.nicknames, "planted_on": plant.planted_on, "remarks": plant.remarks,
            "notes": list(Note.objects.filter(plant=plant).values_list("text", flat=True)),
        }
        for plant in Plant.objects.order_by("id")
    ]
"""
LATER_WRITES = """
from garden.models import Note, Plant
plant = Plant.objects.get()
plant.kind, plant.nicknames = "palm", ["date"]
plant.save()
Note.objects.create(plant=plant, text="Renamed")
"""
REPORT = """
import json
from tracker.history.models import Change, Revision
from tracker.history.time_travel import as_of, current_revision

def at(number):
    with as_of(number, unrestricted=True):
        return registry()

owners = Change.objects.exclude(owner_table="").values_list("table_name", "owner_table", "owner_id")
print(json.dumps({
    "past": {number: at(number) for number in range(1, current_revision() + 1)},
    "now": registry(),
    "owners": sorted(set(owners)),
    "actors": sorted(set(Revision.objects.values_list("actor", flat=True))),
}))
"""


class Garden:
    """An app in a folder, whose models and migrations change while its database lives on."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.app = folder / "garden"
        (self.app / "migrations").mkdir(parents=True)
        (self.app / "__init__.py").touch()
        (self.app / "migrations" / "__init__.py").touch()
        (folder / "garden_settings.py").write_text(SETTINGS)
        parameters = connection.get_connection_params()
        names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
        self.database = {name: parameters.get(key) or "" for name, key in names.items()} | {"NAME": database}

    def models(self, code: str) -> None:
        (self.app / "models.py").write_text(code)

    def migration(self, name: str, code: str) -> None:
        (self.app / "migrations" / f"{name}.py").write_text(code)

    def manage(self, *arguments: str) -> str:
        """Run manage.py as an operator does."""
        done = subprocess.run(
            [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
            cwd=self.folder,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "garden_settings",
                "GARDEN_DATABASE": json.dumps(self.database),
                "PYTHONPATH": f"{self.folder}{os.pathsep}{CHECKOUT}",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *code: str) -> Any:
        """What a program says, run inside of the service."""
        return json.loads(self.manage("shell", "--no-imports", "--command", "\n".join(map(dedent, code))))


@pytest.fixture
def garden(tmp_path: Path) -> Iterator[Garden]:
    with empty_database(template=connection.settings_dict["NAME"]) as name:
        yield Garden(tmp_path, name)


def test_old_revisions_read_after_columns_links_and_models_were_added_and_renamed_and_back_again(
    garden: Garden,
) -> None:
    garden.models(FIRST_MODELS)
    garden.migration("0001_first", FIRST_MIGRATION)
    garden.manage("migrate")
    first = garden.run(FIRST_WRITES, READ_FIRST, REPORT)
    palm = {"name": "Palm", "height": "7.50", "labels": ["tall"], "notes": []}
    assert first["now"] == [palm]
    assert first["past"]["5"] == [palm | {"name": "نخلة", "labels": ["old", "tall"], "notes": ["Planted"]}]

    for name, code in LATER_MIGRATIONS.items():
        garden.migration(name, code)
    garden.models(LATER_MODELS)
    garden.manage("migrate")
    assert "No changes" in garden.manage("makemigrations", "--check", "garden")
    later = garden.run(READ_LATER, REPORT)
    new: dict[str, Any] = {"kind": "tree", "nicknames": [], "planted_on": None, "remarks": ""}
    for number, trees in first["past"].items():
        assert later["past"][number] == [
            {"title": tree["name"], "tags": tree["labels"], "notes": tree["notes"], **new} for tree in trees
        ]
    # What the migration put into the new columns is a revision of its own.
    assert later["past"].keys() - first["past"].keys() == {str(len(first["past"]) + 1)}
    assert later["past"][str(len(later["past"]))] == later["now"]
    assert "migrate" in later["actors"]
    assert later["owners"] == [["garden_memo", "garden_plant", 1], ["garden_plant_tags", "garden_plant", 1]]

    after = garden.run(LATER_WRITES, READ_LATER, REPORT)
    assert after["now"][0]["notes"] == ["Renamed"]
    assert {number: after["past"][number] for number in later["past"]} == later["past"]
    assert after["past"][str(len(after["past"]))] == after["now"]
    assert after["owners"] == later["owners"]

    garden.manage("migrate", "garden", "0001")
    garden.models(FIRST_MODELS)
    # The old code puts its own tables under version control, as with every deployment.
    garden.manage("migrate", "garden", "0001")
    back = garden.run(READ_FIRST, REPORT)
    for number, trees in first["past"].items():
        assert [tree | {"height": None} for tree in back["past"][number]] == [tree | {"height": None} for tree in trees]
    assert back["now"][0]["name"] == "Palm"
    assert back["now"][0]["notes"] == ["Renamed"]


def test_a_table_that_comes_under_version_control_later_begins_with_its_rows_as_they_are(garden: Garden) -> None:
    garden.models(FIRST_MODELS.replace("versioned = True", "versioned = False"))
    garden.migration("0001_first", FIRST_MIGRATION)
    garden.manage("migrate")
    garden.manage("shell", "--no-imports", "--command", FIRST_WRITES)
    garden.models(FIRST_MODELS)
    garden.manage("migrate")
    found = garden.run(READ_FIRST, REPORT)
    assert found["actors"] == ["migrate"]
    assert found["past"] == {"1": found["now"]}
    garden.manage("migrate")
    assert garden.run(READ_FIRST, REPORT) == found


def test_history_is_taken_out_and_put_in_again_and_finds_the_registry_as_it_is() -> None:
    plant()
    with empty_database(template=connection.settings_dict["NAME"]) as name, working_in(name):
        call_command("migrate", "history", "zero", verbosity=0)
        Organization.objects.update(name_ar="بلا تاريخ")
        Person.objects.create(slug="unrecorded", name_en="Unrecorded")
        call_command("migrate", verbosity=0)
        assert_history_is_whole()
        baseline = the_revision_after(0)
        assert (baseline.actor, baseline.reason) == ("migrate", BASELINE)
        assert {change.split()[0] for change in written_by(1)} == {"create"}
        assert written_by(1)["create initiatives_person"] == Person.objects.count()
        Person.objects.filter(slug="unrecorded").delete()
        with as_of(1, unrestricted=True):
            assert Person.objects.filter(slug="unrecorded").exists()
        assert current_revision() == 2


def test_migrating_again_changes_neither_history_nor_its_triggers_and_views() -> None:
    plant()
    before = Revision.objects.count()
    call_command("migrate", verbosity=0)
    assert Revision.objects.count() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_views WHERE schemaname = 'asof'")
        assert cursor.fetchone() == (len(tracked()),)
    assert_history_is_whole()
