"""`uvicorn cache_api.edge.app:app`: the overflow API's hot path as a raw ASGI application."""

import logging
import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import orjson

from cache_api.edge import routes
from cache_api.edge.forwarder import Forwarder
from cache_api.edge.http import ClientGone, Receive, Scope, Send, joined, read_body, send_answer
from cache_api.edge.protocol import EdgeProtocol
from cache_api.edge.service import FAILED, Service
from cache_api.gateways import config
from cache_api.hot import forwards, regions
from cache_api.hot.look import NO_STORE
from cache_api.hot.problems import Problem
from cache_api.hot.steps import CACHE, EVENTS, TIER, Answer, Asked, refused

log = logging.getLogger(__name__)
_NOT_FOUND = refused(Problem("not-found", "There is nothing here."))
# Read from Postgres, which the edge does not have.
_ELSEWHERE = frozenset({"/api/overflow/stats", "/api/v1/metrics"})
_ASK_THERE = refused(
    Problem("not-found", "Not on the edge: ask the same path on your portal's host.")
)


class App:
    """Routes, lifespan and draining. One instance per process."""

    def __init__(self) -> None:
        self._service: Service | None = None
        self._forwarder: Forwarder | None = None
        self._is_draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            raise NotImplementedError(f"{scope['type']} is not spoken here")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        verbs, tail = routes.find(scope["path"])
        service = self._service
        if not verbs or service is None:
            return await send_answer(send, self._small(scope))
        verb = verbs.get(scope["method"])
        if verb is None:
            return await send_answer(send, _only(*verbs))
        headers = joined(scope["headers"])
        try:
            body = await read_body(receive, headers)
        except Problem as problem:
            return await send_answer(send, verb.voice(refused(problem)))
        except ClientGone:
            return None
        asked = Asked(body, headers, time.time_ns() // 1_000_000, tail, scope["query_string"])
        answer = await service.ask(verb, asked)
        onward = forwards.onward(verb, asked, answer, service.door.snapshot)
        if onward is not None and self._forwarder is not None:
            return await self._forwarder.relay(onward, receive, send)
        return await send_answer(send, answer)

    def _small(self, scope: Scope) -> Answer:
        """The answers that need no key."""
        pages: dict[str, Callable[[], Answer]] = {
            "/livez": lambda: Answer(200, b"ok\n", b"text/plain", fields=NO_STORE),
            "/readyz": self._readyz,
            "/api/overflow/health": self._health,
        }
        if scope["path"] in _ELSEWHERE:
            return _ASK_THERE
        page = pages.get(scope["path"])
        if page is None:
            return _NOT_FOUND
        return page() if scope["method"] in {"GET", "HEAD"} else _only("GET")

    def _readyz(self) -> Answer:
        service = self._service
        if self._is_draining or service is None:
            return Answer(503, b"draining\n", b"text/plain", fields=NO_STORE)
        if service.door.snapshot.is_drained:
            return Answer(503, b"drained\n", b"text/plain", fields=NO_STORE)
        if not service.can_serve():
            why = b"events store unreachable: keys cannot be checked\n"
            return Answer(503, why, b"text/plain", fields=NO_STORE)
        return Answer(200, b"ready\n", b"text/plain", fields=NO_STORE)

    def _health(self) -> Answer:
        service = self._service
        if service is None:
            return FAILED
        parts = {"cache": service.lanes[CACHE].is_up, "metering": service.lanes[EVENTS].is_up}
        if TIER in service.lanes:
            parts["tier"] = service.lanes[TIER].is_up
        members: dict[str, Any] = {
            "status": _word(parts.values(), service.door.snapshot.is_drained),
            "region": service.region,
            **{name: "ok" if is_up else "unavailable" for name, is_up in parts.items()},
            "semantic": service.door.embedder.word,
        }
        if service.others:
            members["regions"] = {name: _reached(service, name) for name in service.others}
        return Answer(200, orjson.dumps(members), fields=NO_STORE)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            service = Service(config.load())
            await service.start()
        except config.BadConfig as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self._service = EdgeProtocol.service = service
        self._forwarder = Forwarder(service)
        self._tell_draining()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._is_draining = True
        await self._forwarder.close()
        await service.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _tell_draining(self) -> None:
        """On SIGTERM `/readyz` says 503 at once; the server then finishes what is under way."""
        before = signal.getsignal(signal.SIGTERM)

        def drain(number: int, frame: FrameType | None) -> None:
            self._is_draining = True
            if callable(before):
                before(number, frame)

        signal.signal(signal.SIGTERM, drain)


def _word(up: Iterable[bool], is_drained: bool) -> str:
    if is_drained:
        return "drained"  # by an operator: a load balancer should send traffic elsewhere
    return "ok" if all(up) else "degraded"


def _reached(service: Service, region: str) -> dict[str, Any]:
    lag_us = service.door.lags.get(region)
    return {
        "status": "ok" if service.lanes[regions.lane(region)].is_up else "unavailable",
        "lag_ms": None if lag_us is None else lag_us / 1000,
    }


def _only(*methods: str) -> Answer:
    allowed = ", ".join(sorted(methods))
    answer = refused(Problem("method-not-allowed", f"Use {allowed} here."))
    answer.headers.append((b"allow", allowed.encode("ascii")))
    return answer


app = App()
