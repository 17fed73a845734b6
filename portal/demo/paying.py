"""The demo's money: customers pay into our account, partners are paid out, by the real actions."""

from datetime import datetime, timedelta

from billing.actions.document_events import record_document_event
from billing.actions.payments import Receipt, record_payment
from billing.actions.payout_details import ask_payout_details, decide_payout_details
from billing.actions.payouts import (
    approve_payouts,
    prepare_payouts,
    send_payout,
    settle_payout,
)
from billing.models import Document, PayoutDetails, SettlementRun
from billing.queries.payments import open_minor
from billing.rules.payments import BANK
from billing.rules.periods import Period
from portal.demo.cast import CAST
from portal.demo.steps import APPROVER, PREPARER, Calendar
from tenants.models import Partner

# One in so many invoices of the last issued month is still open, so that every status is seen.
OPEN_EVERY = 4
# An account number of the IBAN registry's own example: it belongs to nobody.
ACCOUNT = "DE89370400440532013000"


def give_payout_details(*, partners: dict[str, Partner], calendar: Calendar, kek: bytes) -> None:
    """Every partner has said where its money goes, by two owners. Safe to repeat."""
    for cast in [one for one in CAST if one.slug in partners]:
        partner_id = partners[cast.slug].id
        if PayoutDetails.objects.filter(partner_id=partner_id).exists():
            continue
        at = calendar.starts(cast)
        details = ask_payout_details(
            partner_id=partner_id, kind="bank", holder=cast.legal_name, account=ACCOUNT, bic="",
            kek=kek, actor=f"owner@{cast.domain}", now=at,
        )  # fmt: skip
        decide_payout_details(details_id=details.id, partner_id=partner_id, approve=True, now=at,
                              actor=f"cfo@{cast.domain}", hold=timedelta(days=3))  # fmt: skip


def pay_month(period: Period, calendar: Calendar, *, all_of_it: bool) -> None:
    """What a month's documents ask for is paid before the next month closes (simulated).

    Of the last issued month some invoices stay open, and payouts wait for approval. Nobody pays an
    adjustment's. Safe to repeat.
    """
    paid_at = min(period.end + timedelta(days=25), calendar.now)
    papers = Document.objects.filter(period_start=period.start).order_by("number")
    papers = papers.exclude(run__kind=SettlementRun.Kind.ADJUSTMENT)
    for position, paper in enumerate(papers):
        if paper.kind != Document.Kind.PAYOUT_STATEMENT and (all_of_it or position % OPEN_EVERY):
            _pay(paper, paid_at)
    made = prepare_payouts(actor=PREPARER, now=paid_at).payouts
    if all_of_it and made:
        approve_payouts(payout_ids=[one.id for one in made], actor=APPROVER, now=paid_at)
        for payout in made:
            send_payout(payout_id=payout.id, remote_id="demo order", actor=APPROVER, now=paid_at)
            settle_payout(payout_id=payout.id, actor=APPROVER, now=paid_at)


def _pay(paper: Document, paid_at: datetime) -> None:
    due_minor = open_minor(paper)
    if due_minor <= 0:
        return
    if paper.issuer != "platform":
        # A partner's own invoice is paid to the partner; we only hear of it.
        record_document_event(
            document_id=paper.id, kind="paid", source_id=f"demo bank line of {paper.number}",
            amount_minor=due_minor, actor=APPROVER, now=paid_at,
        )  # fmt: skip
        return
    receipt = Receipt(
        key=f"demo bank line of {paper.number}", method=BANK, amount_minor=due_minor,
        currency=paper.currency, received_at=paid_at, payer=paper.buyer_name,
        reference=paper.number,
    )  # fmt: skip
    record_payment(partner_id=paper.partner_id, receipt=receipt, pays=[(paper.id, None)],
                   actor=PREPARER, now=paid_at)  # fmt: skip
