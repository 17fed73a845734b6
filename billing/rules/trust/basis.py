"""Which frozen usage a rated line rests on: customers, models, hours, and the counted column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.rules.groups import Group, customer_groups, pricing_groups, rows_by_rate
from billing.rules.inputs import RunInput, RunInputRow
from billing.rules.lines import CUSTOMER, SAVINGS_SHARE, USAGE, WHOLESALE_RETAIL
from billing.rules.meters import METERS, Meter
from billing.rules.rates import Rate
from billing.rules.terms import PerUnit


@dataclass(frozen=True, slots=True)
class Basis:
    """`total` of `meter.column` over these customers and models in [start, end); divided by the
    meter's divisor it is the line's quantity."""

    meter: Meter
    start: datetime
    end: datetime
    customers: tuple[str, ...]
    models: tuple[str, ...]
    total: int


def basis_of(
    run: RunInput, *, key: str, kind: str, payer: str, customer_id: str | None, rate_key: str
) -> Basis | None:
    """The usage behind a line of this run, or None where it rests on no usage (a fee, a discount).

    The other members are the rated line's own. Raises what rating raises.
    """
    if kind not in (USAGE, WHOLESALE_RETAIL, SAVINGS_SHARE):
        return None
    groups = pricing_groups(run)
    if payer == CUSTOMER:
        groups = customer_groups(run, groups)
    group = next((one for one in groups if f"/{one.key}/" in key), None)
    if group is None:
        return None
    rows = [row for row in group.rows if payer != CUSTOMER or row.customer_id == customer_id]
    rates = _rates(group, kind, payer, rate_key)
    if kind == SAVINGS_SHARE:
        return _basis(group, METERS["cost_saved"], rows)
    rate = next(rate for rate in rates if rate.key == rate_key)
    return _basis(group, METERS[rate.meter], rows_by_rate(rates, rows).get(rate_key, []))


def _rates(group: Group, kind: str, payer: str, rate_key: str) -> Sequence[Rate]:
    if kind == USAGE and payer != CUSTOMER:
        parts = [part for part in group.terms.components if isinstance(part, PerUnit)]
        return [part.rate for part in parts if part.rate.key == rate_key]
    return group.retail.rates if group.retail else ()


def _basis(group: Group, meter: Meter, rows: Sequence[RunInputRow]) -> Basis:
    customers = tuple(sorted({row.customer_id for row in rows}))
    models = tuple(sorted({row.model for row in rows}))
    total = sum(getattr(row, meter.column) for row in rows)
    return Basis(meter, group.start, group.end, customers, models, total)
