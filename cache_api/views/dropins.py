"""The partner host's door to the drop-ins for providers' official clients."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from cache_api import examples
from cache_api.hot.verbs import VERBS
from cache_api.rules.shapes import OPENAI_COMPATIBLE
from cache_api.serializers import dropins as serializers
from cache_api.views import PROBLEMS, RawView, answer

_STREAM = (200, "text/event-stream")
_ANSWERS = {
    (200, "application/json"): OpenApiResponse(
        OpenApiTypes.ANY, description="What the provider answered, byte for byte"
    ),
    _STREAM: OpenApiResponse(OpenApiTypes.STR, description="The same as the provider's stream"),
}
_MISS = {504: "Not in the cache: ask the provider. `x-should-retry: false`"}
_CUSTOMER = OpenApiParameter(
    "AgentCache-Customer", str, OpenApiParameter.HEADER, description="The customer_id."
)
_PROVIDER = OpenApiParameter(
    "AgentCache-Provider", str, OpenApiParameter.HEADER, enum=sorted(OPENAI_COMPATIBLE),
    description="Another provider that speaks OpenAI's API, as stored.",
)  # fmt: skip
_OPENAI, _ANTHROPIC = serializers.OpenAIErrorSerializer, serializers.AnthropicErrorSerializer


def _told(error: Any) -> dict[Any, Any]:
    refusals = {
        (status, "application/json"): OpenApiResponse(error, description=text)
        for status, text in (PROBLEMS | _MISS).items()
    }
    return {**_ANSWERS, **refusals}


class ChatView(RawView):
    """POST /v1/chat/completions."""

    @extend_schema(
        operation_id="chat_completions",
        summary="OpenAI chat completions, out of the cache",
        description="For the official client: its address and key are all that changes.",
        request=serializers.ChatRequestSerializer,
        responses=_told(_OPENAI),
        parameters=[_CUSTOMER, _PROVIDER],
        examples=[examples.CHAT],
        tags=["drop-ins"],
    )
    def post(self, request: Request) -> HttpResponse:
        """What the provider answered, or 504."""
        return answer(request._request, VERBS["chat_completions"])


class ResponsesView(RawView):
    """POST /v1/responses."""

    @extend_schema(
        operation_id="responses",
        summary="OpenAI responses, out of the cache",
        description="For the official client: its address and key are all that changes.",
        request=serializers.ResponsesRequestSerializer,
        responses=_told(_OPENAI),
        parameters=[_CUSTOMER, _PROVIDER],
        examples=[examples.RESPONSES],
        tags=["drop-ins"],
    )
    def post(self, request: Request) -> HttpResponse:
        """What the provider answered, or 504."""
        return answer(request._request, VERBS["responses"])


class MessagesView(RawView):
    """POST /v1/messages."""

    @extend_schema(
        operation_id="messages",
        summary="Anthropic messages, out of the cache",
        description="For the official client, which sends its key as `x-api-key`.",
        request=serializers.MessagesRequestSerializer,
        responses=_told(_ANTHROPIC),
        parameters=[_CUSTOMER],
        examples=[examples.MESSAGES],
        tags=["drop-ins"],
    )
    def post(self, request: Request) -> HttpResponse:
        """What the provider answered, or 504."""
        return answer(request._request, VERBS["messages"])
