"""The journal added up: trial balance, ageing of receivables and payables, deferred revenue."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth

from billing.models import AccountMapping, JournalEntry, JournalLine
from billing.rules import accounts as chart
from billing.rules.ledger import (
    AgedRow,
    RollRow,
    TrialRow,
    account_of,
    bucket_of,
    days_past,
    net_oldest_first,
    roll_forward,
)
from tenants.queries import partner_names

RECEIVABLE = (chart.AR_CUSTOMERS, chart.AR_PARTNERS)
PAYABLE = (chart.AP_PARTNERS,)


def trial_balance(first: date, last: date) -> list[TrialRow]:
    """Every account with a posting up to `last`, by code and currency: one query.

    Opening is everything dated before `first`; debits and credits are of `first` to `last`.
    """
    within = Q(entry__accounting_date__gte=first)
    rows = (
        JournalLine.objects.filter(entry__accounting_date__lte=last)
        .values("account", "currency")
        .annotate(
            opening_debit=Sum("debit_minor", filter=~within),
            opening_credit=Sum("credit_minor", filter=~within),
            debit=Sum("debit_minor", filter=within),
            credit=Sum("credit_minor", filter=within),
        )
        .order_by("account", "currency")
    )
    return [
        TrialRow(
            account_of(row["account"]), row["currency"],
            int(row["opening_debit"] or 0) - int(row["opening_credit"] or 0),
            int(row["debit"] or 0), int(row["credit"] or 0),
        )
        for row in rows
    ]  # fmt: skip


def ageing(accounts: Sequence[str], at: date) -> list[AgedRow]:
    """What is open per document in these accounts at the end of `at`: one query.

    Credit notes, payments and write-offs count for the document they concern, so the rows sum to
    the accounts' balance of the trial balance. Debit is positive in a receivable, credit in a
    payable, whose payouts and clawbacks take from a partner's oldest statement first.
    """
    sign = 1 if accounts[0] in RECEIVABLE else -1
    paper = Coalesce("entry__document__corrects_id", "entry__document_id")
    rows = (
        JournalLine.objects.filter(account__in=accounts, entry__accounting_date__lte=at)
        .annotate(paper=paper)
        .values(
            "paper", "currency", "partner_id",
            number=Coalesce("entry__document__corrects__number", "entry__document__number"),
            buyer=Coalesce("entry__document__corrects__buyer_name", "entry__document__buyer_name"),
            due=Coalesce("entry__document__corrects__due_date", "entry__document__due_date"),
        )
        .annotate(open=Sum(F("debit_minor") - F("credit_minor")))
        .exclude(open=0)
        .order_by("due", "number")
    )  # fmt: skip
    if sign > 0:
        return [_aged(row, row["buyer"] or "", sign, at) for row in rows]
    names = partner_names()
    return net_oldest_first(
        [_aged(row, names.get(row["partner_id"], ""), sign, at) for row in rows]
    )


def _aged(row: Mapping[str, Any], party: str, sign: int, at: date) -> AgedRow:
    due = row["due"] or at
    days = days_past(due, at)
    return AgedRow(
        row["number"] or "", party, due, row["currency"], sign * int(row["open"]),
        days, bucket_of(days),
    )  # fmt: skip


def deferred_roll_forward(last: date) -> list[RollRow]:
    """Deferred revenue month by month up to `last`; the last closing is the account's balance."""
    billed = Q(entry__purpose="document")
    rows = (
        JournalLine.objects.filter(account=chart.DEFERRED_REVENUE, entry__accounting_date__lte=last)
        .annotate(month=TruncMonth("entry__accounting_date"))
        .values("month", "currency")
        .annotate(
            billed=Sum(F("credit_minor") - F("debit_minor"), filter=billed),
            recognised=Sum(F("debit_minor") - F("credit_minor"), filter=~billed),
        )
        .order_by("month", "currency")
    )
    return roll_forward(
        (row["month"], row["currency"], int(row["billed"] or 0), int(row["recognised"] or 0))
        for row in rows
    )


def journal_page(
    *, first: date, last: date, limit: int, offset: int
) -> tuple[list[JournalEntry], int]:
    """Entries of a span with their lines, newest first, and how many there are: three queries."""
    found = _entries(first, last).order_by("-accounting_date", "-created_at", "source")
    return list(found.prefetch_related("lines")[offset : offset + limit]), found.count()


def _entries(first: date, last: date) -> QuerySet[JournalEntry]:
    return JournalEntry.objects.filter(
        accounting_date__gte=first, accounting_date__lte=last
    ).select_related("document")


@dataclass(frozen=True)
class JournalRow:
    """One journal line as an accounting system imports it; `code` is the operator's own."""

    number: str
    day: date
    code: str
    name: str
    debit_minor: int
    credit_minor: int
    currency: str
    description: str
    party: str
    reference: str


def journal_rows(first: date, last: date) -> Iterator[JournalRow]:
    """The lines of a span in order of posting, with the operator's account codes."""
    codes = account_codes()
    names = partner_names()
    for entry in _entries(first, last).order_by("accounting_date", "created_at", "source") \
            .prefetch_related("lines").iterator(500):  # fmt: skip
        yield from _rows(entry, codes, names)


def _rows(
    entry: JournalEntry, codes: dict[str, tuple[str, str]], names: dict[uuid.UUID, str]
) -> Iterable[JournalRow]:
    document = entry.document
    party = document.buyer_name if document else names.get(entry.partner_id, "")
    for line in entry.lines.all():
        code, name = codes.get(line.account) or (line.account, account_of(line.account).name)
        yield JournalRow(
            str(entry.id), entry.accounting_date, code, name, line.debit_minor, line.credit_minor,
            line.currency, f"{entry.purpose}: {entry.description}", party,
            document.number if document else entry.source,
        )  # fmt: skip


def account_codes() -> dict[str, tuple[str, str]]:
    """Our account → the operator's code and name, our own where nothing is mapped."""
    mapped = {row.account: row for row in AccountMapping.objects.all()}
    return {
        code: (mapped[code].external_code, mapped[code].external_name or account.name)
        if code in mapped
        else (code, account.name)
        for code, account in chart.ACCOUNTS.items()
    }
