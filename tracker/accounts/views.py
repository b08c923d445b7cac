"""The account pages that are ours; all others are allauth's."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from tracker.accounts.deletion import delete_account, obstacle
from tracker.accounts.forms import ProfileForm, TokenForm
from tracker.accounts.models import Profile
from tracker.api.models import Token


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """A person's name and language."""
    language = Profile.objects.language_of(request.user) or translation.get_language()
    form = ProfileForm(request.POST or None, instance=request.user, initial={"language": language})
    if not form.is_valid():
        return render(request, "accounts/home.html", {"form": form})
    form.save()
    chosen = form.cleaned_data["language"]
    with translation.override(chosen):
        messages.success(request, _("Your profile was saved."))
    answer = redirect("account_home")
    answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, samesite="Lax", secure=request.is_secure())
    return answer


@login_required
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("plaintext")
def tokens(request: HttpRequest) -> HttpResponse:
    """A person's API tokens; a new one's plaintext is on the page that answers its making, and nowhere else."""
    person: Any = request.user
    form = TokenForm(request.POST or None)
    plaintext = None
    if form.is_valid():
        _token, plaintext = Token.issue(
            user=person,
            name=form.cleaned_data["name"],
            scopes=form.chosen_scopes(),
            expires_at=form.expires_at(),
        )
        form = TokenForm()
    listed = Token.objects.filter(user=person)
    return render(request, "accounts/tokens.html", {"form": form, "tokens": listed, "plaintext": plaintext})


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """End a token; it needs no second look at who asks, because it only takes away."""
    token = get_object_or_404(Token, pk=pk, user=request.user)
    token.revoke()
    messages.success(request, _("The token “%(name)s” was revoked.") % {"name": token.name})
    return redirect("account_tokens")


@login_required
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Delete one's own account."""
    why_not = obstacle(request.user)
    if request.method == "POST" and why_not is None:
        user = request.user
        if delete_account(user):
            get_adapter(request).logout(request)
            messages.success(request, _("Your account was deleted."))
            return redirect("account_login")
        why_not = _("Records of others refer to this account. Ask a curator to delete it.")
    return render(request, "accounts/delete.html", {"obstacle": why_not})


class ActivateApp(ActivateTOTPView):
    """allauth's page; a session that has just shown a valid code has used its second factor."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        record_authentication(self.request, self.request.user, method="mfa", type=Authenticator.Type.TOTP)
        return response


class AddKey(AddWebAuthnView):
    """The same of a security key or a passkey."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        record_authentication(self.request, self.request.user, method="mfa", type=Authenticator.Type.WEBAUTHN)
        return response
