"""Usage events as lines for PostgreSQL's COPY (text format) into the staging table. Pure.

Absent values are written as values that cannot occur (nil UUID, -1, '{}') and turned into NULL by
the INSERT: a backslash in a line then always means text that must be escaped, so the common line
is checked by counting instead of escaping every member.
"""

from collections.abc import Iterable

import msgspec

from cache_api.rules.events import UsageEvent

COLUMNS = (
    "event_id", "partner_id", "batch_id", "boot_id", "seq", "quantity", "livemode", "kind",
    "outcome", "tokens_in", "tokens_out", "bytes", "byte_seconds", "primary_latency_us",
    "latency_us", "cost_saved_micros", "prefix_tokens", "prefix_saved_micros", "occurred_ms",
    "customer", "key_id", "reason", "provider", "model", "namespace", "tags", "primary_cache",
    "overflow_reason", "price_version", "region", "sdk",
)  # fmt: skip
NIL = "0" * 32
_TABS = len(COLUMNS) - 1
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_text(events: Iterable[UsageEvent]) -> str:
    """All events as COPY lines, each ending in a newline, members in the order of COLUMNS."""
    return "".join([copy_line(event) for event in events])


def copy_line(event: UsageEvent) -> str:
    """One event as one COPY line."""
    text = _text(event)
    tail = "\t".join(text)
    if "\\" in tail or "\n" in tail or "\r" in tail or tail.count("\t") != len(text) - 1:
        tail = "\t".join([member.translate(_ESCAPES) for member in text])
    number = event.event_id.int
    latency, primary = event.latency_us, event.primary_latency_us
    return (
        f"{number:032x}\t{event.partner_id.int:032x}\t"
        f"{NIL if event.batch_id is None else event.batch_id.hex}\t"
        f"{NIL if event.boot_id is None else event.boot_id.hex}\t{event.seq}\t{event.quantity}\t"
        f"{event.livemode}\t{event.kind}\t{event.outcome}\t{event.tokens_in}\t{event.tokens_out}\t"
        f"{event.bytes}\t{event.byte_seconds}\t{-1 if primary is None else primary}\t"
        f"{-1 if latency is None else latency}\t{event.cost_saved_micros}\t"
        f"{event.prefix_tokens}\t{event.prefix_saved_micros}\t{number >> 80}\t{tail}\n"
    )


def _text(event: UsageEvent) -> tuple[str, ...]:
    return (
        event.customer,
        event.key_id,
        event.reason,
        event.provider,
        event.model,
        event.namespace,
        msgspec.json.encode(event.tags).decode() if event.tags else "{}",
        event.primary_cache,
        event.overflow_reason,
        event.price_version,
        event.region,
        event.sdk,
    )
