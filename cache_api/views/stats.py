"""The partner host's door to usage numbers."""

from datetime import UTC, datetime

import orjson
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from cache_api import examples
from cache_api.hot.admit import Caller
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Answer, Asked
from cache_api.queries import stats
from cache_api.rules import stats_request
from cache_api.rules.stats_request import BadParameter
from cache_api.serializers import stats as serializers
from cache_api.views import PROBLEMS, RawView, told
from cache_api.views.reading import answer_from_usage, customer_filter

PATH = "/api/overflow/stats"
_INSTANT = {"type": "string", "format": "date-time"}
_NAME = {"type": "string", "minLength": 1, "maxLength": stats_request.MAX_CUSTOMER}


class StatsView(RawView):
    """GET /api/overflow/stats."""

    @extend_schema(
        operation_id="overflow_stats",
        summary="Usage of a period",
        description="On the partner's host only. A customer's key reads that customer's usage, a "
        "test key that of test mode. Hits are those that feedback did not take back. The period is "
        "widened to whole UTC hours, or days where it is longer than seven or asked for by day.",
        parameters=[
            OpenApiParameter("start", _INSTANT, description="UTC. Default: 24 hours before end."),
            OpenApiParameter("end", _INSTANT, description="UTC. Default: now; 400 days at most."),
            OpenApiParameter("granularity", enum=stats_request.GRANULARITIES),
            OpenApiParameter("by", enum=stats_request.BY, description="Default: model."),
            OpenApiParameter("customer", _NAME, description="One only, by the partner's own id."),
        ],
        responses={
            200: OpenApiResponse(
                serializers.StatsSerializer, description="Totals, series and breakdown"
            ),
            **told({code: PROBLEMS[code] for code in (401, 403, 404, 429, 503)}),
            **told({400: "A parameter that cannot be used; `errors` names it"}),
        },
        examples=[examples.STATS],
        tags=["overflow"],
    )
    def get(self, request: Request) -> HttpResponse:
        """Totals, latency, a series and a breakdown."""
        return answer_from_usage(request._request, PATH, _tell)


def _tell(who: Caller, asked: Asked) -> Answer:
    now = datetime.fromtimestamp(asked.now_ms / 1000, UTC)
    try:
        wanted = stats_request.read(asked.query, now)
    except BadParameter as error:
        pointer = "/" + error.name.replace("~", "~0").replace("/", "~1")
        raise Problem("invalid-request", str(error), pointer=pointer) from error
    customer_id = customer_filter(who, wanted.customer)
    members = stats.of_period(wanted, customer_id, who.key.livemode)
    return Answer(200, orjson.dumps(members))
