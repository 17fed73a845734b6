"""`/books/`: trial balance, journal, ageing, deferred revenue, accounts; closing a month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.actions import books as act
from billing.queries import ledger
from billing.queries.calendar import period_events
from billing.rules.accounts import ACCOUNTS
from billing.rules.books import is_asked, state_after
from billing.rules.csv_text import csv_bytes
from billing.rules.errors import BillingError
from billing.rules.ledger import BUCKETS, TrialRow, bucket_sums
from billing.rules.money import to_major
from billing.rules.periods import Period, month_of, next_month, parse_month, previous_month
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from portal.views.console_partners import actor
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.rules.meanwhile import ChangedMeanwhile, mark

JOURNAL_HEADER = (
    "JournalNo", "JournalDate", "AccountCode", "AccountName", "Debits", "Credits", "Currency",
    "Description", "Name", "Reference",
)  # fmt: skip
TRIAL_HEADER = ("Account", "Name", "Currency", "Opening", "Debits", "Credits", "Closing")


@permission("books.view")
@require_safe
def books(request: HttpRequest) -> HttpResponse:
    """A month's trial balance, the deferred revenue, and whether the month is closed."""
    period = _month(request)
    first, last = _span(period)
    rows = ledger.trial_balance(first, last)
    events = period_events(first)
    kinds = [event.kind for event in events]
    return render(request, "console/books.html", {
        "period": period, "rows": rows, "totals": _totals(rows), "events": events,
        "closed": state_after(kinds) == "closed", "asked": is_asked(kinds),
        "is_mine": bool(events) and events[-1].actor.lower() == actor(request).lower(),
        "ended": period.end <= timezone.now(), "previous": previous_month(period),
        "following": next_month(period), "roll": ledger.deferred_roll_forward(last),
    })  # fmt: skip


@permission("books.view")
@require_safe
def journal(request: HttpRequest) -> HttpResponse:
    """The entries of a month, newest first."""
    period, number = _month(request), asked_page(request)
    first, last = _span(period)
    rows, total = ledger.journal_page(first=first, last=last, limit=PAGE_SIZE,
                                      offset=(number - 1) * PAGE_SIZE)  # fmt: skip
    return render(request, "console/journal.html", {
        "period": period, "rows": rows, "pager": Pager(number, total), "accounts": ACCOUNTS,
        "previous": previous_month(period), "following": next_month(period),
    })  # fmt: skip


@permission("books.view")
@require_safe
def ageing(request: HttpRequest) -> HttpResponse:
    """What is open today per document, receivable and payable, with what the books say."""
    today = timezone.now().date()
    books_say = {(row.account.code, row.currency): row.closing_minor
                 for row in ledger.trial_balance(today, today)}  # fmt: skip
    sides = [
        _side(_("Receivable"), ledger.RECEIVABLE, books_say, today, 1),
        _side(_("Payable to partners"), ledger.PAYABLE, books_say, today, -1),
    ]
    return render(request, "console/ageing.html", {
        "sides": sides, "today": today, "buckets": [name for _most, name in BUCKETS],
    })  # fmt: skip


@permission("books.view")
@require_http_methods(["GET", "HEAD", "POST"])
def accounts(request: HttpRequest) -> HttpResponse:
    """Our chart beside the operator's own; a POST maps one account."""
    may = request.user.may("books.close")  # type: ignore[union-attr]
    if request.method == "POST":
        if not may:
            return HttpResponse(status=403)

        def map_one() -> None:
            act.map_account(
                account=request.POST.get("account", ""), external_code=request.POST.get("code", ""),
                external_name=request.POST.get("name", ""), actor=actor(request),
                seen=request.POST.get("seen", ""), now=timezone.now(),
            )  # fmt: skip

        return _do(request, map_one, _("Saved."), reverse("console_accounts"))
    codes = ledger.account_codes()
    rows = [(account, *codes[code], mark(*codes[code])) for code, account in ACCOUNTS.items()]
    return render(request, "console/accounts.html", {"rows": rows, "may_map": may})


@permission("books.view")
@require_safe
def trial_balance_csv(request: HttpRequest) -> HttpResponse:
    """The month's trial balance."""
    period = _month(request)
    rows = (
        (row.account.code, row.account.name, row.currency,
         *(to_major(minor, row.currency) for minor in
           (row.opening_minor, row.debit_minor, row.credit_minor, row.closing_minor)))
        for row in ledger.trial_balance(*_span(period))
    )  # fmt: skip
    return _csv(csv_bytes(TRIAL_HEADER, rows), f"trial-balance-{period.label}.csv")


@permission("books.view")
@require_safe
def journal_csv(request: HttpRequest) -> HttpResponse:
    """The month's journal, one row a line, as accounting systems import journals."""
    period = _month(request)
    rows = (
        (row.number, row.day, row.code, row.name,
         to_major(row.debit_minor, row.currency) if row.debit_minor else None,
         to_major(row.credit_minor, row.currency) if row.credit_minor else None,
         row.currency, row.description, row.party, row.reference)
        for row in ledger.journal_rows(*_span(period))
    )  # fmt: skip
    return _csv(csv_bytes(JOURNAL_HEADER, rows), f"journal-{period.label}.csv")


@permission("books.close")
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Close the month: accrue, then refuse postings."""
    return _turn(request, act.close_month, _("The month is closed."))


@permission("books.close")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a closed month to be opened again, with the reason."""
    return _turn(request, act.ask_to_reopen, _("A second person has to open it."),
                 reason=request.POST.get("reason", ""))  # fmt: skip


@permission("books.close")
@require_POST
def reopen(request: HttpRequest) -> HttpResponse:
    """Open it again, as a second person."""
    return _turn(request, act.reopen_month, _("The month is open again."))


def _turn(
    request: HttpRequest, verb: Callable[..., object], done: str, **more: str
) -> HttpResponse:
    label = request.POST.get("month", "")

    def turn() -> None:
        verb(period=parse_month(label), actor=actor(request), now=timezone.now(), **more)

    return _do(request, turn, done, f"{reverse('console_books')}?month={label[:7]}")


def _do(request: HttpRequest, act_now: Callable[[], object], done: str, url: str) -> HttpResponse:
    try:
        act_now()
    except (BillingError, ChangedMeanwhile) as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(url)


def _month(request: HttpRequest) -> Period:
    """The month asked for, by default the last one that ended."""
    try:
        return parse_month(request.GET["month"])
    except (KeyError, BillingError) as error:
        if isinstance(error, BillingError):
            messages.error(request, told(error))
        return previous_month(month_of(timezone.now()))


def _span(period: Period) -> tuple[date, date]:
    return period.start.date(), (period.end - timedelta(days=1)).date()


def _totals(rows: list[TrialRow]) -> list[dict[str, Any]]:
    """Per currency: debits and credits of the month, and both sides of the closing balances."""
    return [
        {
            "currency": currency,
            **{name: sum(getattr(row, name) for row in rows if row.currency == currency)
               for name in ("debit_minor", "credit_minor", "closing_debit_minor",
                            "closing_credit_minor")},
        }
        for currency in sorted({row.currency for row in rows})
    ]  # fmt: skip


def _side(
    title: str, codes: tuple[str, ...], books_say: dict[tuple[str, str], int], today: date,
    sign: int,
) -> dict[str, Any]:  # fmt: skip
    rows = ledger.ageing(codes, today)
    sums = [
        {"currency": currency, "buckets": list(found.values()), "total": sum(found.values()),
         "books": sign * sum(books_say.get((code, currency), 0) for code in codes)}
        for currency, found in sorted(bucket_sums(rows).items())
    ]  # fmt: skip
    return {"title": title, "rows": rows, "sums": sums}


def _csv(content: bytes, name: str) -> HttpResponse:
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(content, content_type="text/csv; charset=utf-8",
                        headers={"Content-Disposition": disposition})  # fmt: skip
