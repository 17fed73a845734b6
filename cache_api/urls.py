"""The overflow API's paths on a partner's host."""

from django.urls import path

from cache_api.hot.verbs import VERBS
from cache_api.views import HealthView, LookupView, StoreView
from cache_api.views.batch import BatchView
from cache_api.views.dropins import DropInView
from cache_api.views.explain import ExplainView
from cache_api.views.feedback import FeedbackView
from cache_api.views.purges import PurgeStatusView, PurgeView

urlpatterns = [
    path("api/overflow", LookupView.as_view(), name="overflow_lookup"),
    path("api/overflow/store", StoreView.as_view(), name="overflow_store"),
    path("api/overflow/batch", BatchView.as_view(), name="overflow_batch"),
    path("api/overflow/explain", ExplainView.as_view(), name="overflow_explain"),
    path("api/overflow/feedback", FeedbackView.as_view(), name="overflow_feedback"),
    path("api/overflow/purge", PurgeView.as_view(), name="overflow_purge"),
    path(
        "api/overflow/purges/<str:purge_id>",
        PurgeStatusView.as_view(),
        name="overflow_purge_status",
    ),
    path("api/overflow/health", HealthView.as_view(), name="overflow_health"),
    *[
        path(verb.path.lstrip("/"), DropInView.as_view(verb=verb.name), name=verb.name)
        for verb in VERBS.values()
        if verb.path.startswith("/v1/")
    ],
]
