"""The overflow API's paths on a partner's host."""

from django.urls import path

from cache_api.views import HealthView, LookupView, StoreView
from cache_api.views.batch import BatchView
from cache_api.views.dropins import ChatView, MessagesView, ResponsesView
from cache_api.views.explain import ExplainView
from cache_api.views.feedback import FeedbackView
from cache_api.views.metrics import MetricsView
from cache_api.views.purges import PurgeStatusView, PurgeView
from cache_api.views.stats import StatsView

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
    path("api/overflow/stats", StatsView.as_view(), name="overflow_stats"),
    path("api/v1/metrics", MetricsView.as_view(), name="metrics"),
    path("api/overflow/health", HealthView.as_view(), name="overflow_health"),
    path("v1/chat/completions", ChatView.as_view(), name="chat_completions"),
    path("v1/responses", ResponsesView.as_view(), name="responses"),
    path("v1/messages", MessagesView.as_view(), name="messages"),
]
