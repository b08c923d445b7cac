"""Webhooks in the admin: whose they are, how far they are, and what came of each post."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from initiatives.models import Webhook, WebhookDelivery
from initiatives.models.webhooks import may_be_sent
from tracker.api import collections
from tracker.history.time_travel import current_revision
from tracker.webhooks.delivery import send_test
from tracker.webhooks.events import collection_names

from .forms import RecordForm
from .records import RegistryAdmin

TOLD = ("cursor", "attempts", "failing_since", "next_attempt_at", "paused_at", "pause_reason", "old_secret_until")
LOG = (
    "at", "kind", "first_revision", "last_revision", "events", "attempt", "status", "error", "excerpt", "milliseconds",
)  # fmt: skip
# The newest are what one looks for beside the form; the list of deliveries has all.
SHOWN_BESIDE = 20


class WebhookForm(RecordForm):
    """Refuses what the owner may not be sent."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        owner = self.cleaned_data.get("owner") or getattr(self.instance, "owner", None)
        chosen = {organization.pk for organization in self.cleaned_data.get("organizations", ())}
        if owner is not None and not may_be_sent(owner, chosen):
            self.add_error("organizations", _("Name one or more organizations that the owner manages."))
        return cleaned


class ReplayForm(forms.Form):
    """From where everything is to be sent again."""

    since = forms.IntegerField(
        label=gettext_lazy("Send again what came after revision"),
        min_value=0,
        widget=forms.NumberInput(attrs={"class": "vIntegerField"}),
    )

    def clean_since(self) -> int:
        since: int = self.cleaned_data["since"]
        last = current_revision()
        if since > last:
            message = _("There is no revision %(number)s; the last is %(last)d.")
            raise forms.ValidationError(message % {"number": since, "last": last})
        return since


def _title_of(collection: str) -> str:
    model: Any = collections.model_named(collection)
    return capfirst(str(model._meta.verbose_name_plural))


class ReadOnly:
    """What the delivery process writes is there to be read."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NewestFormSet(forms.models.BaseInlineFormSet):
    """The newest of what belongs to a row."""

    @cached_property
    def newest(self) -> list[Any]:
        return list(super().get_queryset()[:SHOWN_BESIDE])

    def get_queryset(self) -> Any:
        return self.newest


class DeliveryInline(ReadOnly, admin.TabularInline):
    model = WebhookDelivery
    formset = NewestFormSet
    fields = LOG
    readonly_fields = LOG
    extra = 0
    show_change_link = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Whoever sees the webhook sees what came of it.
        return True


@admin.register(Webhook)
class WebhookAdmin(RegistryAdmin):
    columns = ("owner", "link", "cursor", "attempts", "pause_reason")
    filters = ("pause_reason", "owner", "organizations")
    beside = (("name", "link"),)
    form = WebhookForm
    inlines = (DeliveryInline,)
    actions = ("send_test", "resume", "replay", "rotate_secret")

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        # Not when a form comes back: the log has gone on since.
        return list(self.inlines) if obj and request.method != "POST" else []

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["name", "link", "owner__username"]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return dict(admin.ModelAdmin.get_actions(self, request))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "collections":
            return forms.MultipleChoiceField(
                choices=[(name, _title_of(name)) for name in collection_names()],
                required=False,
                widget=forms.CheckboxSelectMultiple,
                label=capfirst(db_field.verbose_name),
                help_text=db_field.help_text,
            )
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "link":
            field.widget.attrs.update(dir="ltr", **{"class": "vURLField"})
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk, **super().get_changeform_initial_data(request)}

    def bookkeeping(self, row: models.Model) -> tuple[str, ...]:
        return (*TOLD, *super().bookkeeping(row))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        """What is sent follows from who owns it, which stays."""
        return (*super().get_readonly_fields(request, obj), *(("owner",) if obj else ()))

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            self._show_secret(request, obj)
        elif "link" in form.changed_data:
            obj.retry()

    @admin.action(description=gettext_lazy("Send a test event"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: models.QuerySet[Webhook]) -> None:
        """Post a test event now, and say what came of it."""
        for webhook in queryset.select_related("owner"):
            if self._says_refusal(request, webhook):
                continue
            attempt = send_test(webhook)
            level = messages.SUCCESS if attempt.is_delivered else messages.ERROR
            told = attempt.status or attempt.error
            self.message_user(
                request, _("“%(name)s”: the answer was %(told)s.") % {"name": webhook, "told": told}, level
            )

    @admin.action(description=gettext_lazy("Resume, or try again at once"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: models.QuerySet[Webhook]) -> None:
        """Go on where each of them stopped."""
        for webhook in queryset.select_related("owner"):
            if not self._says_refusal(request, webhook):
                webhook.resume()
                self.log_change(request, webhook, _("Resumed."))
                self.message_user(request, _("“%(name)s” goes on.") % {"name": webhook})

    @admin.action(description=gettext_lazy("Send again from a revision"), permissions=["change"])
    def replay(self, request: HttpRequest, queryset: models.QuerySet[Webhook]) -> HttpResponse | None:
        """Ask from which revision on, then send all of that again."""
        form = ReplayForm(request.POST if "since" in request.POST else None)
        if not form.is_valid():
            return self._ask_since(request, queryset, form)
        for webhook in queryset:
            webhook.replay(form.cleaned_data["since"])
            self.log_change(request, webhook, _("Sent again from revision %(since)d.") % form.cleaned_data)
            self.message_user(request, _("“%(name)s” is sent everything again.") % {"name": webhook})
        return None

    @admin.action(description=gettext_lazy("Take a new secret"), permissions=["change"])
    def rotate_secret(self, request: HttpRequest, queryset: models.QuerySet[Webhook]) -> None:
        """Show a new secret of each; the one before holds for a day."""
        for webhook in queryset:
            webhook.rotate()
            self.log_change(request, webhook, _("Took a new secret."))
            self._show_secret(request, webhook)

    def _says_refusal(self, request: HttpRequest, webhook: Webhook) -> bool:
        refusal = webhook.refusal()
        if refusal:
            self.message_user(request, f"{webhook}: {Webhook.Pause(refusal).label}.", messages.ERROR)
        return bool(refusal)

    def _show_secret(self, request: HttpRequest, webhook: Webhook) -> None:
        words = _("Copy the secret now; it is not shown again:")
        shown = format_html('{}: {} <code dir="ltr">{}</code>', webhook, words, webhook.secret())
        messages.success(request, shown)

    def _ask_since(
        self, request: HttpRequest, queryset: models.QuerySet[Webhook], form: ReplayForm
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("From which revision?"),
            "opts": self.opts,
            "rows": queryset,
            "form": form,
            "last": current_revision(),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/webhook_replay.html", context)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly, RegistryAdmin):
    columns = ("webhook", "at", "kind", "first_revision", "last_revision", "attempt", "status", "milliseconds")
    filters = ("kind", "status", "webhook", "at")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [(None, {"fields": ("webhook", "message_id", *LOG)})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        return ("webhook", "message_id", *LOG)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["webhook__name", "message_id", "error"]
