"""The partner host's door to explanations."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from cache_api import examples
from cache_api.hot.verbs import VERBS
from cache_api.serializers import explain as serializers
from cache_api.views import PROBLEMS, RawView, answer, told


class ExplainView(RawView):
    """POST /api/overflow/explain."""

    @extend_schema(
        operation_id="overflow_explain",
        summary="Why two requests are, or are not, the same",
        description="Member by member, without any text: shapes and short hashes. Not metered.",
        request=serializers.ExplainRequestSerializer,
        responses={
            200: OpenApiResponse(serializers.ExplanationSerializer, description="By member"),
            **told(PROBLEMS),
        },
        examples=[examples.EXPLAIN],
        tags=["overflow"],
    )
    def post(self, request: Request) -> HttpResponse:
        """The comparison."""
        return answer(request._request, VERBS["explain"])
