"""The partner host's door for the partner's own monitoring."""

from datetime import UTC, datetime

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from cache_api.gateways import openmetrics
from cache_api.hot.admit import Caller
from cache_api.hot.steps import Answer, Asked
from cache_api.queries import scrape
from cache_api.views import PROBLEMS, RawView, told
from cache_api.views.reading import answer_from_usage, customer_filter

PATH = "/api/v1/metrics"


class MetricsView(RawView):
    """GET /api/v1/metrics."""

    @extend_schema(
        operation_id="metrics",
        summary="Usage for your monitoring",
        description="OpenMetrics, on the partner's host only. Counters by customer since the UTC "
        "month began (500 customers by name, the rest as `_other`), latency by outcome. A "
        "customer's key reads that customer's counters, a test key those of test mode.",
        responses={
            (200, "application/openmetrics-text"): OpenApiResponse(
                OpenApiTypes.STR, description="Counters and a histogram"
            ),
            **told({code: PROBLEMS[code] for code in (401, 403, 404, 429, 503)}),
        },
        tags=["overflow"],
    )
    def get(self, request: Request) -> HttpResponse:
        """The exposition, made anew for each scrape."""
        return answer_from_usage(request._request, PATH, _tell)


def _tell(who: Caller, asked: Asked) -> Answer:
    now = datetime.fromtimestamp(asked.now_ms / 1000, UTC)
    place = now, customer_filter(who, None), who.key.livemode
    body = openmetrics.text(scrape.counters(*place), scrape.latencies(*place), scrape.since(now))
    return Answer(200, body, openmetrics.CONTENT_TYPE.encode("ascii"))
