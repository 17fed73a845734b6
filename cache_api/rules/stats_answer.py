"""The body of `GET /api/overflow/stats`, from what the usage queries found. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cache_api.rules.reports import PromptCaching, UsagePoint, UsageSlice, UsageSummary
from cache_api.rules.stats_request import StatsRequest

Counted = UsageSummary | UsagePoint | UsageSlice
Percentiles = Mapping[float, int | None]


def body(
    asked: StatsRequest,
    livemode: bool,
    totals: UsageSummary,
    latency_us: Percentiles,
    series: list[UsagePoint],
    slices: list[UsageSlice],
    prompts: PromptCaching,
) -> dict[str, Any]:
    """JSON members. Money is US dollars as a number, as in a lookup's answer; latency is in ms."""
    return {
        "start": instant(asked.start),
        "end": instant(asked.end),
        "granularity": asked.granularity,
        "livemode": livemode,
        "customer": asked.customer,
        "totals": measures(totals),
        "latency_ms": {f"p{percent:g}": _ms(us) for percent, us in latency_us.items()},
        "series": [{"at": instant(one.bucket_at), **measures(one)} for one in series],
        "prompt_caching": {
            "repeated_tokens": prompts.repeated_tokens,
            "could_save": dollars(prompts.could_save_micros),
        },
        "by": asked.by,
        "breakdown": [{"value": one.label, **measures(one)} for one in slices],
    }


def measures(one: Counted) -> dict[str, Any]:
    """What every row of the answer counts."""
    return {
        "lookups": one.lookups,
        "hits": one.hits,
        "semantic_hits": one.semantic_hits,
        "misses": one.lookups - one.hits,
        "stores": one.stores,
        "hit_rate": round(one.hits / one.lookups, 6) if one.lookups else None,
        "bytes_served": one.bytes_served,
        "tokens_saved": one.tokens_saved,
        "cost_saved": dollars(one.cost_saved_micros),
    }


def dollars(micros: int) -> float:
    """Millionths of a dollar as JSON's number: exact below nine thousand million dollars."""
    return micros / 1_000_000


def instant(at: datetime) -> str:
    """An aware UTC instant as this API writes it."""
    return at.isoformat().replace("+00:00", "Z")


def _ms(us: int | None) -> float | None:
    return None if us is None else us / 1000
