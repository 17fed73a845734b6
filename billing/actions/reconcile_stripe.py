"""Stripe's books against ours, both ways, each day; what differs is kept until it does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from billing.actions.connected_accounts import look_at_account
from billing.actions.stripe_events import book_dispute, book_invoice, book_refunds
from billing.gateways.stripe_api import Stripe, Unanswered
from billing.models import (
    Chargeback,
    ConnectedAccount,
    DocumentEvent,
    Payment,
    Refund,
    RemoteDifference,
    RemoteIntent,
)
from billing.rules.chargebacks import CLOSED
from billing.rules.errors import BillingError
from billing.rules.remote import our_amount

LOOK_BACK = timedelta(days=60)
SETTLING = timedelta(hours=1)  # what is younger may still be on its way


@dataclass(frozen=True, slots=True)
class Found:
    """One difference, before it is kept."""

    kind: str
    remote_id: str
    intent: RemoteIntent | None
    message: str
    currency: str
    local_minor: int
    remote_minor: int


def reconcile_stripe(*, stripe: Stripe, now: datetime) -> list[RemoteDifference]:
    """Compare invoices, payments, refunds, transfers, disputes; the differences there are now.

    A payment, refund or chargeback whose notice never came is booked first. A difference that is
    gone is marked so. Raises Unanswered when Stripe is away. Safe to repeat.
    """
    since = now - LOOK_BACK
    found = [*_invoices(stripe, since, now), *_refunds(stripe, since, now),
             *_transfers(stripe, since, now), *_disputes(stripe, since, now),
             *_accounts(stripe, now)]  # fmt: skip
    with transaction.atomic():
        rows = [_keep(one, now) for one in found]
        gone = RemoteDifference.objects.filter(gone_at=None).exclude(pk__in=[r.pk for r in rows])
        gone.update(gone_at=now)
    return rows


def _invoices(stripe: Stripe, since: datetime, now: datetime) -> Iterator[Found]:
    ours = {one.remote_id: one for one in _sent("invoice", since)}
    for remote in stripe.every("invoices", created={"gte": int(since.timestamp())}):
        intent = ours.pop(remote["id"], None)
        currency = remote["currency"].upper()
        total = our_amount(remote["total"], currency)
        if intent is None:
            if _old(remote, now) and not _known(remote):
                yield Found("invoice", remote["id"], None, "Stripe has an invoice that we have "
                            "not sent.", currency, 0, total)  # fmt: skip
            continue
        mine = intent.facts["net_minor"] + intent.facts["tax_minor"]
        if mine != total:
            yield Found("invoice", remote["id"], intent, f"{intent.facts['number']}: the totals "
                        "differ.", currency, mine, total)  # fmt: skip
        if remote["status"] == "paid" and remote.get("charge"):
            yield from _payment(stripe, intent, remote, now)
    yield from _missing("invoice", ours)


def _payment(
    stripe: Stripe, intent: RemoteIntent, remote: dict[str, object], now: datetime
) -> Iterator[Found]:
    currency = str(remote["currency"]).upper()
    paid = our_amount(int(str(remote["amount_paid"])), currency)
    key = f"stripe {remote['charge']}"
    if not Payment.objects.filter(key=key).exists():
        book_invoice(str(remote["id"]), stripe, now)
    booked = Payment.objects.filter(key=key).first()
    if booked is None or booked.amount_minor != paid:
        yield Found("payment", str(remote["charge"]), intent, f"{intent.facts['number']}: the "
                    "payment is booked otherwise.", currency,
                    booked.amount_minor if booked else 0, paid)  # fmt: skip
    elif not DocumentEvent.objects.filter(
        document_id=intent.subject_id, kind="paid", source_id=f"payment {booked.id}"
    ).exists():
        yield Found("payment", str(remote["charge"]), intent, f"{intent.facts['number']} was paid "
                    "twice: the payment waits to be applied or sent back.", currency, 0,
                    paid)  # fmt: skip


def _refunds(stripe: Stripe, since: datetime, now: datetime) -> Iterator[Found]:
    for remote in stripe.every("refunds", created={"gte": int(since.timestamp())}):
        payment = Payment.objects.filter(key=f"stripe {remote['charge']}").first()
        if payment is None or remote["status"] != "succeeded":
            continue
        if not Refund.objects.filter(remote_id=remote["id"], state=Refund.State.SENT).exists():
            try:
                book_refunds(str(remote["charge"]), stripe, now)
            except BillingError as error:
                amount = our_amount(remote["amount"], payment.currency)
                yield Found("refund", remote["id"], None, str(error), payment.currency, 0, amount)
    known = {one["id"] for one in stripe.every("refunds", created={"gte": int(since.timestamp())})}
    rows = Refund.objects.filter(remote_id__startswith="re_", sent_at__gte=since)
    for refund in rows.exclude(remote_id__in=known):
        yield Found("refund", refund.remote_id, None, "Stripe does not have this refund.",
                    refund.currency, refund.amount_minor, 0)  # fmt: skip


def _transfers(stripe: Stripe, since: datetime, now: datetime) -> Iterator[Found]:
    ours = {one.remote_id: one for one in _sent("transfer", since)}
    for remote in stripe.every("transfers", created={"gte": int(since.timestamp())}):
        intent = ours.pop(remote["id"], None)
        currency = remote["currency"].upper()
        amount = our_amount(remote["amount"], currency)
        if intent is None:
            if _old(remote, now) and not _known(remote):
                yield Found("transfer", remote["id"], None, "Stripe has a transfer that we have "
                            "not ordered.", currency, 0, amount)  # fmt: skip
        elif intent.facts["amount_minor"] != amount:
            yield Found("transfer", remote["id"], intent, f"{intent.facts['reference']}: the "
                        "amounts differ.", currency, intent.facts["amount_minor"],
                        amount)  # fmt: skip
    yield from _missing("transfer", ours)


def _accounts(stripe: Stripe, now: datetime) -> Iterator[Found]:
    """Every connected account is looked at; one that Stripe does not show us is a difference."""
    for row in ConnectedAccount.objects.all():
        try:
            look_at_account(row.remote_id, stripe, now)
        except Unanswered:
            raise
        except BillingError as error:
            yield Found("account", row.remote_id, None, str(error), "USD", 0, 0)


def _disputes(stripe: Stripe, since: datetime, now: datetime) -> Iterator[Found]:
    """Those of the last weeks, and all that we hold as open, however old they are."""
    told = {one["id"] for one in stripe.every("disputes", created={"gte": int(since.timestamp())})}
    held = Chargeback.objects.exclude(status__in=CLOSED).values_list("remote_id", flat=True)
    for remote_id in sorted(told | set(held)):
        try:
            book_dispute(remote_id, stripe, now)
        except Unanswered:
            raise
        except BillingError as error:
            row = Chargeback.objects.filter(remote_id=remote_id).first()
            yield Found("dispute", remote_id, None, str(error), row.currency if row else "USD",
                        row.amount_minor if row else 0, 0)  # fmt: skip
    rows = Chargeback.objects.filter(opened_at__gte=since, status__in=CLOSED)
    for row in rows.exclude(remote_id__in=told):
        yield Found("dispute", row.remote_id, None, "Stripe does not have this dispute.",
                    row.currency, row.amount_minor, 0)  # fmt: skip


def _missing(kind: str, ours: dict[str, RemoteIntent]) -> Iterator[Found]:
    for remote_id, intent in ours.items():
        facts = intent.facts
        amount = facts.get("amount_minor", facts.get("net_minor", 0) + facts.get("tax_minor", 0))
        yield Found(kind, remote_id, intent, f"Stripe does not have {intent.key}.",
                    facts["currency"], amount, 0)  # fmt: skip


def _sent(kind: str, since: datetime) -> list[RemoteIntent]:
    rows = RemoteIntent.objects.filter(kind=kind, state=RemoteIntent.State.SENT)
    return list(rows.filter(first_tried_at__gte=since))


def _old(remote: dict[str, object], now: datetime) -> bool:
    return int(str(remote["created"])) < (now - SETTLING).timestamp()


def _known(remote: dict[str, object]) -> bool:
    """Whether it is ours, sent longer ago than we look back or still on its way."""
    metadata = remote.get("metadata")
    mark = metadata.get("intent") if isinstance(metadata, dict) else None
    pending = RemoteIntent.objects.exclude(state=RemoteIntent.State.NEEDS_REVIEW)
    return bool(mark) and pending.filter(pk=str(mark)).exists()


def _keep(found: Found, now: datetime) -> RemoteDifference:
    key = f"{found.kind} {found.remote_id} {found.local_minor} {found.remote_minor}"
    row, created = RemoteDifference.objects.get_or_create(
        key=key,
        defaults={
            "partner_id": found.intent.partner_id if found.intent else None, "kind": found.kind,
            "remote_id": found.remote_id, "message": found.message, "currency": found.currency,
            "local_minor": found.local_minor, "remote_minor": found.remote_minor,
            "found_at": now, "seen_at": now,
        },
    )  # fmt: skip
    if not created:
        row.seen_at, row.gone_at = now, None
        row.save(update_fields=["seen_at", "gone_at"])
    return row
