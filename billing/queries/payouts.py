"""What can be paid out to whom, where to, and the lists that partner and console see."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from billing.models import Document, Payout, PayoutClaim, PayoutDetails, PayoutDetailsDecision
from billing.queries.balances import unshown_payouts_minor
from billing.rules.payouts import APPROVED, HELD, PENDING
from tenants.rules.sealing import sealed_with


@dataclass(frozen=True)
class Claimable:
    """Statements of one agreement that no payout holds, oldest first, with what each earned.

    `balance_minor` is what we owe by the last statement, less what was paid or is under way since;
    `payable` is False while that statement carries its balance forward.
    """

    statements: tuple[tuple[Document, int], ...]
    balance_minor: int
    payable: bool
    currency: str

    @property
    def amount_minor(self) -> int:
        """What a payout of all of them comes to."""
        return sum(amount for _document, amount in self.statements)


@dataclass(frozen=True)
class DetailsRow:
    """Where a partner wants its money, as pages show it; `state` at the moment asked."""

    details: PayoutDetails
    decision: PayoutDetailsDecision | None
    state: str


def claimable(agreement_id: uuid.UUID) -> Claimable:
    """What a payout of the agreement could claim now: four queries."""
    found = list(
        Document.objects.filter(
            run__agreement_id=agreement_id, kind=Document.Kind.PAYOUT_STATEMENT,
            statement__isnull=False,
        ).order_by("period_start", "issued_at")
    )  # fmt: skip
    active = PayoutClaim.objects.filter(
        payout__agreement_id=agreement_id, released_at=None
    ).values_list("document_id", "amount_minor", "payout__state")
    claimed = {document_id for document_id, _amount, _state in active}
    waiting = sum(amount for _id, amount, state in active if state in (PENDING, HELD, APPROVED))
    last = found[-1].statement if found else None
    balance = int(last["closing_minor"]) if last else 0
    if last:
        balance -= unshown_payouts_minor(agreement_id) + waiting
    free = tuple((one, _earned(one)) for one in found if one.id not in claimed)
    currency = found[-1].currency if found else ""
    return Claimable(free, balance, bool(last and int(last["payable_minor"]) > 0), currency)


def details_rows(partner_id: uuid.UUID, now: datetime) -> list[DetailsRow]:
    """Every change of a partner's payout details, newest first: one query."""
    rows = PayoutDetails.objects.filter(partner_id=partner_id).select_related("decision")
    found, in_use = [], False
    for details in rows:
        row = _details_row(details, now)
        if row.state == "usable":
            row, in_use = (DetailsRow(details, row.decision, "replaced") if in_use else row), True
        found.append(row)
    return found


def usable_details(partner_id: uuid.UUID, now: datetime) -> PayoutDetails | None:
    """The approved details whose hold is over, the newest of them; None: nothing can be sent."""
    rows = details_rows(partner_id, now)
    return next((row.details for row in rows if row.state == "usable"), None)


def changing_details(partner_id: uuid.UUID, now: datetime) -> bool:
    """Whether newer details wait for an approval or for the end of their hold."""
    rows = details_rows(partner_id, now)
    return bool(rows) and rows[0].state in ("asked", "on_hold")


def sealed_by(now: datetime) -> Counter[str]:
    """How many payout details that may still be used each platform key seals, by its id (hex)."""
    needed = {
        row.details.id: row.details
        for partner_id in PayoutDetails.objects.values_list("partner_id", flat=True).distinct()
        for row in details_rows(partner_id, now)
        if row.state in ("usable", "asked", "on_hold")
    }
    open_states = (PENDING, HELD, APPROVED)
    for payout in Payout.objects.filter(state__in=open_states).select_related("details"):
        if payout.details is not None:
            needed[payout.details.id] = payout.details
    return Counter(sealed_with(bytes(one.sealed)) for one in needed.values())


def payouts_page(
    *, partner_id: uuid.UUID | None = None, states: Sequence[str] = (), limit: int = 100
) -> list[Payout]:
    """Payouts with their claims, newest first: two queries. Without a partner: all (console)."""
    rows = Payout.objects.select_related("details", "agreement").prefetch_related(
        "claims__document"
    )
    if partner_id is not None:
        rows = rows.filter(partner_id=partner_id)
    return list((rows.filter(state__in=states) if states else rows)[:limit])


def waiting_payouts_minor(partner_id: uuid.UUID) -> dict[str, int]:
    """What is under way to a partner and not sent yet, by currency: one query."""
    rows = (
        Payout.objects.filter(partner_id=partner_id, state__in=(PENDING, HELD, APPROVED))
        .values("currency").annotate(sum=Sum("amount_minor")).order_by("currency")
    )  # fmt: skip
    return {row["currency"]: int(row["sum"]) for row in rows}


def _earned(statement: Document) -> int:
    """What a statement adds to the balance: payouts and the opening balance are not its own."""
    sums = statement.statement or {}
    return int(sums["closing_minor"]) - int(sums["opening_minor"]) + int(sums["paid_minor"])


def _details_row(details: PayoutDetails, now: datetime) -> DetailsRow:
    decision = getattr(details, "decision", None)
    if decision is None:
        return DetailsRow(details, None, "asked")
    if not decision.approved:
        return DetailsRow(details, decision, "refused")
    return DetailsRow(details, decision, "on_hold" if now < decision.usable_from else "usable")
