"""The overflow API's reference, rendered on the server from the OpenAPI document itself."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cache_api.rules.controls import OWN_PREFIX
from tenants import queries
from tenants.resolve import Resolved

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """One member of a request or an answer."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    """One endpoint as the page shows it."""

    method: str
    path: str
    summary: str
    description: str
    headers: tuple[Field, ...]
    fields: tuple[Field, ...]
    answers: tuple[tuple[str, str, tuple[Field, ...]], ...]
    curl: str


def api_docs(request: HttpRequest) -> HttpResponse:
    """The reference with this host's own URL in every snippet.

    Behind a TLS proxy that URL is the edge's too (docs/deploy/Caddyfile); without one it has a port
    of its own.
    """
    base = f"{'https' if settings.HTTPS else 'http'}://{request.get_host()}"
    described = branded(document(), request.owner)  # type: ignore[attr-defined]
    edge = "" if settings.HTTPS else f"http://127.0.0.1:{settings.EDGE_PORT}"
    told = {"operations": operations(base, described), "edge": edge}
    return render(request, "docs/api.html", told)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document of the partner host's API."""
    schema: dict[str, Any] = SchemaGenerator(urlconf="cache_api.urls").get_schema(public=True)
    return schema


class ApiSchema(SpectacularAPIView):
    """The OpenAPI document, under the names of the host it is read on."""

    urlconf = "cache_api.urls"

    def _get_schema_response(self, request: Request) -> Response:
        response = super()._get_schema_response(request)
        response.data = branded(response.data, request._request.owner)
        return response


def branded(schema: dict[str, Any], owner: Resolved) -> dict[str, Any]:
    """A copy of the document with a partner's title and, where it has them, its own names."""
    told: dict[str, Any] = {**schema, "info": {**schema["info"]}}
    told["info"]["title"] = f"{owner.brand.product_name}: {schema['info']['title']}"
    brand = queries.api_brand(owner.partner_id) if owner.partner_id else None
    if brand is None:
        return told
    text = json.dumps(told, default=str).replace(OWN_PREFIX, brand["header_prefix"])
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def operations(base: str, schema: dict[str, Any]) -> list[Operation]:
    """Every documented endpoint, in the document's order."""
    return [
        _operation(schema, method, path, entry[method], base)
        for path, entry in schema["paths"].items()
        for method in METHODS
        if method in entry
    ]


def _operation(
    schema: dict[str, Any], method: str, path: str, entry: dict[str, Any], base: str
) -> Operation:
    body = entry.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = tuple(
        (code, answer.get("description", ""), _fields(schema, _media(answer)))
        for code, answer in entry["responses"].items()
    )
    return Operation(
        method.upper(), path, entry.get("summary", ""), entry.get("description", ""),
        _headers(entry), _fields(schema, body), answers, _curl(method, base + path, _example(body)),
    )  # fmt: skip


def _headers(entry: dict[str, Any]) -> tuple[Field, ...]:
    return tuple(
        Field(one["name"], "header", one.get("required", False), one.get("description", ""))
        for one in entry.get("parameters", ())
        if one["in"] == "header"
    )


def _media(answer: dict[str, Any]) -> dict[str, Any]:
    return next(iter(answer.get("content", {}).values()), {})


def _fields(schema: dict[str, Any], media: dict[str, Any]) -> tuple[Field, ...]:
    shape = _resolve(schema, media.get("schema", {}))
    required = set(shape.get("required", ()))
    return tuple(
        Field(name, _type(_resolve(schema, part)), name in required, part.get("description", ""))
        for name, part in shape.get("properties", {}).items()
    )


def _resolve(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    for reference in [part.get("$ref"), *(one.get("$ref") for one in part.get("allOf", ()))]:
        if reference:
            found: dict[str, Any] = schema["components"]["schemas"][reference.rsplit("/", 1)[1]]
            return found
    return part


def _type(part: dict[str, Any]) -> str:
    kind = part.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _example(media: dict[str, Any]) -> Any:
    examples = media.get("examples") or {}
    return next((one.get("value") for one in examples.values()), media.get("example"))


def _curl(method: str, url: str, example: Any) -> str:
    lines = [f"curl -X {method.upper()} {url}", '  -H "Authorization: Bearer $API_KEY"']
    if method != "get":
        lines.append('  -H "Content-Type: application/json"')
        lines.append(f"  -d '{json.dumps(example or {}, ensure_ascii=False, indent=1)}'")
    return " \\\n".join(lines)
