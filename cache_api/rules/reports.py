"""What usage queries return: plain rows of whole numbers. Money saved in millionths of a dollar."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """Billable quantities of a customer and model within one segment of a period."""

    segment: int
    customer_id: UUID
    customer_external_id: str
    model: str
    lookups: int
    stores: int
    cached_requests: int
    bytes_served: int
    byte_seconds: int
    tokens_saved: int
    cost_saved_micros: int


class Lookups:
    """What follows from a row's lookups and hits."""

    lookups: int
    hits: int

    @property
    def misses(self) -> int:
        """Lookups that found nothing."""
        return self.lookups - self.hits

    @property
    def hit_rate(self) -> float | None:
        """Hits in lookups, 0 to 1; None without lookups."""
        return self.hits / self.lookups if self.lookups else None


@dataclass(frozen=True)
class UsagePoint(Lookups):
    """One hour or day."""

    bucket_at: datetime
    lookups: int
    hits: int
    stores: int
    bytes_served: int
    tokens_saved: int
    cost_saved_micros: int
    semantic_hits: int = 0  # of the hits


@dataclass(frozen=True)
class UsageSlice:
    """One value of a dimension: a model, a region, …"""

    label: str
    lookups: int
    hits: int
    stores: int
    bytes_served: int
    tokens_saved: int
    cost_saved_micros: int
    semantic_hits: int = 0  # of the hits


@dataclass(frozen=True)
class Group(Lookups):
    """One row of a grouping: a customer, a model, a key, a tag's value, …

    `label` is what the data hold ('' where nothing was given), `name` what people call it. Hits,
    bytes, tokens and cost are less what feedback took back.
    """

    label: str
    name: str
    lookups: int
    hits: int
    stores: int
    bytes_served: int
    tokens_saved: int
    cost_saved_micros: int
    semantic_hits: int = 0  # of the hits

    @property
    def exact_hits(self) -> int:
        """Hits of the same request."""
        return self.hits - self.semantic_hits


@dataclass(frozen=True)
class CustomerUsage(Lookups):
    """A customer and its usage of a period."""

    customer_id: UUID
    external_id: str
    name: str
    state: str
    lookups: int
    hits: int
    stores: int
    bytes_served: int
    tokens_saved: int
    cost_saved_micros: int
    semantic_hits: int = 0  # of the hits


@dataclass(frozen=True)
class UsageSummary(Lookups):
    """Requests of a period. Bytes, tokens and cost are those of the hits."""

    lookups: int
    hits: int
    stores: int
    bytes_served: int
    tokens_saved: int
    cost_saved_micros: int
    semantic_hits: int = 0  # of the hits


@dataclass(frozen=True)
class CustomerCounters:
    """Everything a customer (or the rest of them together) did since the counters began.

    As answered: hits that feedback took back stay in `hits` and are in `wrong_hits` or
    `unused_hits` as well, since a counter never goes down.
    """

    customer: str
    lookups: int
    hits: int
    semantic_hits: int
    wrong_hits: int
    unused_hits: int
    stores: int
    bytes_served: int
    cost_saved_micros: int


@dataclass(frozen=True)
class OutcomeLatency:
    """All timed requests of one outcome: 48 buckets (rules.histogram) and their sum."""

    outcome: str
    buckets: list[int]
    sum_us: int


@dataclass(frozen=True)
class CustomerPrompts:
    """One customer's part in `PromptCaching`."""

    external_id: str
    name: str
    repeated_tokens: int
    could_save_micros: int


@dataclass(frozen=True)
class PromptCaching:
    """Prompt tokens that repeated a recent beginning, and what prompt caching would have saved.

    Of a customer's model for which writing would have cost more than reading saves, nothing.
    """

    repeated_tokens: int
    could_save_micros: int
    customers: list[CustomerPrompts]  # most to save first; empty unless asked for
