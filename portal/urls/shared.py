"""Paths that every host has: people, brand, API contract, static-safe endpoints."""

from django.urls import include, path

from portal.views import account, demo, invitation, profile, status, well_known
from tenants import views as brand

urlpatterns = [
    path("accounts/profile/", profile.page, name="account_profile"),
    path("accounts/security/", account.security, name="account_security"),
    path("accounts/security/end/", account.end, name="account_end_sessions"),
    path("accounts/invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("accounts/language/", profile.language, name="set_language"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    # The address is what a password is reset by: it comes with the invitation, nobody changes it.
    path("accounts/email/", account.nothing),
    path("accounts/confirm-email/", account.nothing),
    path("accounts/confirm-email/<str:key>/", account.nothing),
    path("accounts/", include("allauth.account.urls")),
    path("brand/tokens.<str:css_hash>.css", brand.brand_css, name="brand_css"),
    path("brand/icon.<str:key>.svg", brand.brand_icon, name="brand_icon"),
    path("brand/icon-<int:side>.<str:key>.png", brand.brand_icon, name="brand_icon_png"),
    path("brand/file/<str:name>", brand.brand_file, name="brand_file"),
    path("brand/mail/<str:name>.png", brand.brand_file, {"as_png": True}, name="brand_mail_file"),
    path("brand/preview/end/", brand.end_preview, name="brand_preview_end"),
    path("brand/preview/<str:token>/", brand.open_preview, name="brand_preview"),
    path("manifest.webmanifest", brand.manifest, name="manifest"),
    path(".well-known/security.txt", well_known.security_txt, name="security_txt"),
    path(".well-known/change-password", well_known.change_password, name="change_password"),
    path("favicon.ico", brand.favicon, name="favicon"),
    path("status/", status.status, name="status"),
    path("demo/mail/", demo.mail, name="demo_mail"),
    path("demo/mail/<slug:key>/", demo.mail_look, name="demo_mail_look"),
]
