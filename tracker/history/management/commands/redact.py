"""manage.py redact: remove a value from a record and from all of its history."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.urls import get_resolver

from tracker.api import collections
from tracker.api.database_errors import problem_from_database
from tracker.history.change_log import deleted_record, places_of_record
from tracker.history.redaction import CannotRedactError, redact
from tracker.history.time_travel import current_revision
from tracker.history.tracking import tracked


class Command(BaseCommand):
    help = (
        "Removes what a field of a record holds or ever held: from the record, from its history, from the feed and "
        "from every answer about the past. It cannot be undone. A revision says that it was done, and why."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("record", help="<collection>/<slug>, also of a record that was deleted")
        parser.add_argument("--field", required=True, help="a field as in the API; name.en is one language of a text")
        parser.add_argument("--reason", required=True, help="why; everybody can read it")
        parser.add_argument("--value", help="remove this value only; of a list, this item only")
        parser.add_argument("--replace-with", help="put this text in its place; a slug or a name may need one")
        parser.add_argument("--part", metavar="TYPE/ID", help="a part of the record, for example outcome/12")
        parser.add_argument("--past-only", action="store_true", help="leave the record as it is now")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["reason"].strip():
            raise CommandError("Say why: --reason is kept in place of the value.")
        model, pk = self._row(options["record"], options["part"])
        try:
            count = redact(
                model=model,
                pk=pk,
                field=options["field"],
                value=options["value"],
                instead=options["replace_with"],
                reason=options["reason"].strip(),
                actor="redact",
                past_only=options["past_only"],
            )
        except CannotRedactError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except IntegrityError as error:
            problem = problem_from_database(error)
            detail = f" {problem.detail}" if problem else ""
            raise CommandError(
                f"The record cannot be without this value.{detail} Change it first and redact with --past-only, "
                "or say what to put in its place with --replace-with."
            ) from error
        if not count:
            raise CommandError("Nothing was removed: no version of the record holds this value.")
        self.stdout.write(f"Removed from {count} versions; revision {current_revision()} says so.")

    def _row(self, name: str, part: str | None) -> tuple[Any, int]:
        # Collections are known once the addresses are.
        get_resolver().url_patterns  # noqa: B018
        collection, _slash, slug = name.partition("/")
        model = collections.model_named(collection)
        if model is None:
            raise CommandError(f"There is no collection “{collection}”: {', '.join(collections.names())}.")
        pk = model._base_manager.filter(slug=slug).values_list("pk", flat=True).first() or deleted_record(model, slug)
        if pk is None:
            raise CommandError(f"There is no record “{name}”, nor was one deleted.")
        return self._part(model, pk, part) if part else (model, pk)

    def _part(self, model: Any, pk: int, part: str) -> tuple[Any, int]:
        kind, _slash, number = part.partition("/")
        known = {
            (each.model._meta.model_name, str(place.object_id)): (each.model, place.object_id)
            for place in places_of_record(model, pk, current_revision())
            for each in tracked()
            if each.table == place.table
        }
        if (kind, number) not in known:
            raise CommandError(f"The record never had a part “{part}”.")
        return known[kind, number]
