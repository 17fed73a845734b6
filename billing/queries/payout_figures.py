"""A partner's payouts in figures: what comes next and when, what is on its way, what was paid."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Sum

from billing.models import Document, Payout
from billing.queries.payouts import claimable, waiting_payouts_minor
from billing.rules.payouts import SENT, SETTLED


@dataclass(frozen=True)
class PayoutFigures:
    """Minor units of `currency`, that of the newest statement.

    `next_minor` is what its statements ask for and no payout holds yet, payable on `next_on`;
    `carried_minor` waits below the minimum payout instead; `under_way_minor` is prepared and not
    sent; `paid_minor` was sent in the UTC year of the moment asked and did not come back.
    """

    currency: str
    next_minor: int
    next_on: date
    carried_minor: int
    under_way_minor: int
    paid_minor: int


def payout_figures(partner_id: uuid.UUID, now: datetime) -> PayoutFigures | None:
    """None before the first statement. Seven queries (partner's scope)."""
    last = (
        Document.objects.filter(
            partner_id=partner_id, kind=Document.Kind.PAYOUT_STATEMENT, statement__isnull=False
        )
        .select_related("run").order_by("-issued_at", "-id").first()
    )  # fmt: skip
    if last is None or last.run is None:
        return None
    found = claimable(last.run.agreement_id)
    return PayoutFigures(
        currency=last.currency,
        next_minor=max(found.amount_minor, 0) if found.payable and found.statements else 0,
        next_on=last.due_date,
        carried_minor=0 if found.payable else max(found.balance_minor, 0),
        under_way_minor=waiting_payouts_minor(partner_id).get(last.currency, 0),
        paid_minor=_paid_minor(partner_id, last.currency, now.year),
    )


def _paid_minor(partner_id: uuid.UUID, currency: str, year: int) -> int:
    rows = Payout.objects.filter(
        partner_id=partner_id, currency=currency, state__in=(SENT, SETTLED), sent_at__year=year
    )
    return int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
