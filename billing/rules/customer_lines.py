"""What customers are charged: plan fees, usage at retail, a part of savings; PoC at 100 % off."""

from __future__ import annotations

from collections.abc import Sequence

from billing.rules.building import (
    Payer,
    customer_payer,
    fee_line,
    poc_discount,
    rated_line,
)
from billing.rules.errors import ForeignCurrency, MissingRate
from billing.rules.fees import fee_part
from billing.rules.groups import Group, rows_by_rate
from billing.rules.inputs import RunInputRow
from billing.rules.lines import PLAN_FEE, POC, SAVINGS_SHARE, USAGE, RatedLine
from billing.rules.meters import METERS
from billing.rules.money import to_major
from billing.rules.rates import PERCENTAGE, Rate
from billing.rules.terms import PlanFee, SavingsShare
from tenants.rules.sayings import Said

Rows = Sequence[RunInputRow]


def _usage(group: Group, payer: Payer, rows: Rows) -> list[RatedLine]:
    if group.retail is None:
        raise MissingRate(
            Said(
                "Agreement version %(version)s has no retail rate card from %(day)s. Assign "
                "one, then run again.",
                version=group.version_id,
                day=f"{group.start:%Y-%m-%d}",
            )
        )
    taken = rows_by_rate(group.retail.rates, rows)
    lines = [
        rated_line(group, payer, USAGE, rate, taken[rate.key])
        for rate in group.retail.rates
        if taken.get(rate.key)
    ]
    return [line for line in lines if line.quantity or line.exact]


def _savings(group: Group, payer: Payer, rows: Rows) -> list[RatedLine]:
    currency = group.terms.currency
    lines = []
    for component in group.terms.components:
        if not isinstance(component, SavingsShare):
            continue
        if METERS["cost_saved"].money_currency != currency:
            raise ForeignCurrency(
                Said("Cost saved is in USD, the agreement in %(currency)s.", currency=currency)
            )
        cap = None if component.cap_minor is None else to_major(component.cap_minor, currency)
        rate = Rate(
            "savings_share",
            "cost_saved",
            PERCENTAGE,
            percentage_bps=component.percentage_bps,
            cap=cap,
        )
        lines.append(rated_line(group, payer, SAVINGS_SHARE, rate, list(rows)))
    return [line for line in lines if line.exact]


def _plan_fees(group: Group, payer: Payer, plan: str) -> list[RatedLine]:
    lines = []
    for component in group.terms.components:
        if isinstance(component, PlanFee) and component.plan == plan:
            part = fee_part(component.yearly_minor, component.interval, group)
            if part is not None:
                label = f"{plan.replace('-', ' ').replace('_', ' ').capitalize()} plan"
                lines.append(
                    fee_line(group, payer, PLAN_FEE, part, component.yearly_minor, label, plan)
                )
    return lines


def customer_lines(group: Group, plans: dict[str, str]) -> list[RatedLine]:
    """Cumulative lines of every customer in one pricing group, order-independent.

    `plans`: customer id → plan. A customer on a plan pays its fee with or without usage, as long
    as the freeze wrote a row for it. Raises MissingRate or ForeignCurrency (the run parks).
    """
    by_customer: dict[str, list[RunInputRow]] = {}
    for row in group.rows:
        by_customer.setdefault(row.customer_id, []).append(row)
    lines: list[RatedLine] = []
    for customer_id, rows in sorted(by_customer.items()):
        payer = customer_payer(rows[0])
        charged = _plan_fees(group, payer, plans.get(customer_id, ""))
        charged += _usage(group, payer, rows)
        charged += _savings(group, payer, rows)
        if group.phase == POC and charged:
            charged.append(poc_discount(group, payer, charged))
        lines += charged
    return lines
