"""The Django app of the API's own records."""

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.urls import get_resolver
from django.utils.translation import gettext_lazy as _

from tracker.api import collections


class ApiConfig(AppConfig):
    name = "tracker.api"
    label = "api"
    verbose_name = _("API")

    def ready(self) -> None:
        """Have ``manage.py check`` look at every collection."""
        checks.register(check_collections)


def check_collections(**_kwargs: Any) -> list[checks.CheckMessage]:
    """What is wrong with the declaration of any collection."""
    # The collections are those that have addresses.
    _addresses = get_resolver().url_patterns
    return [error for viewset in collections.viewsets() for error in viewset.check()]
