"""Send a payment back, whichever way it came: by Stripe's worker, or by hand."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.refunds import ask_refund, send_refund
from billing.actions.remote_intents import want_refund
from billing.models import Refund
from billing.rules.payments import STRIPE


def send_back(
    *, key: str, payment_id: uuid.UUID, document_id: uuid.UUID | None, amount_minor: int,
    reason: str, actor: str, now: datetime,
) -> Refund:  # fmt: skip
    """Ask for the refund and begin it: Stripe is told later, money by hand is booked at once.

    Raises what `ask_refund` does. Safe to repeat: one refund per `key`.
    """
    with transaction.atomic():
        refund = ask_refund(
            key=key, payment_id=payment_id, document_id=document_id, amount_minor=amount_minor,
            reason=reason, actor=actor, now=now,
        )  # fmt: skip
        if refund.payment.method == STRIPE:
            want_refund(refund=refund, now=now)
            return refund
        return send_refund(refund_id=refund.id, remote_id="by hand", actor=actor, now=now)
