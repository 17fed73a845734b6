"""The API and its description, on every partner's host."""

from django.urls import include, path

from portal.views.api_docs import ApiSchema, api_docs
from portal.views.sdk import sdk_file, sdk_files

urlpatterns = [
    path("", include("cache_api.urls")),
    path("api/schema/", ApiSchema.as_view(), name="api_schema"),
    path("docs/api/", api_docs, name="api_docs"),
    path("docs/sdk/", sdk_files, name="sdk_files"),
    path("docs/sdk/<str:name>", sdk_file, name="sdk_file"),
]
