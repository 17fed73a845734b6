"""The partner host's door to feedback."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from cache_api import examples
from cache_api.hot.verbs import VERBS
from cache_api.serializers import feedback as serializers
from cache_api.views import PROBLEMS, RawView, answer, told


class FeedbackView(RawView):
    """POST /api/overflow/feedback."""

    @extend_schema(
        operation_id="overflow_feedback",
        summary="Report a wrong or an unused hit",
        description="Takes the hit off the bill, once however often it is sent; what is said first "
        "counts. A wrong hit's entry is evicted. An unused one (another answer was taken, or it "
        "came too late) is no judgement: its entry stays and no wrong hit is counted. Feedback on "
        "an event that is no hit of this partner and customer changes nothing.",
        request=serializers.FeedbackRequestSerializer,
        responses={
            202: OpenApiResponse(serializers.FeedbackResponseSerializer, description="Taken down"),
            **told(PROBLEMS),
        },
        examples=[examples.FEEDBACK, examples.UNUSED],
        tags=["overflow"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Evict what answered and note the correction."""
        return answer(request._request, VERBS["feedback"])
