"""The overflow API's paths on a partner's host."""

from django.urls import path

from cache_api.views import HealthView, LookupView, StoreView

urlpatterns = [
    path("api/overflow", LookupView.as_view(), name="overflow_lookup"),
    path("api/overflow/store", StoreView.as_view(), name="overflow_store"),
    path("api/overflow/health", HealthView.as_view(), name="overflow_health"),
]
