"""Tax status of the parties of a run, and the exchange rates it needs, as they will be frozen."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from billing.models import FxRate, TaxRate, TaxStatus
from billing.rules.errors import MissingTax
from billing.rules.facts import REDUCED, STANDARD, WITHHOLDING, FxQuote, PartyTax
from billing.rules.fields import decimal_text
from billing.rules.periods import Period
from billing.rules.splits import PARTNER
from tenants.rules.sayings import Said


def last_day(period: Period) -> date:
    """The day whose rates and status a period takes: its last."""
    return (period.end - timedelta(microseconds=1)).date()


def party_taxes(partner_id: uuid.UUID, period: Period) -> Iterator[PartyTax]:
    """Every status of every party of the partner on the period's last day: two queries, read as
    they are asked for.

    Raises MissingTax (the run parks) when a standard party's country has no rate.
    """
    day = last_day(period)
    rates = {row.country: row for row in TaxRate.objects.filter(valid_from__lte=day)}
    rows = TaxStatus.objects.filter(partner_id=partner_id, valid_from__lte=day).order_by(
        "customer_id", "charges", "valid_from", "entered_at", "id"
    )
    for _, found in groupby(rows.iterator(_AT_ONCE), lambda row: (row.customer_id, row.charges)):
        *_, latest = found
        yield _party_tax(latest, rates)


_AT_ONCE = 500  # rows in hand


def fx_quotes(base: str, quotes: Iterable[str], period: Period) -> tuple[FxQuote, ...]:
    """The rates of the period's last day into the wanted currencies: at most one query.

    What was not entered is left out; rating says so where it is needed.
    """
    wanted = sorted(set(quotes) - {base, ""})
    if not wanted:
        return ()
    day = last_day(period)
    rows = FxRate.objects.filter(day=day, base=base, quote__in=wanted)
    latest = {row.quote: row.rate for row in rows}
    return tuple(
        FxQuote(day.isoformat(), base, quote, decimal_text(rate))
        for quote, rate in sorted(latest.items())
    )


def _party_tax(row: TaxStatus, rates: dict[str, Any]) -> PartyTax:
    party = str(row.customer_id) if row.customer_id else PARTNER
    label, percent = "", "0"
    if row.treatment == STANDARD:
        rate = rates.get(row.country)
        if rate is None:
            raise MissingTax(
                Said(
                    "No tax rate of %(country)s is entered for that month. Enter the country's "
                    "rate, then settle again.",
                    country=row.country or Said("an unnamed country"),
                )
            )
        label, percent = rate.label, decimal_text(rate.percent)
    elif row.treatment in (REDUCED, WITHHOLDING) and row.percent is not None:
        percent = decimal_text(row.percent)
        if row.treatment == REDUCED and row.country in rates:
            label = rates[row.country].label
    return PartyTax(party, row.treatment, row.country, label, percent, row.reason, row.charges)
