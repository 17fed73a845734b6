"""Write down what we want of Stripe before anything is asked of it."""

import json
import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.actions.errors import UnknownRun
from billing.gateways.locks import lock_money
from billing.models import Document, Payout, PayoutDetails, Refund, RemoteIntent
from billing.queries.payments import our_invoices, paid_minor
from billing.queries.remote import link_holds
from billing.rules.errors import BadMoney, WrongState
from billing.rules.payments import STRIPE
from billing.rules.remote import stripe_amount
from billing.rules.status import CLOSING_SIGNS
from tenants.rules.ids import uuid7
from tenants.rules.sayings import Said
from tenants.tasking import enqueue_on_commit

PUSH_TASK = "billing.push_intent"
BATCH = 200
REFUSED = "needs_review"


def want_invoices(*, now: datetime, limit: int = BATCH) -> int:
    """An intent for each open customer invoice of ours that has none; how many were new.

    Safe to repeat: the intent's key is the document's.
    """
    wanted = RemoteIntent.objects.filter(kind=RemoteIntent.Kind.INVOICE).values("subject_id")
    rows = our_invoices().filter(kind=Document.Kind.CUSTOMER_INVOICE, total_minor__gt=0)
    rows = rows.exclude(pk__in=wanted).exclude(events__kind__in=list(CLOSING_SIGNS))
    found = list(rows.order_by("-issued_at")[:limit])
    for document in found:
        want_invoice(document=document, now=now)
    return len(found)


def want_invoice(*, document: Document, now: datetime) -> RemoteIntent:
    """The intent to show one invoice at Stripe, and first that of its customer."""
    body = json.loads(bytes(document.canonical))
    buyer = body["buyer"]
    customer = _want(
        RemoteIntent.Kind.CUSTOMER, document.customer_id or document.partner_id,
        document.partner_id, now,
        {"name": buyer["legal_name"], "email": buyer.get("email") or ""},
    )  # fmt: skip
    return _want(
        RemoteIntent.Kind.INVOICE, document.id, document.partner_id, now,
        {"customer": str(customer.id), "number": document.number, "currency": document.currency,
         "net_minor": document.net_minor, "tax_minor": document.tax_minor,
         "due_at": int(datetime.fromisoformat(f"{document.due_date}T23:59:59+00:00").timestamp()),
         "brand": body["brand"]["name"], "seller": body["seller"]["legal_name"],
         "month": f"{document.period_start:%Y-%m}"},
    )  # fmt: skip


def want_refund(*, refund: Refund, now: datetime) -> RemoteIntent:
    """The intent to send a Stripe payment back. Raises WrongState for other payments."""
    payment = refund.payment
    if payment.method != STRIPE:
        raise WrongState(Said("This payment did not come through Stripe: send it back by hand."))
    return _want(
        RemoteIntent.Kind.REFUND, refund.id, refund.partner_id, now,
        {"charge": payment.key.removeprefix("stripe "), "amount_minor": refund.amount_minor,
         "currency": refund.currency},
    )  # fmt: skip


def want_credit_notes(*, now: datetime, limit: int = BATCH) -> int:
    """An intent for each credit note to an open invoice that Stripe has; how many were new.

    A paid invoice is refunded instead. Safe to repeat.
    """
    known = RemoteIntent.objects.filter(kind=RemoteIntent.Kind.CREDIT_NOTE).values("subject_id")
    sent = RemoteIntent.objects.filter(kind=RemoteIntent.Kind.INVOICE).values("subject_id")
    rows = Document.objects.filter(kind=Document.Kind.CREDIT_NOTE, corrects__in=sent)
    made = 0
    for note in rows.exclude(pk__in=known).select_related("corrects").order_by("id")[:limit]:
        if note.corrects is not None and not paid_minor(note.corrects.id):
            want_credit_note(note=note, now=now)
            made += 1
    return made


def want_credit_note(*, note: Document, now: datetime) -> RemoteIntent:
    """The intent to credit an invoice at Stripe too."""
    invoice = RemoteIntent.objects.get(key=f"invoice {note.corrects_id}")
    return _want(
        RemoteIntent.Kind.CREDIT_NOTE, note.id, invoice.partner_id, now,
        {"invoice": str(invoice.id), "amount_minor": abs(note.total_minor),
         "reason": note.number, "currency": note.currency},
    )  # fmt: skip


def want_transfer(*, payout: Payout, account: str, now: datetime) -> RemoteIntent:
    """The intent to transfer a payout to the partner's connected account."""
    if payout.details is None or payout.details.kind != PayoutDetails.Kind.STRIPE:
        raise WrongState(
            Said("%(reference)s does not go to a Stripe account.", reference=payout.reference)
        )
    return _want(
        RemoteIntent.Kind.TRANSFER, payout.id, payout.partner_id, now,
        {"destination": account, "amount_minor": payout.amount_minor,
         "currency": payout.currency, "reference": payout.reference},
    )  # fmt: skip


def want_account(*, partner_id: uuid.UUID, country: str, now: datetime) -> RemoteIntent:
    """The intent to open a connected account for a partner: one for each country it names."""
    return _want(RemoteIntent.Kind.ACCOUNT, uuid.uuid5(partner_id, country), partner_id, now,
                 {"country": country, "name": country})  # fmt: skip


def want_account_link(
    *, partner_id: uuid.UUID, account: str, return_url: str, refresh_url: str, now: datetime
) -> RemoteIntent:
    """The intent for an address where the partner tells Stripe about itself.

    `account`: the id of the intent to open it, or Stripe's own (`acct_…`) of one that was taken
    over. Safe to repeat: one that waits, or that still holds, is returned.
    """
    rows = RemoteIntent.objects.filter(
        kind=RemoteIntent.Kind.ACCOUNT_LINK, partner_id=partner_id, facts__account=account
    )
    last = rows.order_by("-created_at").first()
    if last is not None and link_holds(last, now):
        return last
    return _want(RemoteIntent.Kind.ACCOUNT_LINK, uuid7(), partner_id, now,
                 {"account": account, "return_url": return_url,
                  "refresh_url": refresh_url, "name": "onboarding"})  # fmt: skip


def try_again(*, intent_id: uuid.UUID, actor: str, now: datetime) -> RemoteIntent:
    """A person has looked: look for it at Stripe once more, then ask with fresh keys.

    Raises UnknownRun (no such intent), WrongState unless it waits for review.
    """
    with transaction.atomic():
        intent = RemoteIntent.objects.select_for_update().filter(pk=intent_id).first()
        if intent is None:
            raise UnknownRun(Said("There is no request to Stripe %(id)s.", id=intent_id))
        if intent.state != RemoteIntent.State.NEEDS_REVIEW:
            raise WrongState(
                Said("This is %(standing)s; nothing is to be decided.", standing=intent.state)
            )
        intent.steps["round"] = int(intent.steps.get("round", 0)) + 1
        intent.steps["asked_again_by"] = actor
        intent.state, intent.next_try_at, intent.changed_at = "pending", now, now
        intent.tries, intent.first_tried_at = 0, None
        intent.save(update_fields=["steps", "state", "next_try_at", "changed_at", "tries",
                                   "first_tried_at"])  # fmt: skip
        enqueue_on_commit(PUSH_TASK, partner_id=str(intent.partner_id), intent_id=str(intent.id))
    return intent


def _want(
    kind: str, subject_id: uuid.UUID, partner_id: uuid.UUID, now: datetime, facts: dict[str, Any]
) -> RemoteIntent:
    with transaction.atomic():
        lock_money(partner_id)
        key = f"{kind} {subject_id}"
        known = RemoteIntent.objects.filter(key=key).first()
        if known is not None:
            return known
        problem = _problem(facts)
        intent = RemoteIntent.objects.create(
            key=key, kind=kind, subject_id=subject_id, partner_id=partner_id, facts=facts,
            next_try_at=now, created_at=now, changed_at=now, problem=problem,
            state=REFUSED if problem else RemoteIntent.State.PENDING,
        )  # fmt: skip
        if not problem:
            enqueue_on_commit(PUSH_TASK, partner_id=str(partner_id), intent_id=str(intent.id))
    return intent


def _problem(facts: dict[str, Any]) -> str:
    """Why Stripe can not be asked for this at all, '' when it can."""
    try:
        for name in ("net_minor", "tax_minor", "amount_minor"):
            if name in facts:
                stripe_amount(facts[name], facts["currency"])
    except BadMoney as error:
        return str(error)
    return ""
