"""The API and its description, on every partner's host."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from portal.views.api_docs import api_docs

urlpatterns = [
    path("", include("cache_api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(urlconf="cache_api.urls"), name="api_schema"),
    path("docs/api/", api_docs, name="api_docs"),
]
