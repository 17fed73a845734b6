"""Lines of a log as requests with their answers: several spellings, one record. Pure.

Known are our own store bodies (`original_request`, `response`), recorded exchanges (`request` and
`response` with `body`, `url`, `status`), batch files (`url`, `body`), and lines that are a request
themselves with a `response` beside it.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from agentcache_overflow.dropins.calls import PROVIDERS, provider_of

_OWN = ("response", "usage", "status", "at", "time", "timestamp", "customer_id", "url", "id")


class BadLine(ValueError):
    """A line that holds no request."""


@dataclass(frozen=True, slots=True)
class Record:
    """One call: its `original_request`, its usage as the provider reported it, whether it went
    well, when it was (seconds since 1970, None where the log does not say) and whose it was."""

    request: dict[str, Any]
    usage: dict[str, Any]
    is_answer: bool
    at_s: float | None
    customer: str


def record_of(line: str, provider: str) -> Record:
    """The record in a line. `provider` is the one of requests that name none. Raises BadLine."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine("is no JSON") from error
    if type(row) is not dict:
        raise BadLine("is no JSON object")
    request = _request(row)
    url = _text(row.get("url")) or _text((_object(row.get("request")) or {}).get("url"))
    request.setdefault("provider", _text(row.get("provider")) or _by_url(url) or provider)
    status, response = _response(row)
    usage = _object(row.get("usage")) or usage_of(response)
    is_answer = status in (None, 200) and not _is_error(response)
    return Record(request, usage, is_answer, _time(row), str(row.get("customer_id") or ""))


def usage_of(response: Any) -> dict[str, Any]:
    """The usage a response reports, {} where it does not. A stream's parts are put together."""
    if type(response) is not str:
        found = response if type(response) is dict else {}
        meta = _object(found.get("meta")) or {}
        return _object(found.get("usage")) or _object(meta.get("billed_units")) or {}
    usage: dict[str, Any] = {}
    for line in response.splitlines():
        if line.startswith("data:") and '"usage"' in line:
            try:
                event = json.loads(line[5:])
            except ValueError:
                continue
            for part in (event, *(event.get(name) for name in ("message", "response", "delta"))):
                usage |= (_object(part) and _object(part.get("usage"))) or {}
    return usage


def _request(row: dict[str, Any]) -> dict[str, Any]:
    given = row.get("original_request") or row.get("request") or row.get("body") or row
    if type(given) is dict and "body" in given:
        given = given["body"]
    if type(given) is str:
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise BadLine("has a request body that is no JSON") from error
    if type(given) is not dict or type(given.get("model")) is not str:
        raise BadLine('has no request with a "model"')
    if given is row:
        return {name: value for name, value in row.items() if name not in _OWN}
    return dict(given)


def _response(row: dict[str, Any]) -> tuple[Any, Any]:
    response, status = row.get("response"), row.get("status")
    if type(response) is dict and "body" in response:
        status, response = response.get("status") or response.get("status_code"), response["body"]
    if type(response) is str:
        try:
            return status, json.loads(response)
        except ValueError:
            return status, response  # a stream
    return status, response


def _is_error(response: Any) -> bool:
    return type(response) is dict and (
        response.get("error") not in (None, "", False) or response.get("type") == "error"
    )


def _by_url(url: str) -> str:
    host = urlsplit(url).hostname or ""
    named = provider_of(host)
    return named if named in PROVIDERS.values() else ""


def _time(row: dict[str, Any]) -> float | None:
    given: Any = next((row[name] for name in ("at", "time", "timestamp") if row.get(name)), None)
    if type(given) in (int, float):
        return given / 1000 if given > 1e11 else float(given)
    if type(given) is str:
        try:
            return datetime.fromisoformat(given.replace("Z", "+00:00")).timestamp()
        except ValueError as error:
            raise BadLine(f"has a time that is none: {given[:40]!r}") from error
    return None


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _object(value: Any) -> dict[str, Any] | None:
    return value if type(value) is dict else None
