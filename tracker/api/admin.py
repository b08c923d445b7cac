"""Admin of API tokens: made here, shown once, revoked here; never shown again."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tracker.api.models import Token
from tracker.api.scopes import scope_choices


class TokenForm(forms.ModelForm):
    """Scopes are ticked, not typed; nobody gets one token too many."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.instance.pk is None and cleaned.get("user"):
            Token.refuse_one_too_many(cleaned["user"])
        return cleaned


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """Tokens by owner and state; what a token may do is fixed when it is made."""

    list_display = ("name", "prefix", "user", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("revoked_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    autocomplete_fields = ("user",)
    actions = ("revoke",)
    form = TokenForm

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """What a person chooses, and later what became of it."""
        chosen = ("user", "name", "scopes", "expires_at")
        return (*chosen, "prefix", "created_at", "last_used_at", "revoked_at") if obj else chosen

    def get_readonly_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """A token that is in use keeps its owner and reach; only its name may change."""
        return tuple(name for name in self.get_fields(request, obj) if name != "name") if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        """All tokens for a superuser; their own for everybody else."""
        tokens = super().get_queryset(request)
        return tokens if request.user.is_superuser else tokens.filter(user=request.user)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "scopes":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.MultipleChoiceField(
            choices=scope_choices,
            widget=forms.CheckboxSelectMultiple,
            label=capfirst(db_field.verbose_name),
            help_text=_("What it reaches. Whoever may write may read."),
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "expires_at": Token.usual_end(),
            "user": request.user.pk,
            **super().get_changeform_initial_data(request),
        }

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Let only a superuser make a token that acts for somebody else."""
        if db_field.name == "user" and not request.user.is_superuser:
            kwargs["queryset"] = get_user_model()._default_manager.filter(username=request.user.get_username())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        """Make the secret of a new token, and show it this once."""
        if change:
            super().save_model(request, obj, form, change)
            return
        plaintext = obj.mint()
        super().save_model(request, obj, form, change)
        shown = format_html('{} <code dir="ltr">{}</code>', _("Copy the token now; it is not shown again:"), plaintext)
        messages.success(request, shown)

    @admin.action(description=_("Revoke the selected tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """End the selected tokens at once."""
        revoked = Token.objects.filter(pk__in=queryset.values("pk")).revoke()
        text = ngettext("%(count)d token was revoked.", "%(count)d tokens were revoked.", revoked)
        messages.success(request, text % {"count": revoked})
