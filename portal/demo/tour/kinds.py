"""One of each thing that happens to a month's money, as the demo's data hold it: looked for, not
told. Pages of the console show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from billing.models import AgreementVersion, Document, DocumentLine, SettlementRun
from billing.queries.disputes import all_disputes
from billing.queries.receivables import overdue_invoices
from billing.rules.drafts import CUSTOMER_INVOICE, PAYOUT_STATEMENT
from billing.rules.exceptions import PARKED
from tenants.models import Partner

OVERDUE_AT = "redis-labs"  # the invoice of its adjustment is paid by nobody


class Found(NamedTuple):
    """A row that is of a kind: its id, and what people call it."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Kind:
    """What happens, what is to be seen of it, the page of one row, and how one is found."""

    name: str
    what: str
    page: tuple[str, str]
    find: Callable[[datetime], Found | None]


@dataclass(frozen=True)
class Example:
    """A kind, and where one of it is seen; both "" when the demo holds none (any more)."""

    kind: Kind
    name: str = ""
    address: str = ""


def examples(now: datetime) -> list[Example]:
    """One of each kind, in the console's scope. About a dozen queries."""
    return [_example(kind, now) for kind in KINDS]


def _example(kind: Kind, now: datetime) -> Example:
    found = kind.find(now)
    if found is None:
        return Example(kind)
    page, argument = kind.page
    address = reverse(page, kwargs={argument: found.id}, urlconf=settings.CONSOLE_URLCONF)
    return Example(kind, found.name, address)


def _paid(_now: datetime) -> Found | None:
    paid = Document.objects.filter(kind=CUSTOMER_INVOICE, events__kind="paid")
    return _paper(paid.order_by("-issued_at", "number").first())


def _overdue(now: datetime) -> Found | None:
    partner = Partner.objects.filter(slug=OVERDUE_AT).first()
    late = overdue_invoices(partner.id, now.date()) if partner else []
    oldest = min(late, key=lambda one: (one.due_date, one.number), default=None)
    return _paper(oldest)


def _disputed(_now: datetime) -> Found | None:
    for one in all_disputes(open_only=True):
        return Found(one.id, f"{one.document.number}, line {one.line.position}")
    return None


def _clawed_back(_now: datetime) -> Found | None:
    taken = DocumentLine.objects.filter(carried__amount_minor__lt=0)
    line = taken.select_related("document").order_by("-document__issued_at").first()
    return _paper(line.document if line else None)


def _carried(_now: datetime) -> Found | None:
    below = Document.objects.filter(kind=PAYOUT_STATEMENT, statement__carried_minor__gt=0)
    return _paper(below.order_by("-issued_at", "number").first())


def _parked(_now: datetime) -> Found | None:
    return _run(state=PARKED)


def _late_usage(_now: datetime) -> Found | None:
    return _run(kind=SettlementRun.Kind.ADJUSTMENT)


def _expiring(now: datetime) -> Found | None:
    return _terms(Q(poc_ends_at__gt=now), now)


def _amended(now: datetime) -> Found | None:
    return _terms(Q(number__gt=1), now)


def _paper(row: Any) -> Found | None:
    return Found(row.id, row.number) if row else None


def _run(**only: str) -> Found | None:
    rows = SettlementRun.objects.filter(**only).select_related("agreement")
    run = rows.order_by("-period_start").first()
    return Found(run.id, f"{run.agreement.name}, {run.period_start:%Y-%m}") if run else None


def _terms(only: Q, now: datetime) -> Found | None:
    in_force = AgreementVersion.objects.filter(
        only, Q(valid_to=None) | Q(valid_to__gt=now), valid_from__lte=now,
        approved_at__isnull=False,
    )  # fmt: skip
    found = in_force.select_related("agreement").order_by("poc_ends_at", "-valid_from").first()
    return Found(found.agreement_id, found.agreement.name) if found else None


_DOCUMENT, _RUN = ("console_document", "document_id"), ("console_run", "run_id")
_AGREEMENT = ("console_agreement", "agreement_id")

KINDS = (
    Kind("Paid", "An invoice and the bank line that paid it.", _DOCUMENT, _paid),
    Kind("Overdue", "An invoice past its day, which nobody paid.", _DOCUMENT, _overdue),
    Kind("Disputed line", "A partner doubts one line of its statement; the rest is paid on time.",
         ("console_dispute", "dispute_id"), _disputed),
    Kind("Clawback", "A paid invoice was credited later: the next statement takes the share back.",
         _DOCUMENT, _clawed_back),
    Kind("Parked", "A run that waits for somebody to enter what it needs.", _RUN, _parked),
    Kind("Carried forward", "A balance below the agreed minimum payout.", _DOCUMENT, _carried),
    Kind("Late usage", "Counts that came after the month was issued: an adjustment.", _RUN,
         _late_usage),
    Kind("Expiring proof of concept", "Free months that are about to end.", _AGREEMENT, _expiring),
    Kind("Amendment in force", "Terms that replaced others, by two people.", _AGREEMENT, _amended),
)  # fmt: skip
