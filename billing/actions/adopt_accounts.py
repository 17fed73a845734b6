"""Stripe accounts that partners named before they could connect them here are taken over."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing.actions.connected_accounts import keep_account
from billing.gateways.stripe_api import Refused, Stripe
from billing.models import ConnectedAccount, PayoutDetails
from billing.rules.sealing import CannotOpen, unseal
from tenants import audit
from tenants.rules.datakeys import parse_kek

READY, NOT_READY = "ready", "not ready: Stripe still asks its owner for facts"
KNOWN = "connected already"


@dataclass(frozen=True)
class Adopted:
    """One account as asked for: masked, and what became of it."""

    partner_id: uuid.UUID
    masked: str
    outcome: str


def adopt_accounts(*, stripe: Stripe, kek: bytes, actor: str, now: datetime) -> list[Adopted]:
    """Connect every approved `acct_…` of payout details that Stripe shows as an account of ours.

    Payout details stay as two owners approved them; an account that another partner has, or that
    Stripe does not show us, stays out and its outcome says why. Safe to repeat.
    """
    rows = PayoutDetails.objects.filter(kind=PayoutDetails.Kind.STRIPE, decision__approved=True)
    return [
        Adopted(row.partner_id, row.masked, _adopt(row, stripe, kek, actor, now))
        for row in rows.order_by("asked_at", "id")
    ]


def _adopt(row: PayoutDetails, stripe: Stripe, kek: bytes, actor: str, now: datetime) -> str:
    try:
        account = unseal(parse_kek(kek), bytes(row.sealed), row.partner_id)
    except CannotOpen as error:
        return str(error)
    known = ConnectedAccount.objects.filter(remote_id=account).first()
    if known is not None:
        return KNOWN if known.partner_id == row.partner_id else "another partner has this account"
    try:
        remote = stripe.fetch("accounts", account)
    except Refused as error:
        return f"Stripe does not show it to us: {error}"
    with transaction.atomic():
        kept = keep_account(partner_id=row.partner_id, remote=remote, now=now)
        audit.record(actor=actor, verb="payoutaccount.adopted", target=row.masked, at=now,
                     partner_id=row.partner_id, data={"details": str(row.id)})  # fmt: skip
    return READY if kept.payouts_enabled else NOT_READY
