"""All that the API's stats tell of one period: what a door asks for in one call.

Runs in one partner's schema; query counts do not depend on the number of rows.
"""

from typing import Any
from uuid import UUID

from cache_api import queries
from cache_api.queries import prompts
from cache_api.rules import stats_answer
from cache_api.rules.reports import UsageSlice
from cache_api.rules.stats_request import StatsRequest

MOST_SLICES = 100


def of_period(wanted: StatsRequest, customer_id: UUID | None, livemode: bool) -> dict[str, Any]:
    """The answer's members (`stats_answer.body`), of all customers where `customer_id` is None."""
    start, end = wanted.start, wanted.end
    place = (start, end, customer_id)
    return stats_answer.body(
        wanted,
        livemode,
        queries.usage_summary(*place, livemode),
        queries.latency_percentiles(*place, livemode=livemode),
        queries.usage_series(customer_id, start, end, wanted.granularity, livemode=livemode),
        _slices(wanted, customer_id, livemode),
        prompts.prompt_caching(*place, livemode),
    )


def _slices(wanted: StatsRequest, customer_id: UUID | None, livemode: bool) -> list[UsageSlice]:
    if wanted.by != "customer":
        return queries.usage_breakdown(
            wanted.start, wanted.end, wanted.by, customer_id, livemode, MOST_SLICES
        )
    rows = queries.top_customers(wanted.start, wanted.end, MOST_SLICES, livemode, customer_id)
    return [
        UsageSlice(
            one.external_id, one.lookups, one.hits, one.stores, one.bytes_served,
            one.tokens_saved, one.cost_saved_micros, one.semantic_hits,
        )
        for one in rows
    ]  # fmt: skip
