"""The client: lookups, stores, purges; and the way to put the overflow behind a cache."""

import time
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlencode

from agentcache_overflow import options as reading_options
from agentcache_overflow.answer import Answer
from agentcache_overflow.core import Core
from agentcache_overflow.counts import NO_ANSWER
from agentcache_overflow.errors import OverflowFailed
from agentcache_overflow.fingerprint import BadRequest, NotCanonical
from agentcache_overflow.frameworks import spans
from agentcache_overflow.transport import Late, Transport, Unreachable, dump
from agentcache_overflow.wire import Named
from agentcache_overflow.wrapped import Wrapped

PATIENCE_S = 10.0  # for what a person waits for: explain, stats, ping


class Base:
    """What both clients share. `options`: see BEHAVIOUR.md. Raises ValueError, TypeError."""

    def __init__(self, **options: Any) -> None:
        self.options = reading_options.read(options)
        self.core = Core(self.options)

    def put(
        self,
        *,
        key: str | bytes | None = None,
        request: dict[str, Any] | None = None,
        response: Any,
        ttl: float | None = None,
        tags: Any = None,
        usage: dict[str, Any] | None = None,
        semantic_key: str | None = None,
        **more: Any,
    ) -> bool:
        """Store in the background; False when it cannot be. `ttl` in seconds.

        `more` are further members of the store's body (`response_format`, `max_stale`, `model`).
        """
        core = self.core
        try:
            named = core.wire.name(key, request, semantic_key)
            core.store(named, response, ttl=ttl, tags=tags, usage=usage, **more)
        except (NotCanonical, BadRequest) as error:
            return self._not_stored("not_canonical", error)
        except (TypeError, ValueError) as error:
            return self._not_stored("stores_failed", error)
        spans.of_store(request)
        return True

    def counts(self) -> dict[str, int]:
        """What this process counted."""
        return self.core.counts.all()

    def _not_stored(self, reason: str, error: Exception) -> bool:
        if reason == "not_canonical":
            self.core.not_canonical(error)
        else:
            self.core.counts.say(reason, f"{type(error).__name__}: neither JSON nor bytes")
        self.core.counts.add("stores_failed")
        if self.options.strict:
            raise error
        return False

    def _named(self, *args: Any) -> Named | Answer:
        try:
            return self.core.wire.name(*args)
        except (NotCanonical, BadRequest) as error:
            if self.options.strict:
                raise
            return self.core.not_canonical(error)

    def _judge(self, found: Answer) -> Answer:
        if self.options.strict and found.reason in NO_ANSWER:
            raise OverflowFailed(found.reason)
        self.core.counts.add("calls", *["overflow_hits"][: found.answered_by == "overflow"])
        if not found.hit:
            self.core.counts.add("misses")
        spans.of_answer(found)
        return found

    def _delete(self, key: str | bytes | None, request: dict[str, Any] | None) -> bool:
        named = self._named(key, request)
        if isinstance(named, Answer):
            return False
        if "cache_key" in named.members:
            return self.core.purge_keys([named])
        return self.core.purge_request(named)

    def _post(self, path: str, body: dict[str, Any], good: int) -> dict[str, Any] | None:
        try:
            reply = self.core.call("POST", path, dump(body), PATIENCE_S)
            told = reply.json()
            if reply.status == good and type(told) is dict:
                return told
            detail = f"status {reply.status}"
        except (Late, Unreachable, TypeError, ValueError) as error:
            detail = type(error).__name__
        self.core.counts.say(path.rpartition("/")[2], detail)
        if self.options.strict:
            raise OverflowFailed(detail)
        return None

    def _purge(self, selectors: dict[str, Any]) -> dict[str, Any] | None:
        told = self._post("/api/overflow/purge", {**self.core.wire.common, **selectors}, 202)
        if told is not None:
            self.core.changes.add_all()
            self.core.forget_memory()
        return told

    def _stats(self, parameters: dict[str, Any]) -> dict[str, Any] | None:
        url = self.options.portal_url or self.options.base_url
        portal = Transport(self.options, url, self.core.wire.sdk)
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        try:
            reply = portal.call("GET", f"/api/overflow/stats?{query}", None, PATIENCE_S)
            told = reply.json()
            if reply.status == 200 and type(told) is dict:
                return told
            detail = f"status {reply.status}"
        except (Late, Unreachable) as error:
            detail = type(error).__name__
        finally:
            portal.close()
        self.core.counts.say("stats", detail)
        if self.options.strict:
            raise OverflowFailed(detail)
        return None

    def _ping(self) -> dict[str, Any]:
        """Asks for a key that nobody stores: is the edge there, and is the API key good."""
        began = time.monotonic()
        body: dict[str, Any] = {**self.core.wire.common, "cache_key": "agentcache-ping"}
        body["metadata"] = {"sdk": self.core.wire.sdk}
        try:
            reply = self.core.call("POST", "/api/overflow", body, PATIENCE_S)
            told = reply.json() or {}
            problem = told.get("detail") if reply.status != 200 else None
            status = reply.status
        except (Late, Unreachable) as error:
            status, problem = 0, f"{type(error).__name__}: {error}"
        waited_ms = round((time.monotonic() - began) * 1000, 3)
        return {"ok": status == 200, "status": status, "latency_ms": waited_ms, "problem": problem}

    def _feedback(self, event_id: str, entry_id: str | None) -> bool:
        body = {"event_id": event_id, "correct": False}
        if entry_id is not None:
            body["entry_id"] = entry_id
        body |= {
            k: v for k, v in self.core.wire.common.items() if k in ("customer_id", "namespace")
        }
        return self._post("/api/overflow/feedback", body, 202) is not None


class AgentCacheOverflow(Base):
    """For threads. Lookups end within the deadline; nothing is raised, unless `strict`."""

    def get(
        self,
        *,
        key: str | bytes | None = None,
        request: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        semantic_key: str | None = None,
    ) -> Answer:
        """Look up by key, by provider request, or both. A miss is an Answer, too."""
        named = self._named(key, request, semantic_key)
        if isinstance(named, Answer):
            return named
        core = self.core
        known = core.ready(named)
        if known is not None:
            return self._judge(known)
        inbox: SimpleQueue[Answer] = SimpleQueue()
        flight = core.ask(named, "", metadata or {}, inbox.put)
        try:
            found = inbox.get(timeout=core.deadline_s)
        except Empty:
            return self._judge(core.expire(flight))
        flight.take()
        core.leave(flight)
        return self._judge(found)

    def delete(
        self, *, key: str | bytes | None = None, request: dict[str, Any] | None = None
    ) -> bool:
        """Purge one entry; true when it was acknowledged. A key's purge goes on until it is."""
        return self._delete(key, request)

    def purge(self, **selectors: Any) -> dict[str, Any] | None:
        """Purge by selectors (`tags`, `model`, `all`, …): the purge's JSON, or None."""
        return self._purge(selectors)

    def explain(self, *, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any] | None:
        """Why two requests are not the same entry, or None."""
        return self._post("/api/overflow/explain", {"left": left, "right": right}, 200)

    def stats(self, **parameters: Any) -> dict[str, Any] | None:
        """Your numbers, from the portal (`portal_url`), or None."""
        return self._stats(parameters)

    def ping(self) -> dict[str, Any]:
        """{ok, status, latency_ms, problem}."""
        return self._ping()

    def feedback(self, *, event_id: str, entry_id: str | None = None) -> bool:
        """A hit was wrong: off the bill, and with `entry_id` its entry goes."""
        return self._feedback(event_id, entry_id)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until the background queue is empty; False after `timeout` seconds."""
        return self.core.flush(timeout)

    def close(self) -> bool:
        """Drain the queue (`drain`), then let everything go. Safe to repeat."""
        return self.core.close()

    def wrap(self, **functions: Any) -> Wrapped:
        """A cache of one's own as `get`, `set`, `delete` (and `add`), called `name`."""
        return Wrapped(self.core, **functions)

    def __enter__(self) -> "AgentCacheOverflow":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
