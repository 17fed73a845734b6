"""Paths that every host has: people, brand, API contract, static-safe endpoints."""

from django.urls import include, path

from portal.views import brand, demo
from tenants.views import brand_css

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("brand/tokens.<str:css_hash>.css", brand_css, name="brand_css"),
    path("brand/icon.<str:css_hash>.svg", brand.icon, name="brand_icon"),
    path("demo/mail/", demo.mail, name="demo_mail"),
]
