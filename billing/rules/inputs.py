"""What a run freezes: quantities, terms, prices and what was booked. Rating reads nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from billing.rules.errors import BadRunInput
from billing.rules.facts import Ending, FxQuote, PartyTax, Receipt, Sale
from billing.rules.periods import Period, Segment
from billing.rules.rates import RateCard
from billing.rules.terms import Terms
from tenants.rules.sayings import Said

# "2": tax, exchange rates, caps. "3": a statement is taxed by the status of what it pays, over its
# whole net. What an earlier one froze reads and computes as it did.
ENGINE_VERSION = "3"
BEFORE_STATEMENT_TAX = ("1", "2")
# Shares of money received are booked across periods, under a key of the invoice.
SHARE_KEY = "share:"
COLLECTED_KEY = "collected:"
FEES_KEY = f"{COLLECTED_KEY}fees:"
READABLE_ENGINES = (*BEFORE_STATEMENT_TAX, ENGINE_VERSION)


@dataclass(frozen=True, slots=True)
class RunInputRow:
    """Usage of one customer and model in one segment: whole numbers, never negative."""

    segment: int
    customer_id: str
    external_id: str
    name: str
    plan: str = ""
    model: str = ""
    currency: str = ""
    lookups: int = 0
    stores: int = 0
    cached_requests: int = 0
    bytes_served: int = 0
    byte_seconds: int = 0
    tokens_saved: int = 0
    cost_saved_micros: int = 0

    @property
    def counts(self) -> bool:
        """It carries usage, and does not only name a customer on a plan."""
        return any(getattr(self, name) for name in _COUNTS)


@dataclass(frozen=True, slots=True)
class SegmentTerms:
    """The agreement version and rate card version in force over one segment."""

    segment: Segment
    version_id: str
    terms: Terms
    retail: RateCard | None = None


@dataclass(frozen=True, slots=True)
class PlanPrices:
    """The plan version that these customers pay by the whole period, in place of the retail card.

    Its fixed fee and what it includes are for a whole period.
    """

    prices: RateCard
    customers: tuple[str, ...]


def on_plans(plans: Sequence[PlanPrices]) -> frozenset[str]:
    """The ids of customers that pay by a plan."""
    return frozenset(customer for plan in plans for customer in plan.customers)


@dataclass(frozen=True, slots=True)
class BookedLine:
    """Sum of one line key over earlier runs of the same period, with the line's identity."""

    key: str
    rounded_minor: int
    earned_minor: int = 0
    kind: str = ""
    payer: str = ""
    customer_id: str | None = None
    external_id: str = ""
    name: str = ""
    version_id: str = ""
    phase: str = ""
    meter: str = ""
    rate_key: str = ""
    unit: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class BookedShare:
    """Sum of one share key over earlier runs of the same period."""

    key: str
    base_minor: int
    partner_minor: int
    platform_minor: int


@dataclass(frozen=True, slots=True)
class Carried:
    """Money owed to (or by) the partner from outside this period: a clawback, a dispute's credit.

    `key` is the carried item's id; `amount_minor` is signed from the partner's side.
    """

    key: str
    description: str
    amount_minor: int
    external_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class RunInput:
    """Everything one run of one agreement and period is computed from.

    `opening_minor`: closing balance of the partner's last statement; `paid_minor`: payouts since;
    `engine`: the version that froze it; `sales_report`: the fingerprint of the partner's report
    whose lines are `sales`, '' when none came.
    """

    agreement_id: str
    period: Period
    segments: tuple[SegmentTerms, ...]
    rows: tuple[RunInputRow, ...]
    booked_lines: tuple[BookedLine, ...] = ()
    booked_shares: tuple[BookedShare, ...] = ()
    opening_minor: int = 0
    paid_minor: int = 0
    carried: tuple[Carried, ...] = ()
    taxes: tuple[PartyTax, ...] = ()
    fx: tuple[FxQuote, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    sales: tuple[Sale, ...] = ()
    endings: tuple[Ending, ...] = ()
    plans: tuple[PlanPrices, ...] = ()
    sales_report: str = ""
    engine: str = ENGINE_VERSION

    @property
    def is_first(self) -> bool:
        """No earlier run of this period has booked anything."""
        own = [share for share in self.booked_shares if not share.key.startswith(COLLECTED_KEY)]
        return not self.booked_lines and not own


_COUNTS = (
    "lookups",
    "stores",
    "cached_requests",
    "bytes_served",
    "byte_seconds",
    "tokens_saved",
    "cost_saved_micros",
)


def _check_row(row: RunInputRow, known: set[int]) -> None:
    if row.segment not in known:
        raise BadRunInput(
            Said(
                "Usage of %(customer)s names the missing segment %(segment)s.",
                customer=f"{row.external_id!r}",
                segment=row.segment,
            )
        )
    for name in _COUNTS:
        value = getattr(row, name)
        if type(value) is not int or value < 0:
            raise BadRunInput(
                Said(
                    "%(name)s of customer %(customer)s is %(value)s; frozen quantities are whole "
                    "numbers of zero or more. Rebuild the rollups and freeze again.",
                    name=name,
                    customer=f"{row.external_id!r}",
                    value=f"{value!r}",
                )
            )


def check_run_input(run: RunInput) -> None:
    """Segments must tile the part of the period under agreement. Raises BadRunInput."""
    if not run.segments:
        raise BadRunInput(
            Said("No agreement version is in force in %(month)s.", month=run.period.label)
        )
    spans = sorted((part.segment for part in run.segments), key=lambda s: s.start)
    for earlier, later in pairwise(spans):
        if earlier.end > later.start:
            raise BadRunInput(
                Said(
                    "Segments %(index)s and %(later)s overlap.",
                    index=earlier.index,
                    later=later.index,
                )
            )
    if spans[0].start < run.period.start or spans[-1].end > run.period.end:
        raise BadRunInput(Said("A segment lies outside the period."))
    for part in run.segments:
        ends = part.terms.poc_ends_at
        if ends is not None and part.segment.start < ends < part.segment.end:
            raise BadRunInput(
                Said(
                    "The proof of concept ends inside segment %(index)s; cut the period there.",
                    index=part.segment.index,
                )
            )
    if len(on_plans(run.plans)) < sum(len(plan.customers) for plan in run.plans):
        raise BadRunInput(Said("A customer is frozen with the prices of two plans."))
    for row in run.rows:
        _check_row(row, {part.segment.index for part in run.segments})
