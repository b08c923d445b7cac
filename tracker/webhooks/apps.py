"""The Django app of webhooks. Its models are abstract: whose subscriptions they are, the domain says."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "tracker.webhooks"
    label = "webhooks"
    verbose_name = _("Webhooks")
