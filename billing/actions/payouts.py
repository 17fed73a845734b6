"""Pay partners out: claim statements, two people, send, settle; what fails is free again once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.actions.document_events import record_document_event
from billing.actions.post import Source, post_entries
from billing.gateways.locks import lock_money
from billing.models import (
    Agreement,
    Document,
    JournalEntry,
    Payout,
    PayoutClaim,
    PayoutDetails,
    PayoutEvent,
)
from billing.queries.calendar import open_date
from billing.queries.payouts import Claimable, changing_details, claimable, usable_details
from billing.rules.errors import BillingError, WrongState
from billing.rules.money import Money
from billing.rules.money_text import format_money
from billing.rules.payments import BANK, STRIPE, payout_entry
from billing.rules.payouts import (
    FAILED,
    GAVE_BACK,
    NEEDS_REASON,
    SENT,
    SETTLED,
    next_state,
    require_second_person,
)
from billing.rules.status import PAID
from tenants import audit, switches
from tenants.rules.ids import uuid7
from tenants.rules.sayings import Said
from tenants.rules.switches import PAYOUTS_HELD

METHODS = {PayoutDetails.Kind.BANK: BANK, PayoutDetails.Kind.STRIPE: STRIPE}


class UnknownPayout(BillingError):
    """No payout with this id."""


@dataclass(frozen=True)
class Prepared:
    """What `prepare_payouts` made, and what it left out with the reason."""

    payouts: tuple[Payout, ...]
    left_out: tuple[tuple[Agreement, str], ...]


def prepare_payouts(
    *, actor: str, now: datetime, agreement_ids: Sequence[uuid.UUID] | None = None
) -> Prepared:
    """One payout per agreement whose last statement is payable, claiming all unclaimed statements.

    Below the minimum payout the statement itself carries forward, and so does this. A partner
    without usable details gets a held payout. Safe to repeat and to run twice at once: a statement
    is claimed by one payout.
    """
    rows = Agreement.objects.filter(runs__documents__kind=Document.Kind.PAYOUT_STATEMENT).distinct()
    if agreement_ids is not None:
        rows = rows.filter(pk__in=agreement_ids)
    made, left_out = [], []
    for agreement in rows.order_by("code"):
        with transaction.atomic():
            lock_money(agreement.partner_id)
            found = claimable(agreement.id)
            problem = _problem(found)
            if problem:
                left_out.append((agreement, problem))
            elif found.statements and found.payable and found.amount_minor > 0:
                made.append(_claim(agreement, found, actor, now))
    return Prepared(tuple(made), tuple(left_out))


def approve_payouts(*, payout_ids: Sequence[uuid.UUID], actor: str, now: datetime) -> list[Payout]:
    """A second person releases payouts, all or none, to the details that are usable now.

    Raises SamePerson, WrongState (also: no usable details, or a change of them waits).
    """
    with transaction.atomic():
        payouts = [locked_payout(payout_id) for payout_id in sorted(set(payout_ids))]
        for payout in payouts:
            require_second_person(payout.prepared_by, actor, Said("payout"))
            details = _details(payout, now)
            method = METHODS[PayoutDetails.Kind(details.kind)]
            move_payout(payout, "approve", actor=actor, now=now, approved_by=actor.lower(),
                        details=details, method=method)  # fmt: skip
    return payouts


def hold_payout(*, payout_id: uuid.UUID, reason: str, actor: str, now: datetime) -> Payout:
    """Stop a payout that is not sent yet. Raises WrongState."""
    return _do(payout_id, "hold", reason, actor, now, approved_by="")


def release_payout(*, payout_id: uuid.UUID, actor: str, now: datetime) -> Payout:
    """Let a held payout wait for approval again. Raises WrongState."""
    return _do(payout_id, "release", "", actor, now)


def cancel_payout(*, payout_id: uuid.UUID, reason: str, actor: str, now: datetime) -> Payout:
    """Give its statements back before anything was sent. Raises WrongState."""
    return _do(payout_id, "cancel", reason, actor, now)


def fail_payout(*, payout_id: uuid.UUID, reason: str, actor: str, now: datetime) -> Payout:
    """The bank or Stripe refused what was sent: we owe it again. Raises WrongState."""
    return _do(payout_id, "fail", reason, actor, now)


def reverse_payout(*, payout_id: uuid.UUID, reason: str, actor: str, now: datetime) -> Payout:
    """Settled money came back: we owe it again. Raises WrongState."""
    return _do(payout_id, "reverse", reason, actor, now)


def settle_payout(*, payout_id: uuid.UUID, actor: str, now: datetime) -> Payout:
    """The money arrived. Raises WrongState. Safe to repeat: a settled payout is returned."""
    return _do(payout_id, "settle", "", actor, now, already=SETTLED)


def send_payout(*, payout_id: uuid.UUID, remote_id: str, actor: str, now: datetime) -> Payout:
    """The order is given (a file, a transfer): posted, and the statements are paid.

    Raises WrongState, also while payouts are held. Safe to repeat: a sent payout is returned.
    """
    with transaction.atomic():
        payout = locked_payout(payout_id)
        if payout.sent_at is not None:
            return payout
        require_not_held(payout.partner_id, now)
        return move_payout(payout, "send", actor=actor, now=now, sent_at=now, remote_id=remote_id)


def require_not_held(partner_id: uuid.UUID, now: datetime) -> None:
    """Raises WrongState while an operator holds this partner's payouts, or all."""
    held = switches.switch_on(PAYOUTS_HELD, partner_id, now)
    if held is not None:
        raise WrongState(
            Said(
                "Payouts are held since %(set_at)s UTC: %(reason)s",
                set_at=f"{held.set_at:%Y-%m-%d %H:%M}",
                reason=held.reason,
            )
        )


def locked_payout(payout_id: uuid.UUID) -> Payout:
    """The payout, locked until the transaction ends. Raises UnknownPayout."""
    rows = Payout.objects.select_for_update(of=("self",)).select_related("details")
    payout = rows.filter(pk=payout_id).first()
    if payout is None:
        raise UnknownPayout(Said("There is no payout %(payout_id)s.", payout_id=payout_id))
    return payout


def move_payout(
    payout: Payout, verb: str, *, actor: str, now: datetime, reason: str = "", **changes: Any
) -> Payout:
    """Do one verb of the state table to a locked payout, with all that follows from it."""
    if verb in NEEDS_REASON and not reason.strip():
        raise WrongState(Said("Say why: a reason is needed to %(verb)s a payout.", verb=verb))
    payout.state = next_state(payout.state, verb)
    payout.reason, payout.changed_at = reason.strip(), now
    for name, value in changes.items():
        setattr(payout, name, value)
    payout.save(update_fields=["state", "reason", "changed_at", *changes])
    _post(payout, now)
    if payout.state in GAVE_BACK:
        payout.claims.filter(released_at=None).update(released_at=now)
    if payout.state == SENT or (payout.sent_at is not None and payout.state in GAVE_BACK):
        _mark_paid(payout, actor, now)
    PayoutEvent.objects.create(partner_id=payout.partner_id, payout=payout, state=payout.state,
                               step=payout.events.count() + 1, actor=actor, reason=payout.reason,
                               at=now)  # fmt: skip
    audit.record(actor=actor, verb=f"payout.{verb}", target=payout.reference, at=now,
                 partner_id=payout.partner_id, data={"reason": payout.reason})  # fmt: skip
    return payout


def _do(
    payout_id: uuid.UUID, verb: str, reason: str, actor: str, now: datetime, already: str = "",
    **changes: Any,
) -> Payout:  # fmt: skip
    with transaction.atomic():
        payout = locked_payout(payout_id)
        if already and payout.state == already:
            return payout
        return move_payout(payout, verb, actor=actor, now=now, reason=reason, **changes)


def _problem(found: Claimable) -> str:
    """Why the books forbid a payout, '' when they agree: no sum is paid that they do not show."""
    if found.amount_minor == found.balance_minor:
        return ""
    return Said(
        "Its unclaimed statements earned %(earned)s, but the balance is %(balance)s: something was "
        "paid beside the payouts.",
        earned=format_money(Money(found.amount_minor, found.currency)),
        balance=format_money(Money(found.balance_minor, found.currency)),
    )


def _claim(agreement: Agreement, found: Claimable, actor: str, now: datetime) -> Payout:
    number = uuid7()
    details = usable_details(agreement.partner_id, now)
    payout = Payout.objects.create(
        id=number, partner_id=agreement.partner_id, agreement=agreement, details=details,
        reference=f"PO{number.hex[-12:]}".upper(), currency=found.statements[-1][0].currency,
        method=METHODS[PayoutDetails.Kind(details.kind)] if details else BANK,
        amount_minor=found.amount_minor, prepared_by=actor.lower(), prepared_at=now, changed_at=now,
    )  # fmt: skip
    PayoutClaim.objects.bulk_create(
        PayoutClaim(partner_id=agreement.partner_id, payout=payout, document=document,
                    amount_minor=amount)
        for document, amount in found.statements
    )  # fmt: skip
    PayoutEvent.objects.create(partner_id=agreement.partner_id, payout=payout, state=payout.state,
                               step=1, actor=actor, at=now)  # fmt: skip
    audit.record(actor=actor, verb="payout.prepared", target=payout.reference, at=now,
                 partner_id=agreement.partner_id, data={"amount_minor": payout.amount_minor,
                                                        "currency": payout.currency})  # fmt: skip
    if details is None:
        why = Said("The partner has no payout details that can be used yet.")
        move_payout(payout, "hold", actor=actor, now=now, reason=why)
    return payout


def _details(payout: Payout, now: datetime) -> PayoutDetails:
    details = usable_details(payout.partner_id, now)
    if details is None:
        raise WrongState(
            Said(
                "%(reference)s: the partner has no usable payout details.",
                reference=payout.reference,
            )
        )
    if changing_details(payout.partner_id, now):
        raise WrongState(
            Said(
                "%(reference)s: the partner's payout details are being changed. Hold it, or wait "
                "until the change is decided and its hold is over.",
                reference=payout.reference,
            )
        )
    return details


def _post(payout: Payout, now: datetime) -> None:
    was_sent = payout.sent_at is not None
    step = payout.state if was_sent else ""
    if payout.state in (SENT, SETTLED, *GAVE_BACK) and step:
        source = f"payout {payout.id} {step}"
        entries = payout_entry(step, payout.method, payout.amount_minor, payout.currency,
                               f"payout {payout.reference}")  # fmt: skip
        reverses = None
        if step == FAILED:
            reverses = JournalEntry.objects.filter(source=f"payout {payout.id} {SENT}").first()
        post_entries(
            entries=[(Source(source, payout.partner_id, reverses=reverses), one)
                     for one in entries],
            accounting_date=open_date(now.date()), now=now,
        )  # fmt: skip


def _mark_paid(payout: Payout, actor: str, now: datetime) -> None:
    """Say on the newest claimed statement that its balance was paid, or came back."""
    newest = payout.claims.order_by("-document__period_start", "-document__issued_at").first()
    if newest is None:
        raise UnknownPayout(
            Said("Payout %(reference)s claims no statement.", reference=payout.reference)
        )
    sign = -1 if payout.state in GAVE_BACK else 1
    record_document_event(
        document_id=newest.document_id, kind=PAID, amount_minor=sign * payout.amount_minor,
        source_id=f"payout {payout.id} {payout.state}", actor=actor, now=now,
    )  # fmt: skip
