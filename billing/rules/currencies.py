"""A customer's document in its own currency: each line converted at the frozen rate, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.rules.draft_rows import charge_row
from billing.rules.drafts import DraftLine
from billing.rules.errors import ForeignCurrency
from billing.rules.explain import money
from billing.rules.facts import FxQuote
from billing.rules.fields import decimal_text
from billing.rules.inputs import RunInput
from billing.rules.lines import POC_DISCOUNT, RatedLine
from billing.rules.money import EXACT, round_minor, to_major
from tenants.rules.sayings import Said


@dataclass(frozen=True, slots=True)
class Exchange:
    """From the agreement's currency into a document's, at one frozen rate."""

    quote: FxQuote

    def minor(self, amount_minor: int) -> int:
        """Minor units of the base currency → minor units of the quoted one, half up."""
        whole = to_major(amount_minor, self.quote.base)
        return round_minor(EXACT.multiply(whole, Decimal(self.quote.rate)), self.quote.quote)

    def back(self, amount_minor: int) -> int:
        """Minor units of the quoted currency → minor units of the base one, half up."""
        whole = to_major(amount_minor, self.quote.quote)
        return round_minor(EXACT.divide(whole, Decimal(self.quote.rate)), self.quote.base)

    @property
    def note(self) -> str:
        """The rate as documents print it."""
        found = self.quote
        return f"Converted at 1 {found.base} = {found.rate} {found.quote}, rate of {found.day}."


def exchange(run: RunInput, base: str, quote: str) -> Exchange | None:
    """The frozen rate between two currencies; None when they are the same.

    Raises ForeignCurrency (parks) when none was frozen.
    """
    if base == quote:
        return None
    for found in run.fx:
        if (found.base, found.quote) == (base, quote):
            return Exchange(found)
    raise ForeignCurrency(
        Said(
            "No exchange rate of %(month)s from %(base)s to %(quote)s was entered. Enter "
            "the rate of its last day, then settle again.",
            month=run.period.label,
            base=base,
            quote=quote,
        )
    )


def converted_rows(lines: Sequence[RatedLine], rate: Exchange) -> list[DraftLine]:
    """The lines as rows in the quoted currency; a proof of concept still nets to zero.

    A line of an adjustment is its cumulative amount converted, less the booked one converted.
    """
    rows: list[DraftLine] = []
    taken: dict[str, int] = {}
    for line in lines:
        group = line.key.split(f"/{line.kind}/", 1)[0]
        if line.kind == POC_DISCOUNT:
            amount = -taken.get(group, 0)
        else:
            amount = rate.minor(line.rounded_minor) - rate.minor(line.booked_minor)
            taken[group] = taken.get(group, 0) + amount
        rows.append(_row(line, amount, rate))
    return rows


def _row(line: RatedLine, amount_minor: int, rate: Exchange) -> DraftLine:
    row, quote = charge_row(line), rate.quote
    told = f"{money(line.amount_minor, quote.base)} × {quote.rate} = "
    whole = line.earned_minor == line.amount_minor
    return replace(
        row,
        amount_minor=amount_minor,
        exact=decimal_text(to_major(amount_minor, quote.quote)),
        unit_price=None,
        explanation=(*row.explanation, told + money(amount_minor, quote.quote)),
        earned_minor=amount_minor if whole else rate.minor(line.earned_minor),
    )
