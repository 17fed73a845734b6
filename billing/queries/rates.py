"""Tax and exchange rates as finance sees them: in force, what was before, what is missing."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from billing.models import Document, FinanceRequest, FxRate, SettlementRun, TaxRate, TaxStatus
from billing.rules.exceptions import wants_rates
from billing.rules.fields import decimal_text
from billing.rules.finance_requests import FX_RATE, RATES, TAX_RATE, columns
from billing.rules.runs import PARKED
from tenants.queries import partner_names

DAYS_SHOWN = 120


@dataclass(frozen=True)
class Entry:
    """One row as entered. `state`: in force, later (from a coming day on) or replaced."""

    row: FxRate | TaxRate | TaxStatus
    state: str
    party: str = ""
    approved_by: str = ""

    @property
    def rate(self) -> str:
        """The figure without needless zeros; '' for a status without one."""
        number = self.row.rate if isinstance(self.row, FxRate) else self.row.percent
        return "" if number is None else decimal_text(number)


@dataclass(frozen=True)
class Waiting:
    """What one person asked to enter; `row` as it would be entered (not saved)."""

    asked: FinanceRequest
    row: FxRate | TaxRate | TaxStatus
    party: str = ""

    @property
    def rate(self) -> str:
        """As an `Entry` shows it."""
        return Entry(self.row, "").rate


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
        TaxStatus.objects.order_by(
            "partner_id", "customer_id", "charges", "-valid_from", "-entered_at", "-id"
        )
    )
    names = _names(rows)
    marked = _marked(rows, lambda row: (row.partner_id, row.customer_id, row.charges), today)
    return [replace(one, party=names(one.row)) for one in marked if isinstance(one.row, TaxStatus)]


def waiting_entries() -> list[Waiting]:
    """Rates and status that wait for a second person, oldest first."""
    asked = list(FinanceRequest.objects.filter(kind__in=RATES, approved_by="", declined_by=""))
    rows = [_row_of(one) for one in asked]
    names = _names([row for row in rows if isinstance(row, TaxStatus)])
    return [
        Waiting(one, row, names(row) if isinstance(row, TaxStatus) else "")
        for one, row in zip(asked, rows, strict=True)
    ]


def fx_rates() -> list[Entry]:
    """Exchange rates, newest day first; of one day and pair the last entry counts."""
    rows = list(FxRate.objects.order_by("-day", "base", "quote", "-entered_at", "-id")[:DAYS_SHOWN])
    people = _approvers(rows)
    seen: set[tuple[date, str, str]] = set()
    found = []
    for row in rows:
        key = (row.day, row.base, row.quote)
        state = "replaced" if key in seen else "in_force"
        found.append(Entry(row, state, approved_by=people.get(row.id, "")))
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
    found = re.search(r"(?:billed in|from [A-Z]{3} to) ([A-Z]{3})", reason)
    return found.group(1) if found else ""


def _row_of(asked: FinanceRequest) -> FxRate | TaxRate | TaxStatus:
    model: Any = {FX_RATE: FxRate, TAX_RATE: TaxRate}.get(asked.kind, TaxStatus)
    return model(**columns(asked.facts))  # type: ignore[no-any-return]


def _names(rows: Sequence[TaxStatus]) -> Callable[[TaxStatus], str]:
    """What to call the party of a status: its customer's name on documents, and its partner's."""
    partners = partner_names()
    known = {row.customer_id for row in rows if row.customer_id}
    buyers = dict(Document.objects.filter(customer_id__in=known).order_by("issued_at")
                  .values_list("customer_id", "buyer_name"))  # fmt: skip

    def called(row: TaxStatus) -> str:
        name: str = partners.get(row.partner_id, str(row.partner_id))
        if row.customer_id is None:
            return name
        return f"{buyers.get(row.customer_id, str(row.customer_id))} ({name})"

    return called


def _marked(rows: Sequence[Any], key: Callable[[Any], object], today: date) -> list[Entry]:
    """Newest first: the first that has begun is in force, what comes after it was replaced."""
    people = _approvers(rows)
    begun: set[object] = set()
    found = []
    for row in rows:
        of = key(row)
        state = "later" if row.valid_from > today else "replaced" if of in begun else "in_force"
        if row.valid_from <= today:
            begun.add(of)
        found.append(Entry(row, state, approved_by=people.get(row.id, "")))
    return found


def _approvers(rows: Sequence[Any]) -> dict[uuid.UUID, str]:
    asked = FinanceRequest.objects.filter(pk__in=[row.id for row in rows])
    return dict(asked.values_list("id", "approved_by"))
