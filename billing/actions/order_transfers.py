"""Order approved payouts to connected Stripe accounts: an intent each, and they are sent."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from billing.actions.connected_accounts import require_ready
from billing.actions.payouts import locked_payout, send_payout
from billing.actions.remote_intents import want_transfer
from billing.models import Payout
from billing.queries.payouts import changing_details
from billing.rules.errors import WrongState
from billing.rules.payouts import APPROVED, SENT
from billing.rules.sealing import unseal
from tenants.rules.datakeys import parse_kek
from tenants.rules.sayings import Said


def order_transfers(
    *, payout_ids: Sequence[uuid.UUID], kek: bytes, actor: str, now: datetime
) -> list[Payout]:
    """Send approved payouts by Stripe Connect: the worker pushes the transfers, all or none.

    Raises WrongState, CannotOpen. Safe to repeat: a payout has one intent for ever.
    """
    with transaction.atomic():
        return [_order(locked_payout(one), kek, actor, now) for one in sorted(set(payout_ids))]


def _order(payout: Payout, kek: bytes, actor: str, now: datetime) -> Payout:
    if payout.state == SENT:
        return payout
    if payout.state != APPROVED:
        raise WrongState(
            Said(
                "%(reference)s is %(state)s: only approved payouts are sent.",
                reference=payout.reference,
                state=payout.state,
            )
        )
    if changing_details(payout.partner_id, now):
        raise WrongState(
            Said(
                "%(reference)s: the partner's payout details are being changed.",
                reference=payout.reference,
            )
        )
    if payout.details is None:
        raise WrongState(Said("%(reference)s has no payout details.", reference=payout.reference))
    account = unseal(parse_kek(kek), bytes(payout.details.sealed), payout.partner_id)
    require_ready(payout.partner_id, account)
    intent = want_transfer(payout=payout, account=account, now=now)
    return send_payout(payout_id=payout.id, remote_id=str(intent.id), actor=actor, now=now)
