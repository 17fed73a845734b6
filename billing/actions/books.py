"""Close a month of the books, with its accruals; open it again by two people; map accounts."""

import uuid
from datetime import date, datetime, timedelta

from django.db import transaction

from billing.actions.open_runs import agreements_in
from billing.actions.post import Source, post_entries
from billing.actions.preview import previewed
from billing.models import (
    AccountMapping,
    Agreement,
    JournalEntry,
    PeriodEvent,
    SettlementRun,
)
from billing.queries.calendar import closed_months, period_events
from billing.rules.accounts import ACCOUNTS
from billing.rules.accruals import ACCRUAL, REVERSAL, accrual, reversed_entry
from billing.rules.books import ASK, CLOSE, REOPEN, ClosedMonth, is_asked, next_month_start
from billing.rules.errors import BadTerms, BillingError, SamePerson
from billing.rules.journal import Entry, Posting
from billing.rules.periods import Period, previous_month, require_ended
from tenants import audit
from tenants.gateways.turns import wait_in_line
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said

MONTHS_BACK = 12


def close_month(*, period: Period, actor: str, now: datetime) -> PeriodEvent:
    """Close a month: accrue what its unissued runs earned, then refuse postings dated in it.

    The accruals are reversed on the first day of the next month, where documents issued later are
    booked. Raises NotEnded, ClosedMonth (the next month is closed, so nothing could be reversed).
    Safe to repeat: a closed month is returned as it is.
    """
    require_ended(period, now)
    month = period.start.date()
    # Previews read in each partner's schema, which can not be entered inside a transaction.
    found = [
        (agreement, late, _earned(agreement, late))
        for late in _uninvoiced(period)
        for agreement in _unissued(late)
    ]
    with transaction.atomic():
        wait_in_line("books")
        events = period_events(month)
        if month in closed_months():
            return events[-1]
        if next_month_start(month) in closed_months():
            raise ClosedMonth(
                Said(
                    "The month after %(label)s is closed already: open it first.",
                    label=period.label,
                )
            )
        step = len(events) + 1
        for agreement, late, earned in found:
            _accrue(f"{agreement.id}/{late.label}", agreement.partner_id, earned, month, step, now)
        return _record(month, step, CLOSE, actor, "", now)


def ask_to_reopen(*, period: Period, reason: str, actor: str, now: datetime) -> PeriodEvent:
    """Ask for a closed month to be opened again. Raises BadTerms (no reason), ClosedMonth (open).

    Safe to repeat: the first question stands.
    """
    if not reason.strip():
        raise BadTerms(Said("Say why the month has to be opened again."))
    month = period.start.date()
    with transaction.atomic():
        wait_in_line("books")
        events = _closed_events(month)
        if is_asked([event.kind for event in events]):
            return events[-1]
        return _record(month, len(events) + 1, ASK, actor, reason.strip(), now)


def reopen_month(*, period: Period, actor: str, now: datetime) -> PeriodEvent:
    """Open it again, as a second person; the accruals of its closing are undone.

    Raises ClosedMonth (nobody asked; a later month is closed), SamePerson.
    """
    month = period.start.date()
    with transaction.atomic():
        wait_in_line("books")
        events = _closed_events(month)
        if not is_asked([event.kind for event in events]):
            raise ClosedMonth(
                Said("Nobody asked for %(label)s to be opened again.", label=period.label)
            )
        if next_month_start(month) in closed_months():
            raise ClosedMonth(
                Said("The month after %(label)s is closed: open it first.", label=period.label)
            )
        if events[-1].actor.lower() == actor.lower():
            raise SamePerson(
                Said("Whoever asked for it can not open the month. A second person has to.")
            )
        closing = max(event.step for event in events if event.kind == CLOSE)
        reopened = _record(month, len(events) + 1, REOPEN, actor, events[-1].reason, now)
        _undo(month, closing, now)
        return reopened


def map_account(
    *, account: str, external_code: str, external_name: str, actor: str, now: datetime,
    seen: str | None = None,
) -> AccountMapping:  # fmt: skip
    """Say what an account is called in the operator's accounting system. Safe to repeat.

    `seen` is the mark of the code and name that the editor saw. Raises BadTerms, ChangedMeanwhile.
    """
    if account not in ACCOUNTS:
        raise BadTerms(
            Said(
                "There is no account %(account)s. The chart has %(accounts)s.",
                account=f"{account!r}",
                accounts=", ".join(ACCOUNTS),
            )
        )
    code = external_code.strip()
    if not code or len(code) > 60 or len(external_name) > 120:
        raise BadTerms(Said("A code has 1 to 60 characters, a name at most 120."))
    with transaction.atomic():
        held = AccountMapping.objects.select_for_update().filter(pk=account).first()
        own = ACCOUNTS[account].name
        before = (held.external_code, held.external_name or own) if held else (account, own)
        if before != (code, external_name.strip()):
            refuse_changed(seen, *before)
        row, _created = AccountMapping.objects.update_or_create(
            account=account,
            defaults={"external_code": code, "external_name": external_name.strip(),
                      "changed_by": actor, "changed_at": now},
        )  # fmt: skip
        audit.record(actor=actor, verb="account.map", target=account, at=now,
                     data={"code": code, "name": external_name.strip()})  # fmt: skip
    return row


def _uninvoiced(period: Period) -> list[Period]:
    """The month and the closed months before it: what they accrued was reversed inside this one."""
    closed, found = closed_months(), [period]
    while len(found) <= MONTHS_BACK:
        before = previous_month(found[-1])
        if before.start.date() not in closed:
            break
        found.append(before)
    return found


def _unissued(period: Period) -> list[Agreement]:
    issued = set(
        SettlementRun.objects.filter(
            period_start=period.start, issued_at__isnull=False
        ).values_list("agreement_id", flat=True)
    )
    return [agreement for agreement in agreements_in(period) if agreement.id not in issued]


def _earned(agreement: Agreement, period: Period) -> tuple[Entry, ...]:
    try:
        with previewed(agreement_id=agreement.id, period=period) as found:
            drafts = (draft for part in found.parts for draft in part.drafts)
            return accrual(drafts, f"{agreement.name}, {period.label}: not yet invoiced")
    except BillingError as error:
        raise ClosedMonth(
            Said(
                "%(name)s can not be estimated for %(label)s, so it can not be accrued: %(error)s",
                name=agreement.name,
                label=period.label,
                error=error,
            )
        ) from error


def _accrue(
    what: str, partner_id: uuid.UUID, earned: tuple[Entry, ...], month: date, step: int,
    now: datetime,
) -> None:  # fmt: skip
    for number, made in enumerate(earned, 1):
        key = f"accrual {month:%Y-%m}/{step}/{what}/{number}"
        last = next_month_start(month) - timedelta(days=1)
        _post(key, partner_id, made, last, now)
        back = reversed_entry(made, REVERSAL, f"Reversal: {made.memo}")
        original = JournalEntry.objects.get(source=key)
        _post(f"{key}/reversal", partner_id, back, next_month_start(month), now, original)


def _undo(month: date, step: int, now: datetime) -> None:
    """Take back both entries of every accrual of a closing, each on its own date."""
    made = JournalEntry.objects.filter(source__startswith=f"accrual {month:%Y-%m}/{step}/")
    for entry in made.exclude(source__endswith="/undone").prefetch_related("lines"):
        lines = tuple(
            Posting(line.account, line.debit_minor, line.credit_minor, line.currency)
            for line in entry.lines.all()
        )
        kind = REVERSAL if entry.purpose == ACCRUAL else ACCRUAL
        back = reversed_entry(Entry(entry.purpose, entry.description, lines), kind,
                              f"Month opened again: {entry.description}")  # fmt: skip
        _post(f"{entry.source}/undone", entry.partner_id, back, entry.accounting_date, now, entry)


def _post(
    key: str, partner_id: uuid.UUID, made: Entry, day: date, now: datetime,
    reverses: JournalEntry | None = None,
) -> None:  # fmt: skip
    source = Source(key, partner_id, reverses=reverses)
    post_entries(entries=[(source, made)], accounting_date=day, now=now)


def _closed_events(month: date) -> list[PeriodEvent]:
    if month not in closed_months():
        raise ClosedMonth(Said("The books of %(month)s are open.", month=f"{month:%Y-%m}"))
    return period_events(month)


def _record(
    month: date, step: int, kind: str, actor: str, reason: str, now: datetime
) -> PeriodEvent:
    event = PeriodEvent.objects.create(
        month=month, step=step, kind=kind, actor=actor, reason=reason, at=now
    )
    audit.record(actor=actor, verb=f"books.{kind}", target=f"{month:%Y-%m}", at=now,
                 data={"reason": reason})  # fmt: skip
    return event
