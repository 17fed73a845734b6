"""Seeded traffic whose shape follows real tenants. Pure: the same seed gives the same events.

From real traces: a few customers hold about half of all requests, days and weeks have cycles, and
the median response is about 1.3 kB. Each event stands for `quantity` identical requests.
"""

import hashlib
import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from cache_api.rules.events import UsageEvent
from portal.demo.cast import Customer, PartnerCast
from tenants.rules.ids import uuid7_at

HOURS_PER_MONTH = 730
REGIONS = ("us-east", "eu-west", "ap-south")


def windows(start: datetime, end: datetime, fine_from: datetime) -> Iterator[tuple[datetime, int]]:
    """(start, hours) of each window: a day long, an hour from `fine_from` on."""
    at = start
    while at < end:
        hours = 1 if at >= fine_from else 24
        yield at, hours
        at += timedelta(hours=hours)


def partner_events(
    cast: PartnerCast, partner_id: UUID, start: datetime, end: datetime, fine_from: datetime,
    month_zero: datetime,
) -> Iterator[UsageEvent]:  # fmt: skip
    """All events of a partner in [start, end), in time order. Needs whole UTC hours."""
    total = sum(customer.weight for customer in cast.customers)
    for at, hours in windows(start, end, fine_from):
        for number, customer in enumerate(cast.customers):
            if at < month_zero + timedelta(days=30 * customer.joins_after_months):
                continue
            dice = random.Random(f"{cast.slug}:{customer.external_id}:{at:%Y%m%d%H}")  # noqa: S311 - a demo's dice
            requests = _requests(cast, customer, at, hours, total, month_zero, dice)
            yield from _window(cast, partner_id, customer, number, at, hours, requests, dice)


def _requests(
    cast: PartnerCast, customer: Customer, at: datetime, hours: int, total: float,
    month_zero: datetime, dice: random.Random,
) -> int:  # fmt: skip
    """How many lookups the customer makes in the window."""
    months = (at - month_zero).days / 30.4
    growth = 0.62 * 1.04**months
    hour_of_day = math.fsum(
        1 + 0.45 * math.sin((at.hour + step - 8) / 24 * 2 * math.pi) for step in range(hours)
    )
    weekly = 0.68 if at.weekday() >= 5 else 1.12
    noise = dice.lognormvariate(0, 0.16)
    hourly = cast.monthly_requests / HOURS_PER_MONTH * customer.weight / total
    return max(1, round(hourly * hour_of_day * weekly * growth * noise))


def _window(
    cast: PartnerCast, partner_id: UUID, customer: Customer, number: int, at: datetime,
    hours: int, requests: int, dice: random.Random,
) -> Iterator[UsageEvent]:  # fmt: skip
    provider, model = cast.provider_models[
        dice.choices(range(len(cast.provider_models)), [5, 3, 2][: len(cast.provider_models)])[0]
    ]
    rate = min(0.95, max(0.2, cast.hit_rate + dice.gauss(0, 0.03) + 0.04 * math.sin(number)))
    hits = round(requests * rate)
    misses = requests - hits
    size = round(cast.response_bytes * dice.lognormvariate(0, 0.25))
    tokens = (dice.randint(220, 900), max(40, size // 5))
    common = {
        "partner_id": partner_id, "customer": customer.external_id, "livemode": True,
        "provider": provider, "model": model, "region": REGIONS[number % len(REGIONS)],
        "namespace": "", "price_version": "demo", "sdk": "demo-generator",
        "primary_cache": "redis", "overflow_reason": "miss",
    }  # fmt: skip
    rows = (
        ("lookup", "hit", hits, size, dice.lognormvariate(8.3, 0.35), 0),
        ("lookup", "miss", misses, 0, dice.lognormvariate(7.6, 0.3), 0),
        (
            "store",
            "stored",
            round(misses * 0.82),
            size,
            dice.lognormvariate(8.6, 0.3),
            size * 86400,
        ),
    )
    for position, (kind, outcome, quantity, size_bytes, latency, held) in enumerate(rows):
        if quantity <= 0:
            continue
        counted = kind == "store" or outcome == "hit"
        yield UsageEvent(
            event_id=_event_id(at, hours, common, kind, outcome, position),
            kind=kind, outcome=outcome, quantity=quantity, bytes=size_bytes,  # type: ignore[arg-type]
            byte_seconds=held, latency_us=round(latency),
            tokens_in=tokens[0] if counted else 0, tokens_out=tokens[1] if counted else 0,
            cost_saved_micros=_saved(tokens) if outcome == "hit" else 0,
            **_repeated(tokens if kind == "store" else (0, 0)), **common,
        )  # fmt: skip


def _saved(tokens: tuple[int, int]) -> int:
    """Micro-dollars one hit saves, at a mid-range price per token (demo only)."""
    return round(tokens[0] * 1.1 + tokens[1] * 4.4)


def _repeated(tokens: tuple[int, int]) -> dict[str, int]:
    """A third of each stored prompt began like one before, at half the price (demo only)."""
    repeated = tokens[0] // 3
    return {"prefix_tokens": repeated, "prefix_saved_micros": round(repeated * 0.55)}


def _event_id(
    at: datetime, hours: int, common: dict[str, object], kind: str, outcome: str, position: int
) -> UUID:
    """Deterministic, so that loading the demo twice adds nothing."""
    name = f"{common['partner_id']}:{common['customer']}:{at.isoformat()}:{kind}:{outcome}"
    digest = hashlib.sha256(name.encode()).digest()
    spread_ms = int.from_bytes(digest[:4], "big") % (hours * 3_600_000 - 1000)
    return uuid7_at(int(at.timestamp() * 1000) + spread_ms + position, digest)
