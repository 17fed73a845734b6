"""Make rated lines: from a metered quantity, a fee or a plain amount."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from billing.rules.fees import FeePart
from billing.rules.fields import decimal_text
from billing.rules.groups import Group
from billing.rules.inputs import RunInputRow
from billing.rules.lines import CUSTOMER, PARTNER, POC_DISCOUNT, RatedLine
from billing.rules.meters import meter_of, quantity_of
from billing.rules.money import Money, round_minor, to_major
from billing.rules.money_text import format_money
from billing.rules.rates import FLAT, PER_UNIT, PERCENTAGE, Rate
from billing.rules.rating import Step, rate_quantity

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Payer:
    """Who a line is charged to; the partner has no customer id."""

    side: str
    customer_id: str | None = None
    external_id: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Start of every line key of this payer."""
        return self.side if self.customer_id is None else f"{self.side}:{self.customer_id}"


THE_PARTNER = Payer(PARTNER)


def customer_payer(row: RunInputRow) -> Payer:
    """The customer that a frozen row belongs to."""
    return Payer(CUSTOMER, row.customer_id, row.external_id, row.name)


def amount_line(
    group: Group,
    payer: Payer,
    kind: str,
    exact: Decimal,
    steps: tuple[Step, ...],
    description: str,
    *,
    name: str = "",
    rounded_minor: int | None = None,
) -> RatedLine:
    """A line for an exact amount in major units, rounded here unless the rule already did."""
    currency = group.terms.currency
    rounded = round_minor(exact, currency) if rounded_minor is None else rounded_minor
    return RatedLine(
        key="/".join((payer.key, group.key, kind, name)),
        kind=kind,
        payer=payer.side,
        customer_id=payer.customer_id,
        external_id=payer.external_id,
        name=payer.name,
        version_id=group.version_id,
        phase=group.phase,
        meter="",
        rate_key=name,
        quantity=_NOTHING,
        unit="",
        unit_price=None,
        exact=exact,
        rounded_minor=rounded,
        booked_minor=0,
        amount_minor=rounded,
        currency=currency,
        start=group.start,
        end=group.end,
        steps=steps,
        earned_minor=rounded,
        description=description,
    )


def rated_line(
    group: Group, payer: Payer, kind: str, rate: Rate, rows: list[RunInputRow]
) -> RatedLine:
    """Rate the sum of a meter over `rows` and keep quantity, price and arithmetic on the line."""
    meter = meter_of(rate.meter)
    quantity = quantity_of(rate.meter, rows)
    rated = rate_quantity(rate, quantity, group.terms.currency)
    line = amount_line(group, payer, kind, rated.exact, rated.steps, meter.label, name=rate.key)
    where = ", ".join(value for _name, value in rate.where)
    label = "Monthly fee" if rate.mode == FLAT else meter.label
    price = {PER_UNIT: rate.unit_price, PERCENTAGE: Decimal(rate.percentage_bps).scaleb(-4)}
    return replace(
        line,
        meter=meter.name,
        quantity=quantity,
        unit=meter.unit,
        unit_price=price.get(rate.mode),
        description=f"{label} ({where})" if where else label,
    )


def fee_line(
    group: Group,
    payer: Payer,
    kind: str,
    part: FeePart,
    yearly_minor: int,
    description: str,
    name: str = "",
) -> RatedLine:
    """A yearly fee's part: billed amount, what of it this period earned, and the service dates."""
    currency = group.terms.currency
    yearly = format_money(Money(yearly_minor, currency))
    exact = to_major(part.billed_minor, currency)
    step = Step(f"part of {yearly} a year, rounded cumulatively", None, None, decimal_text(exact))
    line = amount_line(
        group, payer, kind, exact, (step,), description, name=name, rounded_minor=part.billed_minor
    )
    return replace(line, start=part.start, end=part.end, earned_minor=part.earned_minor)


def poc_discount(group: Group, payer: Payer, lines: list[RatedLine]) -> RatedLine:
    """The 100 % discount line: takes off the sum of the rounded lines, so the net is zero."""
    value = sum(line.rounded_minor for line in lines)
    exact = to_major(value, group.terms.currency)
    step = Step("shadow value at list price", decimal_text(exact), "-1", decimal_text(-exact))
    return amount_line(
        group,
        payer,
        POC_DISCOUNT,
        -exact,
        (step,),
        "Proof of concept: 100 % discount",
        rounded_minor=-value,
    )
