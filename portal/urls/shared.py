"""Paths that every host has: people, brand, API contract, static-safe endpoints."""

from django.urls import include, path

from portal.views import account, brand, demo, invitation, status
from tenants.views import brand_css

urlpatterns = [
    path("accounts/security/", account.security, name="account_security"),
    path("accounts/security/end/", account.end, name="account_end_sessions"),
    path("accounts/invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("brand/tokens.<str:css_hash>.css", brand_css, name="brand_css"),
    path("brand/icon.<str:css_hash>.svg", brand.icon, name="brand_icon"),
    path("status/", status.status, name="status"),
    path("demo/mail/", demo.mail, name="demo_mail"),
]
