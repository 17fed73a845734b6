"""Paths that every host has: people, brand, API contract, static-safe endpoints."""

from django.urls import include, path

from tenants.views import brand_css

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("brand/tokens.<str:css_hash>.css", brand_css, name="brand_css"),
]
