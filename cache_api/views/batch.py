"""The partner host's door to batches."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from cache_api import examples
from cache_api.hot.verbs import VERBS
from cache_api.serializers import batch as serializers
from cache_api.views import PROBLEMS, RawView, answer, told


class BatchView(RawView):
    """POST /api/overflow/batch."""

    @extend_schema(
        operation_id="overflow_batch",
        summary="Many lookups and stores at once",
        description="Side by side, in no order: an item does not see what another one stores. "
        "A bad item does not fail the others.",
        request=serializers.BatchRequestSerializer,
        responses={
            200: OpenApiResponse(serializers.BatchResponseSerializer, description="By item"),
            **told(PROBLEMS | {413: "Larger than 8 MiB"}),
        },
        examples=[examples.BATCH],
        tags=["overflow"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Each item's own answer."""
        return answer(request._request, VERBS["batch"])
