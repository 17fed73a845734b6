"""What a log of model calls would have been with the overflow: hits, dollars, the partner's share.

Offline. Requests are told apart by the digest that the client and the server use. A call is a hit
where the same customer's same request was answered within its lifetime before. Pure.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from agentcache_overflow.cli.records import BadLine, Record, record_of

SHOWN_PROBLEMS = 5
Price = Callable[[Record], Decimal | None]  # dollars of one call, None where nobody knows
Digest = Callable[[dict[str, Any]], str]


@dataclass(slots=True)
class Terms:
    """`ttl_s`: how long an answer lives. `fee`: dollars a hit costs the customer; `share` of it is
    the partner's."""

    ttl_s: float
    fee: Decimal
    share: Decimal


@dataclass(slots=True)
class Outcome:
    """What came of it. Dollars are exact decimals."""

    calls: int = 0
    hits: int = 0
    distinct: int = 0
    failed: int = 0  # calls whose answer was an error: looked up, never stored
    unreadable: int = 0
    unpriced_hits: int = 0
    saved: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    partner: Decimal = Decimal(0)
    problems: list[str] = field(default_factory=list)

    @property
    def hit_rate(self) -> float:
        """Hits per call, 0 where there was none."""
        return self.hits / self.calls if self.calls else 0.0

    def told(self) -> dict[str, Any]:
        """As JSON: dollars as numbers."""
        numbers = {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in asdict(self).items()
        }
        return {"hit_rate": round(self.hit_rate, 6), **numbers}


@dataclass(slots=True)
class _Kept:
    stored_s: float | None
    price: Decimal | None


def simulate(
    lines: Iterable[str], terms: Terms, digest: Digest, price: Price, provider: str = "openai"
) -> Outcome:
    """Replay a log in its order."""
    outcome = Outcome()
    kept: dict[tuple[str, str], _Kept] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = record_of(line, provider)
            name = (record.customer, digest(record.request))
        except ValueError as error:  # BadLine, and what has no canonical form
            outcome.unreadable += 1
            if len(outcome.problems) < SHOWN_PROBLEMS:
                said = str(error) if isinstance(error, BadLine) else "has no canonical form"
                outcome.problems.append(f"line {number} {said}")
            continue
        outcome.calls += 1
        _replay(outcome, kept, name, record, terms, price)
    outcome.distinct = len(kept)
    outcome.fees = outcome.hits * terms.fee
    outcome.partner = outcome.fees * terms.share
    return outcome


def _replay(
    outcome: Outcome, kept: dict[tuple[str, str], _Kept], name: tuple[str, str], record: Record,
    terms: Terms, price: Price,
) -> None:  # fmt: skip
    known = kept.get(name)
    if known is not None and not _is_over(known, record, terms):
        outcome.hits += 1
        if known.price is None:
            outcome.unpriced_hits += 1
        else:
            outcome.saved += known.price
    elif record.is_answer:
        kept[name] = _Kept(record.at_s, price(record))
    else:
        outcome.failed += 1


def _is_over(known: _Kept, record: Record, terms: Terms) -> bool:
    if known.stored_s is None or record.at_s is None:
        return False
    return record.at_s - known.stored_s >= terms.ttl_s
