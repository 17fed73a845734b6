"""The partner host's doors to purges."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from cache_api import examples
from cache_api.hot.verbs import VERBS
from cache_api.serializers import purges as serializers
from cache_api.views import PROBLEMS, RawView, answer, told


class PurgeView(RawView):
    """POST /api/overflow/purge."""

    @extend_schema(
        operation_id="overflow_purge",
        summary="Purge entries",
        description="By key, tag, model, provider, customer, namespace, age, or everything. "
        "Acknowledged once it is durable; `GET /api/overflow/purges/{id}` says when it is "
        "complete: then nothing of it is ever served again.",
        request=serializers.PurgeRequestSerializer,
        responses={
            200: OpenApiResponse(serializers.DryPurgeSerializer, description="A dry run"),
            202: OpenApiResponse(serializers.PurgeSerializer, description="Written down"),
            **told(PROBLEMS),
        },
        examples=[examples.PURGE],
        tags=["overflow"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Number the purge and delete single entries."""
        return answer(request._request, VERBS["purge"])


class PurgeStatusView(RawView):
    """GET /api/overflow/purges/{id}."""

    @extend_schema(
        operation_id="overflow_purge_status",
        summary="How far a purge has got",
        responses={
            200: OpenApiResponse(serializers.PurgeStatusSerializer, description="By region"),
            **told({code: PROBLEMS[code] for code in (401, 403, 503)}),
            **told({404: "No such purge, or older than seven days"}),
        },
        tags=["overflow"],
    )
    def get(self, request: Request, purge_id: str) -> HttpResponse:
        """Regions and their processes, with milliseconds."""
        return answer(request._request, VERBS["purge_status"], purge_id)
