"""To a provider of OpenID Connect and back: allauth's views, stricter and never at a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.internal.decorators import login_not_required
from allauth.core.ratelimit import consume_or_429
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from requests import RequestException

from tracker.accounts.providers import believed

# What an answer leads to that is not what the protocol says.
NOT_THE_PROTOCOL = (AttributeError, LookupError, TypeError, ValueError)
NEEDED = ("issuer", "jwks_uri", "authorization_endpoint", "token_endpoint")


class StrictAdapter(OpenIDConnectOAuth2Adapter):
    """allauth takes a token for true that came by TLS; here its signature is checked too, and its subject."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says of itself."""
        try:
            found: dict[str, Any] = super().openid_config
            missing = [name for name in NEEDED if not isinstance(found[name], str)]
        except (RequestException, *NOT_THE_PROTOCOL) as fault:
            raise OAuth2Error("The provider does not say how to use it.") from fault
        if missing:
            raise OAuth2Error(f"The provider says nothing usable of {missing}.")
        return found

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> Any:
        """Who signed in, by the ID token and by what the provider tells of the same person besides."""
        try:
            claims = self._decode_id_token(app, kwargs["response"]["id_token"])
            if "userinfo_endpoint" in self.openid_config:
                told = self._fetch_user_info(token.token)
                if told["sub"] != claims["sub"]:
                    raise OAuth2Error("The claims are another person's.")
                claims = {**claims, **told}
            return self.get_provider().sociallogin_from_response(request, {"userinfo": believed(claims)})
        except NOT_THE_PROTOCOL as fault:
            raise OAuth2Error("The provider's answer cannot be read.") from fault

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        config = self.openid_config
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=config["jwks_uri"],
            issuer=config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims


@login_not_required
def leave(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send a person on to their provider by a page of ours.

    A redirect in answer to a form would need every provider in the Content-Security-Policy of every page with a form.
    """
    # Each time the provider is asked how to use it.
    too_often: HttpResponse | None = consume_or_429(request, action="login")
    if too_often is not None:
        return too_often
    answer = _answered(request, provider_id, OAuth2LoginView.adapter_view)
    if not answer.has_header("Location") or answer["Location"].startswith("/"):
        return answer
    return render(request, "accounts/leave.html", {"address": answer["Location"]})


@login_not_required
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sign in whom the provider sends back."""
    return _answered(request, provider_id, OAuth2CallbackView.adapter_view)


def _answered(request: HttpRequest, provider_id: str, view_of: Callable[[Any], Any]) -> HttpResponse:
    try:
        provider = get_adapter(request).get_provider(request, provider_id)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    try:
        answer: HttpResponse = view_of(StrictAdapter(request, provider_id))(request)
    except (OAuth2Error, RequestException) as fault:
        answer = render_authentication_error(request, provider, exception=fault)
    return answer
