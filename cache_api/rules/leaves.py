"""What of a usage event goes into its leaf of the day's tree: its id and everything billed by it.

The leaf is the canonical JSON of these facts, numbers as text, so that any language hashes the same
bytes. The list never changes; a further fact would need a new schema name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import rfc8785

from cache_api.rules.merkle import leaf_hash

PROOF_SCHEMA = "agentcache.inclusion-proof/1"
FACTS = (
    "event_id", "partner_id", "customer", "kind", "outcome", "livemode", "quantity", "provider",
    "model", "tokens_in", "tokens_out", "bytes", "byte_seconds", "cost_saved_micros",
    "recorded_batch",
)  # fmt: skip


def leaf_facts(values: Sequence[Any]) -> dict[str, Any]:
    """The event's values, in the order of FACTS, as the leaf spells them."""
    return {
        name: value if type(value) is bool else str(value)
        for name, value in zip(FACTS, values, strict=True)
    }


def event_leaf(values: Sequence[Any]) -> bytes:
    """The leaf hash of an event's values, in the order of FACTS."""
    return leaf_hash(rfc8785.dumps(leaf_facts(values)))


def first_id(at: datetime) -> UUID:
    """The smallest event id of an instant: ids begin with their time (UUIDv7)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def day_of(event_id: UUID) -> date:
    """The UTC day that a recorded event's id says. Raises ValueError beyond the year 9999."""
    return datetime.fromtimestamp((event_id.int >> 80) / 1000, UTC).date()


def day_span(day: date) -> tuple[UUID, UUID]:
    """The ids of a UTC day: from the first, up to but not including the second."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return first_id(start), first_id(start + timedelta(days=1))
