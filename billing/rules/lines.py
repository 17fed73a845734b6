"""Rated lines: cumulative for the period, less what earlier runs booked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from billing.rules.inputs import BookedLine
from billing.rules.money import to_major
from billing.rules.periods import Period
from billing.rules.rating import Step

CUSTOMER, PARTNER = "customer", "partner"
LIVE, POC = "live", "poc"
USAGE, PLAN_FEE, SAVINGS_SHARE = "usage", "plan_fee", "savings_share"
POC_DISCOUNT, BASE_FEE, MINIMUM = "poc_discount", "base_fee", "minimum"
WHOLESALE_RETAIL, WHOLESALE_FACTOR = "wholesale_retail", "wholesale_factor"
VOLUME_DISCOUNT, CAP, SALE = "volume_discount", "cap", "sale"
REST_OF_TERM = "rest_of_term"
KIND_ORDER = (
    PLAN_FEE,
    SALE,
    BASE_FEE,
    REST_OF_TERM,
    USAGE,
    SAVINGS_SHARE,
    WHOLESALE_RETAIL,
    WHOLESALE_FACTOR,
    VOLUME_DISCOUNT,
    CAP,
    MINIMUM,
    POC_DISCOUNT,
)


@dataclass(frozen=True, slots=True)
class RatedLine:
    """One charge of one payer. `exact` and `rounded_minor` are cumulative for the period,
    `amount_minor` = `rounded_minor` − `booked_minor` is what this run adds."""

    key: str
    kind: str
    payer: str
    customer_id: str | None
    external_id: str
    name: str
    version_id: str
    phase: str
    meter: str
    rate_key: str
    quantity: Decimal
    unit: str
    unit_price: Decimal | None
    exact: Decimal
    rounded_minor: int
    booked_minor: int
    amount_minor: int
    currency: str
    start: datetime
    end: datetime
    steps: tuple[Step, ...]
    earned_minor: int
    description: str
    was_booked: bool = False

    @property
    def shown(self) -> bool:
        """A document shows it: new, or changed since it was booked."""
        return not self.was_booked or self.amount_minor != 0 or self.earned_minor != 0


def less_booked(line: RatedLine, booked: BookedLine | None) -> RatedLine:
    """The line with what earlier runs booked taken off; never clamped at zero."""
    if booked is None:
        return line
    return replace(
        line,
        booked_minor=booked.rounded_minor,
        amount_minor=line.rounded_minor - booked.rounded_minor,
        earned_minor=line.earned_minor - booked.earned_minor,
        was_booked=True,
    )


def vanished(booked: BookedLine, period: Period, currency: str) -> RatedLine:
    """A booked line that no longer comes out: nothing is due, the booked amount goes back."""
    zero = to_major(0, currency)
    line = RatedLine(
        key=booked.key,
        kind=booked.kind,
        payer=booked.payer,
        customer_id=booked.customer_id,
        external_id=booked.external_id,
        name=booked.name,
        version_id=booked.version_id,
        phase=booked.phase,
        meter=booked.meter,
        rate_key=booked.rate_key,
        quantity=Decimal(0),
        unit=booked.unit,
        unit_price=None,
        exact=zero,
        rounded_minor=0,
        booked_minor=0,
        amount_minor=0,
        currency=currency,
        start=period.start,
        end=period.end,
        steps=(),
        earned_minor=0,
        description=booked.description,
    )
    return less_booked(line, booked)


def line_order(line: RatedLine) -> tuple[object, ...]:
    """Customers before partner, then by customer, time, kind and rate: never by input order."""
    kind = KIND_ORDER.index(line.kind) if line.kind in KIND_ORDER else len(KIND_ORDER)
    return (
        line.payer != CUSTOMER,
        line.external_id,
        line.customer_id or "",
        line.start,
        line.phase != POC,
        kind,
        line.meter,
        line.key,
    )
