"""Usage with what rating needs to know of its customers, read side by side: of any number."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from billing.models import RunInput, SettlementRun
from billing.queries.frozen import frozen_customers
from billing.rules.errors import BillingError, InvariantBroken
from billing.rules.inputs import RunInputRow, SegmentTerms
from billing.rules.periods import Period
from cache_api import queries as usage
from cache_api.models import Customer
from cache_api.rules.reports import UsageTotal
from cache_api.rules.spans import HoursGone
from tenants.rules.sayings import Said

_AT_ONCE = 500  # customers in hand


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What rating needs to know of a customer."""

    id: uuid.UUID
    external_id: str
    name: str
    plan: str
    currency: str


def customer_currencies(base: SettlementRun | None) -> set[str]:
    """The currencies that customers are billed in: of those in the frozen rows as it was then."""
    now = Customer.objects.order_by()
    was = RunInput.objects.none()
    if base is not None:
        was = RunInput.objects.filter(run=base, attempt=base.attempt).order_by()
        now = now.exclude(pk__in=was.values("customer_id"))
    found = {*now.values_list("billing__currency", flat=True).distinct(),
             *was.values_list("currency", flat=True).distinct()}  # fmt: skip
    return {currency or "" for currency in found}


def _facts(base: SettlementRun | None) -> Iterator[CustomerFacts]:
    """What each customer is, or what it was when the period's first run was frozen; by id.

    Who was not in that input had neither usage nor a plan then.
    """
    before: Iterator[tuple[uuid.UUID, str, str]] = frozen_customers(base) if base else iter(())
    known = next(before, None)
    customers = Customer.objects.only("id", "external_id", "name", "plan", "billing")
    for one in customers.order_by("id").iterator(_AT_ONCE):
        plan, currency = one.plan, one.billing.get("currency") or ""
        while known is not None and known[0] < one.id:
            known = next(before, None)
        if base is not None:
            is_known = known is not None and known[0] == one.id
            plan, currency = known[1:] if known is not None and is_known else ("", currency)
        yield CustomerFacts(one.id, one.external_id, one.name, plan, currency)


def usage_rows(
    period: Period,
    parts: tuple[SegmentTerms, ...],
    base: SettlementRun | None,
    planned: frozenset[str],
    by_day: bool = False,
) -> Iterator[RunInputRow]:
    """Usage per segment, customer and model; a customer on a plan also without usage.

    Raises BillingError for terms that change inside a day of a time without hours.
    """
    if not parts:
        return
    try:
        yield from _usage_rows(period, parts, base, planned, by_day)
    except HoursGone:
        raise BillingError(
            Said(
                "Usage of %(label)s is no longer kept by the hour, and its terms change inside a "
                "day: it can no longer be settled.",
                label=period.label,
            )
        ) from None


def _usage_rows(
    period: Period,
    parts: tuple[SegmentTerms, ...],
    base: SettlementRun | None,
    planned: frozenset[str],
    by_day: bool,
) -> Iterator[RunInputRow]:
    # Cut where segments begin and end, then number each cut by the segment that begins there.
    cuts = sorted({at for part in parts for at in (part.segment.start, part.segment.end)})
    inside = tuple(at for at in cuts if period.start < at < period.end)
    index = {part.segment.start: part.segment.index for part in parts}
    stream = usage.usage_stream(period.start, period.end, inside, by_day=by_day)
    by_cut = groupby(stream, attrgetter("segment"))
    cut, used = next(by_cut, (None, iter(())))
    for number, start in enumerate((period.start, *inside)):
        found = used if cut == number else iter(())
        if start in index:  # else used before the agreement began, or after it ended
            yield from _segment_rows(index[start], found, _facts(base), planned)
        if cut == number:
            cut, used = next(by_cut, (None, iter(())))


def _segment_rows(
    segment: int,
    used: Iterator[UsageTotal],
    customers: Iterator[CustomerFacts],
    planned: frozenset[str],
) -> Iterator[RunInputRow]:
    """`used` and `customers` by customer id, read side by side. Raises InvariantBroken."""
    by_customer = groupby(used, attrgetter("customer_id"))
    customer_id, totals = next(by_customer, (None, iter(())))
    for one in customers:
        if customer_id == one.id:
            for total in totals:
                yield _row(segment, one, total)
            customer_id, totals = next(by_customer, (None, iter(())))
        elif customer_id is not None and customer_id < one.id:
            break
        elif one.plan or str(one.id) in planned:
            yield _row(segment, one, None)
    if customer_id is not None:
        raise InvariantBroken(
            Said("Usage of customer %(customer_id)s has no customer row.", customer_id=customer_id)
        )


def _row(segment: int, customer: CustomerFacts, total: UsageTotal | None) -> RunInputRow:
    counts: dict[str, Any] = {} if total is None else {
        "model": total.model, "lookups": total.lookups, "stores": total.stores,
        "cached_requests": total.cached_requests, "bytes_served": total.bytes_served,
        "byte_seconds": int(total.byte_seconds), "tokens_saved": total.tokens_saved,
        "cost_saved_micros": total.cost_saved_micros,
    }  # fmt: skip
    return RunInputRow(
        segment=segment, customer_id=str(customer.id), external_id=customer.external_id,
        name=customer.name, plan=customer.plan, currency=customer.currency,
        **counts,
    )  # fmt: skip
