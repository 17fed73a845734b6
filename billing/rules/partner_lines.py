"""What the partner is charged: base fee, per-unit licence, wholesale; PoC at 100 % off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from billing.rules.building import (
    THE_PARTNER,
    amount_line,
    fee_line,
    poc_discount,
    rated_line,
)
from billing.rules.discounts import discount_exact
from billing.rules.errors import MissingRate
from billing.rules.fees import billed_beyond, fee_part
from billing.rules.fields import decimal_text
from billing.rules.groups import Group, rows_by_rate
from billing.rules.inputs import RunInput
from billing.rules.lines import (
    BASE_FEE,
    POC,
    REST_OF_TERM,
    USAGE,
    VOLUME_DISCOUNT,
    WHOLESALE_FACTOR,
    WHOLESALE_RETAIL,
    RatedLine,
)
from billing.rules.money import EXACT, round_minor, to_major
from billing.rules.rating import Step, cut
from billing.rules.terms import BaseFee, PerUnit, Wholesale
from tenants.rules.sayings import Said


def _base_fees(group: Group) -> list[RatedLine]:
    lines = []
    for component in group.terms.components:
        if isinstance(component, BaseFee):
            part = fee_part(component.yearly_minor, component.interval, group)
            if part is not None:
                lines.append(
                    fee_line(
                        group,
                        THE_PARTNER,
                        BASE_FEE,
                        part,
                        component.yearly_minor,
                        "Licence base fee",
                    )
                )
    return lines


def _per_unit(group: Group) -> list[RatedLine]:
    lines = []
    for component in group.terms.components:
        if isinstance(component, PerUnit):
            taken = rows_by_rate((component.rate,), group.rows)
            rows = taken.get(component.rate.key, [])
            lines.append(rated_line(group, THE_PARTNER, USAGE, component.rate, rows))
    return [line for line in lines if line.quantity or line.exact]


def _factor_line(group: Group, retail: RatedLine, factor_bps: int) -> RatedLine:
    """Owed is retail × factor rounded once; the line takes retail down to exactly that."""
    factor = Decimal(factor_bps).scaleb(-4)
    owed = cut(EXACT.multiply(retail.exact, factor))
    off = EXACT.subtract(owed, retail.exact)
    owed_minor = round_minor(owed, group.terms.currency)
    off_minor = owed_minor - retail.rounded_minor
    currency = group.terms.currency
    steps = (
        Step("owed", decimal_text(retail.exact), decimal_text(factor), decimal_text(owed)),
        Step("rounded, less retail", None, None, decimal_text(to_major(off_minor, currency))),
    )
    percent = decimal_text(Decimal(factor_bps).scaleb(-2))
    return amount_line(
        group,
        THE_PARTNER,
        WHOLESALE_FACTOR,
        off,
        steps,
        f"{retail.description}: wholesale factor {percent} %",
        name=retail.rate_key,
        rounded_minor=off_minor,
    )


def _discount_line(group: Group, terms: Wholesale, owed_minor: int) -> list[RatedLine]:
    if terms.discount_mode == "none":
        return []
    exact, steps = discount_exact(terms, owed_minor, group.terms.currency)
    if not exact:
        return []
    return [amount_line(group, THE_PARTNER, VOLUME_DISCOUNT, -exact, steps, "Volume discount")]


def _wholesale(group: Group) -> list[RatedLine]:
    lines: list[RatedLine] = []
    for component in group.terms.components:
        if not isinstance(component, Wholesale):
            continue
        if group.retail is None:
            raise MissingRate(
                Said(
                    "Wholesale version %(version)s pins no retail rate card. Assign one.",
                    version=group.version_id,
                )
            )
        taken = rows_by_rate(group.retail.rates, group.rows)
        for rate in group.retail.rates:
            retail = rated_line(group, THE_PARTNER, WHOLESALE_RETAIL, rate, taken.get(rate.key, []))
            if retail.quantity or retail.exact:
                lines += [retail, _factor_line(group, retail, component.factor_bps)]
        owed_minor = sum(line.rounded_minor for line in lines)
        lines += _discount_line(group, component, owed_minor)
    return lines


def rest_of_term_lines(run: RunInput, groups: Sequence[Group]) -> list[RatedLine]:
    """The base fees of the rest of the term, owed with the run of the month of an early end.

    What was billed in advance beyond the end is part of them and not billed again; with the end
    all of it is earned.
    """
    lines = []
    for ending in run.endings:
        at, last = datetime.fromisoformat(ending.ends_at), groups[-1]
        terms = last.terms
        fees = [part for part in terms.components if isinstance(part, BaseFee)]
        before = sum(billed_beyond(part, terms, at) for part in fees)
        due, currency = ending.rest_minor - before, terms.currency
        told = f"base fees from the end on {at:%Y-%m-%d} to the end of the term"
        steps = [Step(told, None, None, decimal_text(to_major(ending.rest_minor, currency)))]
        if before:
            paid = decimal_text(to_major(-before, currency))
            steps.append(Step("less what was billed in advance", None, None, paid))
        line = amount_line(
            last,
            THE_PARTNER,
            REST_OF_TERM,
            to_major(due, currency),
            tuple(steps),
            "Base fees for the rest of the term",
            rounded_minor=due,
        )
        lines.append(replace(line, earned_minor=ending.rest_minor))
    return lines


def partner_lines(group: Group) -> list[RatedLine]:
    """Cumulative lines the partner owes in one pricing group; shares are not among them."""
    lines = _base_fees(group) + _per_unit(group) + _wholesale(group)
    if group.phase == POC and lines:
        lines.append(poc_discount(group, THE_PARTNER, lines))
    return lines
