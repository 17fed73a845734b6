"""Order approved bank payouts at our bank: one pain.001 file, and they are sent."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing.actions.payouts import locked_payout, send_payout
from billing.gateways.pain001 import CannotExport, Debtor, Transfer, pain001
from billing.models import Payout, PayoutDetails
from billing.queries.payouts import changing_details
from billing.rules.errors import WrongState
from billing.rules.payouts import APPROVED, SENT
from billing.rules.sealing import unseal
from tenants.rules.datakeys import parse_kek
from tenants.rules.sayings import Said


@dataclass(frozen=True)
class Order:
    """A file for the bank."""

    name: str
    content: bytes


def export_payouts(
    *, payout_ids: Sequence[uuid.UUID], debtor: Debtor, kek: bytes, actor: str, now: datetime
) -> Order:
    """The order for these approved bank payouts, of one currency; they are sent then, all or none.

    Raises CannotExport, WrongState, CannotOpen. Safe to repeat: the same set gives a file with the
    same message id, which a bank takes once, and nothing moves again.
    """
    if not debtor.iban:
        raise CannotExport(
            Said("Our own account is not known: set PLATFORM_IBAN (and PLATFORM_BIC).")
        )
    ids = sorted(set(payout_ids))
    if not ids:
        raise CannotExport(Said("No payout was chosen. Choose approved payouts to bank accounts."))
    message_id = "AC" + hashlib.sha256("".join(map(str, ids)).encode()).hexdigest()[:30]
    with transaction.atomic():
        payouts = [locked_payout(payout_id) for payout_id in ids]
        transfers = [_transfer(payout, message_id, kek, now) for payout in payouts]
        content = pain001(debtor=debtor, transfers=transfers, execution_date=now.date(),
                          message_id=message_id)  # fmt: skip
        for payout in payouts:
            send_payout(payout_id=payout.id, remote_id=message_id, actor=actor, now=now)
    return Order(f"payouts-{message_id}.xml", content)


def _transfer(payout: Payout, message_id: str, kek: bytes, now: datetime) -> Transfer:
    details = payout.details
    if details is None or details.kind != PayoutDetails.Kind.BANK:
        raise CannotExport(
            Said("%(reference)s does not go to a bank account.", reference=payout.reference)
        )
    ordered_here = payout.state == SENT and payout.remote_id == message_id
    if payout.state != APPROVED and not ordered_here:
        raise WrongState(
            Said(
                "%(reference)s is %(state)s: only approved payouts are sent.",
                reference=payout.reference,
                state=payout.state,
            )
        )
    if not ordered_here and changing_details(payout.partner_id, now):
        raise WrongState(
            Said(
                "%(reference)s: the partner's payout details are being changed.",
                reference=payout.reference,
            )
        )
    iban = unseal(parse_kek(kek), bytes(details.sealed), payout.partner_id)
    return Transfer(payout.reference, details.holder, iban, details.bic, payout.amount_minor,
                    payout.currency, f"Payout {payout.reference}")  # fmt: skip
