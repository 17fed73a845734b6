"""Pricing groups: the segments of a period that one set of terms, prices and phase covers.

Tiers run over a whole group, so a cut that changes no price changes no amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.rules.errors import BadRunInput, ForeignCurrency, MissingRate
from billing.rules.inputs import PlanPrices, RunInput, RunInputRow, on_plans
from billing.rules.lines import LIVE, POC
from billing.rules.meters import METERS
from billing.rules.periods import Segment
from billing.rules.rates import FLAT, Rate, RateCard, part_of_card
from billing.rules.terms import Terms
from tenants.rules.sayings import Said


@dataclass(frozen=True, slots=True)
class Group:
    """One version, one rate card version, one phase; its segments and its rows."""

    key: str
    version_id: str
    terms: Terms
    retail: RateCard | None
    phase: str
    spans: tuple[Segment, ...]
    rows: tuple[RunInputRow, ...]

    @property
    def start(self) -> datetime:
        """First instant covered."""
        return self.spans[0].start

    @property
    def end(self) -> datetime:
        """First instant no longer covered."""
        return self.spans[-1].end

    @property
    def hours(self) -> int:
        """Hours covered."""
        return sum(span.hours for span in self.spans)


def _check_currency(
    run: RunInput, terms: Terms, retail: RateCard | None, rows: Sequence[RunInputRow]
) -> None:
    if retail is not None and retail.currency != terms.currency:
        raise ForeignCurrency(
            Said(
                "Rate card %(card)s is in %(card_currency)s, the agreement in %(currency)s. "
                "Give the agreement a card in its own currency.",
                card=f"{retail.name!r}",
                card_currency=retail.currency,
                currency=terms.currency,
            )
        )
    known = {"", terms.currency, *(rate.quote for rate in run.fx if rate.base == terms.currency)}
    for row in rows:
        if row.currency not in known:
            raise ForeignCurrency(
                Said(
                    "Customer %(customer)s is billed in %(customer_currency)s, the agreement in "
                    "%(currency)s, and no exchange rate of %(month)s was entered. Enter the rate "
                    "of its last day, then settle again.",
                    customer=f"{row.external_id!r}",
                    customer_currency=row.currency,
                    currency=terms.currency,
                    month=run.period.label,
                )
            )


def pricing_groups(run: RunInput) -> tuple[Group, ...]:
    """Groups in order of time. Raises BadRunInput or ForeignCurrency."""
    parts: dict[str, list[int]] = {}
    by_index = {part.segment.index: part for part in run.segments}
    if len(by_index) < len(run.segments):
        raise BadRunInput(Said("Two segments carry the same index."))
    for part in sorted(run.segments, key=lambda p: p.segment.start):
        phase = POC if part.terms.in_poc(part.segment.start) else LIVE
        card = part.retail.version_id if part.retail else "-"
        parts.setdefault(f"{part.version_id}/{card}/{phase}", []).append(part.segment.index)
    groups = []
    for key, indexes in parts.items():
        first = by_index[indexes[0]]
        rows = tuple(row for row in run.rows if row.segment in set(indexes))
        _check_currency(run, first.terms, first.retail, rows)
        spans = tuple(by_index[index].segment for index in indexes)
        groups.append(
            Group(
                key, first.version_id, first.terms, first.retail, key.rsplit("/", 1)[1], spans, rows
            )
        )
    return tuple(groups)


def customer_groups(run: RunInput, groups: Sequence[Group]) -> tuple[Group, ...]:
    """The groups that customers pay by: who is on a plan leaves `groups` for one of its prices.

    A change of the retail card does not cut a plan's group; a change of the agreement or the end
    of the proof of concept does, and each part takes its hours of the fee and of what is included.
    Raises ForeignCurrency.
    """
    planned = on_plans(run.plans)
    listed = [
        replace(one, rows=tuple(row for row in one.rows if row.customer_id not in planned))
        for one in groups
    ] if planned else groups  # fmt: skip
    return (*listed, *(group for plan in run.plans for group in _planned(run, groups, plan)))


def _planned(run: RunInput, groups: Sequence[Group], plan: PlanPrices) -> Iterator[Group]:
    members, parts = set(plan.customers), dict[tuple[str, str], list[Group]]()
    for one in groups:
        parts.setdefault((one.version_id, one.phase), []).append(one)
    for (version_id, phase), own in parts.items():
        spans = sorted((span for one in own for span in one.spans), key=lambda span: span.start)
        rows = tuple(row for one in own for row in one.rows if row.customer_id in members)
        _check_currency(run, own[0].terms, plan.prices, rows)
        hours = sum(span.hours for span in spans)
        card = part_of_card(plan.prices, hours, run.period.hours)
        key = f"{version_id}/{card.version_id}/{phase}"
        yield replace(own[0], key=key, retail=card, spans=tuple(spans), rows=rows)


def _fits(rate: Rate, row: RunInputRow) -> bool:
    return all(getattr(row, name) == value for name, value in rate.where)


def rows_by_rate(
    rates: Sequence[Rate], rows: Sequence[RunInputRow]
) -> dict[str, list[RunInputRow]]:
    """Each row's usage of a meter goes to one rate: the one that names most dimensions.

    Fixed rates take every row they fit. Raises MissingRate for usage of a priced meter that no
    rate fits.
    """
    taken: dict[str, list[RunInputRow]] = {
        rate.key: [row for row in rows if _fits(rate, row)] for rate in rates if rate.mode == FLAT
    }
    by_meter: dict[str, list[Rate]] = {}
    for rate in rates:
        if rate.mode != FLAT:
            by_meter.setdefault(rate.meter, []).append(rate)
    for meter, candidates in by_meter.items():
        ordered = sorted(candidates, key=lambda rate: -len(rate.where))
        for row in rows:
            rate_key = next((rate.key for rate in ordered if _fits(rate, row)), None)
            if rate_key is not None:
                taken.setdefault(rate_key, []).append(row)
            elif getattr(row, METERS[meter].column):
                raise MissingRate(
                    Said(
                        "No rate for %(meter)s of model %(model)s (customer %(customer)s). Add a "
                        "rate to the card, then run again.",
                        meter=meter,
                        model=f"{row.model!r}",
                        customer=f"{row.external_id!r}",
                    )
                )
    return taken
