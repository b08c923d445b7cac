"""Delete the answers kept for repeated requests that nobody can get any more."""

from typing import Any

from django.core.management.base import BaseCommand

from tracker.api.models import IdempotencyKey

AT_ONCE = 1_000


class Command(BaseCommand):
    """`purge_idempotency_keys`, for example from a daily timer; keyed requests sweep a few on their way anyway."""

    help = "Deletes the answers kept under Idempotency-Key that are older than 24 hours."

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete in small steps, each a transaction, so that nobody waits."""
        total = 0
        while deleted := IdempotencyKey.objects.sweep(AT_ONCE):
            total += deleted
        self.stdout.write(f"Deleted {total} expired idempotency keys.")
