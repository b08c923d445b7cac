"""The addresses of the account pages."""

from django.urls import include, path

from tracker.accounts import provider_views, views

urlpatterns = [
    path("", views.home, name="account_home"),
    path("tokens/", views.tokens, name="account_tokens"),
    path("tokens/<int:pk>/revoke/", views.revoke_token, name="account_token_revoke"),
    path("delete/", views.delete, name="account_delete"),
    path("2fa/totp/activate/", views.ActivateApp.as_view()),
    path("2fa/webauthn/add/", views.AddKey.as_view()),
    path("oidc/<slug:provider_id>/login/", provider_views.leave),
    path("oidc/<slug:provider_id>/login/callback/", provider_views.come_back),
    path("", include("allauth.urls")),
]
