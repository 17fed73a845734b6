"""Change where a partner's money goes: asked by one owner, approved by another, then a hold."""

import re
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from billing.actions.connected_accounts import require_ready
from billing.gateways.locks import lock_money
from billing.models import PayoutDetails, PayoutDetailsDecision
from billing.rules.errors import BillingError, WrongState
from billing.rules.payouts import require_second_person
from billing.rules.sealing import seal
from tenants import audit
from tenants.rules.datakeys import parse_kek
from tenants.rules.sayings import Said

HOLD = timedelta(days=3)
_STRIPE_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{8,40}")


class BadPayoutDetails(BillingError):
    """An account that can not be paid to; the message names the member, never the account."""


def ask_payout_details(
    *, partner_id: uuid.UUID, kind: str, holder: str, account: str, bic: str, kek: bytes,
    actor: str, now: datetime,
) -> PayoutDetails:  # fmt: skip
    """Ask for new details: an IBAN (checked by its digits) or a Stripe account. Sealed at rest.

    The caller has made sure of the person a moment ago (step-up). Nothing changes before a second
    owner approves. Raises BadPayoutDetails, WrongState (another change waits, or
    the account is not connected and ready).
    """
    holder = " ".join(holder.split())
    if not 1 < len(holder) <= 70:
        raise BadPayoutDetails(Said("Account holder: 2 to 70 characters, as the bank knows it."))
    account, bic = _checked(kind, account, bic)
    if kind == PayoutDetails.Kind.STRIPE:
        require_ready(partner_id, account)
    with transaction.atomic():
        lock_money(partner_id)
        waiting = PayoutDetails.objects.filter(partner_id=partner_id, decision=None)
        if waiting.exists():
            raise WrongState(
                Said("Another change waits for a second owner. Decide on that one first.")
            )
        details = PayoutDetails.objects.create(
            partner_id=partner_id, kind=kind, holder=holder, masked=masked(account), bic=bic,
            sealed=seal(parse_kek(kek), account, partner_id), asked_by=actor.lower(), asked_at=now,
        )  # fmt: skip
        audit.record(actor=actor, verb="payoutdetails.asked", target=details.masked, at=now,
                     partner_id=partner_id, data={"details": str(details.id)})  # fmt: skip
    return details


def decide_payout_details(
    *, details_id: uuid.UUID, partner_id: uuid.UUID, approve: bool, actor: str, now: datetime,
    hold: timedelta = HOLD,
) -> PayoutDetailsDecision:  # fmt: skip
    """A second owner's decision; approved details can be paid to when `hold` is over.

    Who asked may take the change back, but not approve it. Raises SamePerson, WrongState. Safe to
    repeat: the same decision by the same person is returned.
    """
    with transaction.atomic():
        lock_money(partner_id)
        details = PayoutDetails.objects.filter(pk=details_id, partner_id=partner_id).first()
        if details is None:
            raise WrongState(Said("There is no such change of payout details."))
        known = PayoutDetailsDecision.objects.filter(details=details).first()
        if known is not None:
            if (known.approved, known.decided_by) == (approve, actor.lower()):
                return known
            raise WrongState(
                Said(
                    "%(decided_by)s has decided on this change already.",
                    decided_by=known.decided_by,
                )
            )
        if approve:
            require_second_person(details.asked_by, actor, Said("change of payout details"))
        decision = PayoutDetailsDecision.objects.create(
            partner_id=partner_id, details=details, approved=approve, decided_by=actor.lower(),
            decided_at=now, usable_from=now + hold if approve else None,
        )  # fmt: skip
        verb = "payoutdetails.approved" if approve else "payoutdetails.refused"
        audit.record(actor=actor, verb=verb, target=details.masked, at=now, partner_id=partner_id,
                     data={"details": str(details.id)})  # fmt: skip
    return decision


def masked(account: str) -> str:
    """The first two and the last four characters: enough to know it again."""
    return f"{account[:2]}••••{account[-4:]}"


def _checked(kind: str, account: str, bic: str) -> tuple[str, str]:
    if kind == PayoutDetails.Kind.STRIPE:
        if not _STRIPE_ACCOUNT.fullmatch(account.strip()):
            raise BadPayoutDetails(Said("Stripe account: it begins with acct_."))
        return account.strip(), ""
    if kind != PayoutDetails.Kind.BANK:
        raise BadPayoutDetails(Said("Kind: bank or stripe."))
    try:
        checked = ibans.validate(account)
    except ValidationError as error:
        raise BadPayoutDetails(
            Said("IBAN: it can not be right (%(error)s). Copy it again.", error=error)
        ) from None
    try:
        return checked, bics.validate(bic) if bic.strip() else ""
    except ValidationError as error:
        raise BadPayoutDetails(Said("BIC: it can not be right (%(error)s).", error=error)) from None
