"""A lost chargeback takes the partner's share back, for as long as the invoice stays open."""

import uuid
from datetime import datetime

from django.db.models import Sum

from billing.actions.moves import locked_run
from billing.actions.post import Source, post_entries
from billing.actions.share_moves import carry_shares, share_changes
from billing.models import CarriedItem, Chargeback, ChargebackMove, Document
from billing.queries.calendar import open_date
from billing.queries.credits import body_of, booked_share, creditable_lines, share_bases
from billing.queries.parties import PLATFORM_ISSUER
from billing.queries.payments import open_minor
from billing.rules import accounts as chart
from billing.rules.chargebacks import LOST
from billing.rules.credits import ShareMove, over_lines, share_move
from billing.rules.drafts import CUSTOMER_INVOICE
from billing.rules.journal import share_correction

KIND = CarriedItem.Kind.CHARGEBACK


def level_shares(*, document: Document, actor: str, now: datetime) -> int:
    """Move the partner's share to where the lost and still open part of an invoice wants it.

    Called inside the transaction of whatever moves that part: a chargeback's end, a payment, a
    credit note, a write-off. What it took goes back as the invoice closes otherwise, so that a
    credit or write-off claws back once. Returns what the partner gains. Safe to repeat.
    """
    ours = document.kind == CUSTOMER_INVOICE and document.issuer == PLATFORM_ISSUER
    if not ours or not Chargeback.objects.filter(document=document).exists():
        return 0
    assert document.run_id is not None  # customer invoices belong to a run
    run = locked_run(document.run_id)
    moves = _moves(document)
    if not moves:
        return 0
    step = CarriedItem.objects.filter(document=document, kind=KIND).count()
    carried = carry_shares(
        document, document, moves, kind=KIND, source=f"chargeback {document.id}/{step}",
        description=f"{document.number} was charged back", actor=actor, now=now,
    )  # fmt: skip
    cost = chart.PARTNER_SHARE if body_of(document)["terms"]["principal"] else chart.BAD_DEBT
    source = Source(f"chargeback share {document.id}/{step}", document.partner_id,
                    document=document, customer_id=document.customer_id)  # fmt: skip
    made = share_correction(carried, run.currency, document.number, cost)
    post_entries(entries=[(source, one) for one in made],
                 accounting_date=open_date(now.date()), now=now)  # fmt: skip
    return carried


def _moves(document: Document) -> list[ShareMove]:
    """By share key: what the base should be less by, against what it is less by already."""
    wanted = _wanted(document)
    taken = {
        row["share_key"]: -int(row["sum"])
        for row in CarriedItem.objects.filter(document=document, kind=KIND)
        .values("share_key").annotate(sum=Sum("base_minor")).order_by()
    }  # fmt: skip
    lines = {line.position: line.amount_minor for line in creditable_lines(document)}
    found = []
    for key, part in sorted(share_bases(document, lines).items()):
        change = taken.get(key, 0) - wanted.get(key, (part.version_id, 0))[1]
        booked = booked_share(document, key, part.version_id)
        if change and booked is not None:
            found.append(share_move(booked, change))
    return found


def _wanted(document: Document) -> dict[str, tuple[uuid.UUID, int]]:
    """The shared bases of what is lost and still open, spread over what is not credited."""
    moved = ChargebackMove.objects.filter(chargeback__document=document, chargeback__status=LOST)
    lost = -int(moved.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
    gone = min(lost, open_minor(document))
    left = {line.position: line.left_minor for line in creditable_lines(document)}
    net = min(gone * document.net_minor // document.total_minor, sum(left.values()))
    return share_changes(document, over_lines(net, left), gone - net) if net > 0 else {}
