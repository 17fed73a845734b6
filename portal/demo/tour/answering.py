"""Checks of what answers: the overflow API, providers' shapes, walls, regions (S1, S10–S13)."""

from __future__ import annotations

import statistics
import time
import uuid
from typing import Any

from django.db import DatabaseError, connection, transaction

from cache_api.gateways.region_states import region_states
from cache_api.gateways.servers import regions
from cache_api.models import Customer
from cache_api.queries.requests import request_by_id
from portal.demo.tour.running import Demo, Failed, require
from tenants import schema

STORE, LOOKUP = "/api/overflow/store", "/api/overflow"
ASKED = "redis-labs"
OTHER = "pinecone"
RECORDED_WITHIN_S = 10.0
BELOW_MS = 50
SAMPLES = 20


def request(provider: str = "openai", model: str = "gpt-4o", **more: Any) -> dict[str, Any]:
    """A question that nobody has asked before."""
    text = f"What does the tour ask in {uuid.uuid4().hex}?"
    return {"provider": provider, "model": model, "temperature": 0,
            "messages": [{"role": "user", "content": text}], **more}  # fmt: skip


def answer(provider: str = "openai", text: str = "It asks what runs.") -> dict[str, Any]:
    """The provider's own whole answer, as its client would have it."""
    if provider == "anthropic":
        return {"id": "msg_tour", "type": "message", "role": "assistant", "model": "m",
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                "usage": {"input_tokens": 100, "output_tokens": 20}}  # fmt: skip
    if provider == "cohere":
        return {"id": "tour", "finish_reason": "COMPLETE",
                "message": {"role": "assistant", "content": [{"type": "text", "text": text}]},
                "usage": {"tokens": {"input_tokens": 100, "output_tokens": 20}}}  # fmt: skip
    return {"id": "chatcmpl-tour", "object": "chat.completion", "created": 0, "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
            }  # fmt: skip


def body(original: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A lookup's body, or with `response` a store's; kept apart in a namespace."""
    return {"provider": "redis", "customer_id": "acme-corp", "namespace": "tour",
            "original_request": original, **more}  # fmt: skip


def stored(
    demo: Demo, original: dict[str, Any], response: Any, slug: str = ASKED
) -> dict[str, Any]:
    """Store and look up again → the lookup's answer, a hit with what was stored. Raises Failed."""
    demo.ask(slug, STORE, body(original, response=response))
    found = demo.ask(slug, LOOKUP, body(original))
    require(found["hit"], f"What was just stored is a miss ({found.get('reason')}).")
    require(found["response"] == response, "The answer is not what was stored.")
    return found


def overflow_api(demo: Demo) -> str:
    """Miss, store, hit; and each of the three is recorded as what it was answered."""
    original = request()
    missed = demo.ask(ASKED, LOOKUP, body(original))
    require(not missed["hit"], "A new question is a hit.")
    kept = demo.ask(ASKED, STORE, body(original, response=answer()))
    found = demo.ask(ASKED, LOOKUP, body(original))
    require(found["hit"] and found["response"] == answer(), "What was just stored is not answered.")
    answered = {one["billing"]["event_id"]: outcome for one, outcome in
                ((missed, "miss"), (kept, "stored"), (found, "hit"))}  # fmt: skip
    waited = recorded(demo, answered)
    return (
        f"Miss, store, hit in {found['latency']:.1f} ms, ${found['cost_saved']:.4f} saved; "
        f"3 answered = 3 recorded after {waited:.1f} s."
    )


def recorded(demo: Demo, answered: dict[str, str]) -> float:
    """Wait until every event is in the database as it was answered → seconds. Raises Failed."""
    partner, began = demo.partner(ASKED), time.monotonic()
    missing = dict(answered)
    while missing:
        with schema.in_partner(partner):
            rows = {one: request_by_id(partner.id, uuid.UUID(one)) for one in missing}
        wrong = [str(row) for one, row in rows.items() if row and row.outcome != missing[one]]
        require(not wrong, f"Recorded as something else: {', '.join(wrong)}")
        missing = {one: missing[one] for one, row in rows.items() if row is None}
        waited = time.monotonic() - began
        if missing and waited > RECORDED_WITHIN_S:
            raise Failed(f"{len(missing)} of {len(answered)} answers are not recorded yet.")
        time.sleep(0.1 if missing else 0)
    return waited


def providers(demo: Demo) -> str:
    """Each provider's own answer is kept whole, and its own client is answered at /v1."""
    models = {"openai": "gpt-4o", "anthropic": "claude-sonnet-4-5", "cohere": "command-a-03-2025",
              "together": "deepseek-ai/DeepSeek-V3"}  # fmt: skip
    for provider, model in models.items():
        more = {"max_tokens": 100} if provider == "anthropic" else {}
        stored(demo, request(provider, model, **more), answer(provider))
    original = request()
    demo.ask(ASKED, STORE, {"customer_id": "acme-corp", "original_request": original,
                            "response": answer()})  # fmt: skip
    asked = {name: value for name, value in original.items() if name != "provider"}
    native = demo.ask(ASKED, "/v1/chat/completions", asked, **{"AgentCache-Customer": "acme-corp"})
    require(native["choices"] == answer()["choices"], "OpenAI's own client is answered otherwise.")
    return f"{', '.join(models)}: stored and answered whole; OpenAI's own client at /v1 as well."


def ai_features(demo: Demo) -> str:
    """The same question spelled otherwise, as a stream, and an answer of a megabyte."""
    original = request()
    stored(demo, original, answer())
    turned = dict(reversed(original.items())) | {"temperature": 0.0, "user": "somebody"}
    require(demo.ask(ASKED, LOOKUP, body(turned))["hit"], "Members in another order are a miss.")
    streamed = demo.ask(ASKED, LOOKUP, body({**original, "stream": True}, response_format="sse"))
    require(str(streamed["response"]).rstrip().endswith("[DONE]"), "The stream has no end.")
    large = answer(text="x" * 1_000_000)
    took = stored(demo, request(), large)["latency"]
    return (
        "Spelled otherwise: the same entry. Stored as JSON, answered as a stream. "
        f"A megabyte in {took:.1f} ms."
    )


def isolation(demo: Demo) -> str:
    """What one partner stored, another's key does not find, nor its role in the database."""
    original = request()
    stored(demo, original, answer())
    require(not demo.ask(OTHER, LOOKUP, body(original))["hit"], f"{OTHER} reads {ASKED}'s entry.")
    key = f"Bearer {demo.key(ASKED)}"
    require(demo.page(OTHER, "/api/v1/stats", Authorization=key).status in (401, 403, 404),
            f"{ASKED}'s key is taken on {OTHER}'s host.")  # fmt: skip
    mine, other = demo.partner(ASKED).schema_name, demo.partner(OTHER)
    with schema.in_partner(other):
        refused = _refused(f'SELECT count(*) FROM "{mine}".{Customer._meta.db_table}')
    return f"Another's key: a miss, and refused on the wrong host. Another's role: {refused}."


def _refused(statement: str) -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        found = str(error).partition("\n")[0]
        require("permission denied" in found, found)
        return found
    raise Failed("A partner's database role read another partner's table.")


def edge(demo: Demo) -> str:
    """Every region serves, and the median of some hits is below the promise."""
    states = region_states(regions())
    away = [one.name for one in states if not one.is_up]
    require(not away, f"Not serving: {', '.join(away)}.")
    original = request()
    stored(demo, original, answer())
    times = [demo.ask(ASKED, LOOKUP, body(original))["latency"] for _ in range(SAMPLES)]
    median = statistics.median(times)
    require(median < BELOW_MS, f"The median of {SAMPLES} hits is {median:.1f} ms.")
    lookups, hits = sum(one.lookups for one in states), sum(one.hits for one in states)
    rate = f"{100 * hits / lookups:.0f} %" if lookups else "none yet"
    return (
        f"{len(states)} region(s) serving; median of {SAMPLES} hits {median:.2f} ms, slowest "
        f"{max(times):.2f} ms; hit rate since the start {rate}."
    )
