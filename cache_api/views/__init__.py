"""The overflow API on the partner's own host: the edge's pipeline behind Django, raw bytes through.

Parsers and renderers are bypassed; the serializers only describe the contract.
"""

import logging
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from cache_api import examples, serializers
from cache_api.gateways import blocking
from cache_api.gateways.config import BadConfig
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Answer, Asked, refused
from cache_api.hot.verbs import VERBS, Verb
from cache_api.rules.strictjson import MAX_BYTES

log = logging.getLogger(__name__)
_CHUNK = 64 * 1024
# Read on (and thrown away) past the limit, so that the client has sent and can read our refusal.
_DRAIN_BYTES = 4 * MAX_BYTES
PROBLEMS = {
    400: "Not JSON, or an incomplete or wrong member",
    401: "No valid key",
    403: "Not allowed: partner or customer suspended, unknown, or another customer's",
    404: "This key belongs to another host",
    413: "Larger than 10 MiB (the response: 8 MiB)",
    415: "Not plain JSON",
    429: "Beyond a limit, or a quota that stops hard",
    503: "Not able to do this right now",
}
STORE_PROBLEMS = PROBLEMS | {
    409: "This Idempotency-Key came with another body",
    422: "This response may not be stored",
}


class AnyClient(BaseContentNegotiation):
    """Every client gets JSON, whatever it says it accepts."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> Any:
        """No parser is used."""
        return None

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """The first renderer stands for all."""
        first = next(iter(renderers))
        return first, first.media_type


class RawView(APIView):
    """Keys, not sessions, say who is asking; the pipeline checks them."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    content_negotiation_class = AnyClient
    http_method_names = ("get", "head", "post")  # no OPTIONS: the edge has none either
    default_response_headers: ClassVar[dict[str, str]] = {}  # as from the edge: Allow with a 405

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Versions, sessions, permissions, throttles: the pipeline has its own."""

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """405 as a problem document, like the edge's."""
        allowed = ", ".join(self.allowed_methods)
        response = _http(refused(Problem("method-not-allowed", f"Use {allowed} here.")))
        response["Allow"] = allowed
        return response


def told(problems: dict[int, str]) -> dict[Any, Any]:
    """Refusals for the OpenAPI document: status → what it means here."""
    return {
        (status, "application/problem+json"): OpenApiResponse(
            serializers.ProblemSerializer, description=text
        )
        for status, text in problems.items()
    }


class LookupView(RawView):
    """POST /api/overflow."""

    @extend_schema(
        operation_id="overflow_lookup",
        summary="Look a response up",
        description="A miss is 200 as well, with `hit: false` and a `reason`.",
        request=serializers.LookupRequestSerializer,
        responses={
            200: OpenApiResponse(
                serializers.LookupResponseSerializer, description="A hit or a miss"
            ),
            **told(PROBLEMS | {422: "What the semantic_key is for has no canonical form"}),
        },
        examples=[examples.LOOKUP],
        tags=["overflow"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Look up by the request's identity, by the caller's key, or both."""
        return answer(request._request, VERBS["lookup"])


class StoreView(RawView):
    """POST /api/overflow/store."""

    @extend_schema(
        operation_id="overflow_store",
        summary="Store a response",
        description="Keep what a provider answered; the next lookup of the same request hits.",
        examples=[examples.STORE],
        request=serializers.StoreRequestSerializer,
        responses={
            200: OpenApiResponse(
                serializers.StoreResponseSerializer, description="The same is stored already"
            ),
            201: OpenApiResponse(serializers.StoreResponseSerializer, description="Stored"),
            **told(STORE_PROBLEMS),
        },
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": 255},
                OpenApiParameter.HEADER,
                description="Good for 24 hours.",
            )
        ],
        tags=["overflow"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Keep a provider's response under its request's identity, the caller's key, or both."""
        return answer(request._request, VERBS["store"])


class HealthView(RawView):
    """GET /api/overflow/health."""

    @extend_schema(
        operation_id="overflow_health",
        summary="Whether the parts answer",
        responses={200: serializers.HealthSerializer},
        tags=["overflow"],
    )
    def get(self, request: Request) -> HttpResponse:
        """What answers right now; needs no key."""
        try:
            return JsonResponse(blocking.service().health(), headers={"Cache-Control": "no-store"})
        except BadConfig as error:
            return _http(_failed(error))


def answer(request: HttpRequest, verb: Verb, tail: str = "") -> HttpResponse:
    """A verb's answer to a request, whatever happens."""
    try:
        query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
        body, headers = _body(request), _headers(request)
        asked = Asked(body, headers, time.time_ns() // 1_000_000, tail, query)
        return _http(blocking.service().answer(verb, asked))
    except Problem as problem:
        refusal = refused(problem)
    except BadConfig as error:
        refusal = _failed(error)
    except Exception:  # whatever it is, the caller gets a problem document, as from the edge
        log.exception("an answer could not be made")
        refusal = refused(Problem("overloaded", "Something went wrong on our side. Try again."))
    return _http(verb.voice(refusal))


def _failed(error: BadConfig) -> Answer:
    log.error("the overflow API cannot start here: %s", error)
    return refused(Problem("overloaded", "The overflow API is not set up on this server."))


def _body(request: HttpRequest) -> bytes:
    # Django reads as far as Content-Length says, and so nothing of a body that comes in chunks.
    is_ended = request.META.get("wsgi.input_terminated")
    source = request.META["wsgi.input"] if is_ended else request
    chunks, size = [], 0
    try:
        while size <= _DRAIN_BYTES and (chunk := source.read(_CHUNK)):
            size += len(chunk)
            if size <= MAX_BYTES:
                chunks.append(chunk)
    except Exception as error:  # of gunicorn's parser, or of a client that is gone
        raise Problem("invalid-request", "The body broke off, or its chunks are none.") from error
    if size > MAX_BYTES:
        raise Problem("payload-too-large", f"The body is larger than {MAX_BYTES} bytes.")
    return b"".join(chunks)


def _headers(request: HttpRequest) -> dict[bytes, bytes]:
    """Header names and values as bytes, as ASGI has them."""
    return {
        _header_name(name): value.encode("latin-1", "replace")
        for name, value in request.META.items()
        if name.startswith(("HTTP_", "CONTENT_"))
    }


@lru_cache(maxsize=1_000)
def _header_name(name: str) -> bytes:
    return name.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1")


def _http(answer: Answer) -> HttpResponse:
    headers = {
        "Content-Type": answer.content_type.decode("ascii"),
        "Content-Length": str(len(answer.body)),
    }
    headers |= {name.decode("ascii"): value.decode("ascii") for name, value in answer.headers}
    for line in answer.fields.decode("ascii").split("\r\n")[:-1]:
        name, _, value = line.partition(": ")
        headers[name] = value
    return HttpResponse(answer.body, status=answer.status, headers=headers)
