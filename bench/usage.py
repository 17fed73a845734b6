"""Usage events shaped like real traffic, for the recorder."""

import random
from uuid import UUID

from cache_api.rules.events import UsageEvent, encode
from tenants.rules.ids import uuid7

MODELS = [("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4"),
          ("anthropic", "claude-haiku"), ("meta", "llama-4")]  # fmt: skip


def make_events(number: int, customers: int, partner_ids: list[UUID]) -> list[bytes]:
    """Traffic shaped like the real one: a few customers make half of it, 70 % of lookups hit."""
    rnd, boot = random.Random(5), uuid7()
    events = []
    for seq in range(1, number + 1):
        provider, model = rnd.choices(MODELS, weights=[40, 30, 15, 10, 5])[0]
        events.append(
            UsageEvent(
                event_id=uuid7(), partner_id=rnd.choice(partner_ids), boot_id=boot, seq=seq,
                customer=f"cust-{int(rnd.paretovariate(0.7)) % customers}", kind="lookup",
                outcome="hit" if rnd.random() < 0.7 else "miss", livemode=True,
                key_id="k3yk3yk3yk3y", provider=provider, model=model, tokens_in=1100,
                tokens_out=320, bytes=1300, namespace="default", primary_cache="redis",
                overflow_reason="miss", primary_latency_us=900,
                latency_us=int(rnd.lognormvariate(6.5, 0.7)), cost_saved_micros=4120,
                price_version="2026-11", region="eu-1", sdk="python/1.0",
            )
        )  # fmt: skip
    return [encode(event) for event in events]
