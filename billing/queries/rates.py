"""Tax and exchange rates as finance sees them: in force, what was before, what is missing."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.models import Document, FxRate, SettlementRun, TaxRate, TaxStatus
from billing.rules.exceptions import wants_rates
from billing.rules.fields import decimal_text
from billing.rules.runs import PARKED
from tenants.models import Partner

DAYS_SHOWN = 120


@dataclass(frozen=True)
class Entry:
    """One row as entered. `state`: in force, later (from a coming day on) or replaced."""

    row: FxRate | TaxRate | TaxStatus
    state: str
    party: str = ""

    @property
    def rate(self) -> str:
        """The figure without needless zeros; '' for a status without one."""
        number = self.row.rate if isinstance(self.row, FxRate) else self.row.percent
        return "" if number is None else decimal_text(number)


@dataclass(frozen=True)
class Missing:
    """A parked run that waits for a rate or a status, with its reason; `day` is the rate's."""

    run_id: uuid.UUID
    title: str
    day: date
    reason: str
    quote: str


def tax_rates(today: date) -> list[Entry]:
    """Every rate entered, by country, the newest first within one (console)."""
    rows = list(TaxRate.objects.order_by("country", "-valid_from", "-entered_at", "-id"))
    return _marked(rows, lambda row: row.country, today)


def tax_statuses(today: date) -> list[Entry]:
    """Every party's status, newest first within one; customers by the name on their documents."""
    rows = list(
        TaxStatus.objects.order_by("partner_id", "customer_id", "-valid_from", "-entered_at", "-id")
    )
    partners = dict(Partner.objects.values_list("id", "name"))
    known = {row.customer_id for row in rows if row.customer_id}
    buyers = dict(Document.objects.filter(customer_id__in=known).order_by("issued_at")
                  .values_list("customer_id", "buyer_name"))  # fmt: skip
    marked = _marked(rows, lambda row: (row.partner_id, row.customer_id), today)
    return [
        Entry(one.row, one.state, _party(one.row, partners, buyers))
        for one in marked
        if isinstance(one.row, TaxStatus)
    ]


def fx_rates() -> list[Entry]:
    """Exchange rates, newest day first; of one day and pair the last entry counts."""
    rows = FxRate.objects.order_by("-day", "base", "quote", "-entered_at", "-id")[:DAYS_SHOWN]
    seen: set[tuple[date, str, str]] = set()
    found = []
    for row in rows:
        key = (row.day, row.base, row.quote)
        found.append(Entry(row, "replaced" if key in seen else "in_force"))
        seen.add(key)
    return found


def missing_rates() -> list[Missing]:
    """Parked runs that go on once finance enters something here."""
    parked = SettlementRun.objects.filter(state=PARKED).select_related("agreement")
    return [
        Missing(run.id, f"{run.agreement.name}, {run.period_start:%Y-%m}", _last_day(run),
                run.reason, _billed_in(run.reason))
        for run in parked.order_by("period_start", "agreement__name")
        if wants_rates(run.reason)
    ]  # fmt: skip


def _last_day(run: SettlementRun) -> date:
    return date.fromordinal(run.period_end.date().toordinal() - 1)


def _billed_in(reason: str) -> str:
    found = re.search(r"billed in ([A-Z]{3})", reason)
    return found.group(1) if found else ""


def _party(
    row: TaxStatus, partners: dict[uuid.UUID, str], buyers: dict[uuid.UUID | None, str]
) -> str:
    name = partners.get(row.partner_id, str(row.partner_id))
    if row.customer_id is None:
        return name
    return f"{buyers.get(row.customer_id, str(row.customer_id))} ({name})"


def _marked(rows: Sequence[Any], key: Callable[[Any], object], today: date) -> list[Entry]:
    """Newest first: the first that has begun is in force, what comes after it was replaced."""
    begun: set[object] = set()
    found = []
    for row in rows:
        of = key(row)
        state = "later" if row.valid_from > today else "replaced" if of in begun else "in_force"
        if row.valid_from <= today:
            begun.add(of)
        found.append(Entry(row, state))
    return found
