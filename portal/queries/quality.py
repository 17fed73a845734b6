"""How good hits were: by kind, and what callers said of them (partner's schema)."""

from __future__ import annotations

from dataclasses import dataclass

from cache_api.models import Customer
from cache_api.queries.judged import hits_taken_back, taken_back_by_customer
from portal.queries.usage import UsageView, usage_view
from portal.rules.ranges import Range


@dataclass(frozen=True)
class Judged:
    """Hits of one kind as they were answered, and what feedback took back of them."""

    kind: str  # exact, semantic
    answered: int
    wrong: int
    unused: int


@dataclass(frozen=True)
class QualityView:
    """A range's usage, and its hits by kind."""

    usage: UsageView
    kinds: tuple[Judged, Judged]

    @property
    def answered(self) -> int:
        """All hits as they were answered."""
        return sum(one.answered for one in self.kinds)

    @property
    def wrong(self) -> int:
        """Reported as wrong."""
        return sum(one.wrong for one in self.kinds)

    @property
    def unused(self) -> int:
        """Reported as unused: another answer was taken."""
        return sum(one.unused for one in self.kinds)


@dataclass(frozen=True)
class Reported:
    """A customer with hits that its program took back."""

    customer: Customer
    wrong_exact: int
    wrong_semantic: int
    unused: int


def most_reported(window: Range, limit: int = 20) -> list[Reported]:
    """The customers that reported most, first: two queries."""
    rows = taken_back_by_customer(window.start, window.end, limit)
    known = Customer.objects.in_bulk([row[0] for row in rows])
    return [Reported(known[one], *counts) for one, *counts in rows if one in known]


def quality_view(window: Range, customer: Customer | None) -> QualityView:
    """The page's figures, live usage, of one customer or of all together: nine queries."""
    usage = usage_view(window, customer=customer)
    back = hits_taken_back(window.start, window.end, customer.pk if customer else None)
    semantic, exact = usage.summary.semantic_hits, usage.summary.hits - usage.summary.semantic_hits
    return QualityView(usage, (
        _judged("exact", exact, back.get("wrong_hit", 0), back.get("unused_hit", 0)),
        _judged("semantic", semantic, back.get("wrong_semantic_hit", 0),
                back.get("unused_semantic_hit", 0)),
    ))  # fmt: skip


def _judged(kind: str, net: int, wrong: int, unused: int) -> Judged:
    """Usage counts hits less what was taken back; here they stand as answered."""
    return Judged(kind, net + wrong + unused, wrong, unused)
