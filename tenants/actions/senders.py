"""A partner's own address for mails: asked for, looked at, ended.

`claim_sender`, `ask_sender_check` and `end_sender` in the partner's scope; the looks in the worker.
"""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import IntegrityError, transaction

from tenants import audit, resolve
from tenants.models import SenderAddress
from tenants.queries.senders import wanted_of
from tenants.rules import sealing
from tenants.rules.datakeys import parse_kek
from tenants.rules.ids import uuid7
from tenants.rules.senders import (
    LOOKED_AT,
    PURPOSE,
    SenderSeen,
    SenderStanding,
    Sending,
    Wanted,
    after_sender_check,
    next_sender_check,
    parse_address,
    sender_findings,
    sender_verdict,
)
from tenants.senders import new_key
from tenants.tasking import enqueue_on_commit

ACTOR = "sender check"
CHECK_TASK = "tenants.check_sender"
CHECK_AGAIN_AFTER = timedelta(seconds=20)
_LEASE = timedelta(minutes=2)
_PER_SWEEP = 50


class SenderRefused(ValueError):
    """Nothing was changed; `code`: has_one, unknown."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LooksAtSenders(Protocol):
    """What DNS says: `tenants.gateways.dns.Dns`."""

    def look_sender(self, wanted: Wanted) -> SenderSeen:
        """The records of an address."""


def claim_sender(*, partner_id: uuid.UUID, text: str, actor: str, now: datetime) -> SenderAddress:
    """Ask for mails to come from an address, with a key that was never used before.

    Raises AddressRefused for one nobody may bring, SenderRefused (has_one). Safe to repeat: the
    second is refused.
    """
    address, domain = parse_address(text, platform_domain=settings.PLATFORM_DOMAIN)
    private, public = new_key()
    row_id = uuid7()
    try:
        with transaction.atomic():
            row = SenderAddress.objects.create(
                id=row_id, partner_id=partner_id, address=address, domain=domain,
                selector=f"ac{secrets.token_hex(6)}", public_key=public,
                private_key=sealing.seal(parse_kek(settings.KEK), private, row_id, PURPOSE),
                created_by=actor, created_at=now,
            )  # fmt: skip
            _log(row, "brand.sender_asked", actor, now)
    except IntegrityError as error:
        raise SenderRefused("has_one") from error
    return row


def ask_sender_check(*, partner_id: uuid.UUID, now: datetime) -> bool:
    """Have DNS looked at now, at most every 20 seconds; whether it was asked for."""
    with transaction.atomic():
        row = _locked(partner_id)
        if row.asked_at is not None and now - row.asked_at < CHECK_AGAIN_AFTER:
            return False
        row.asked_at = row.next_check_at = now
        row.save(update_fields=["asked_at", "next_check_at"])
        enqueue_on_commit(CHECK_TASK, partner_id=str(partner_id), sender_id=str(row.pk))
    return True


def end_sender(*, partner_id: uuid.UUID, actor: str, now: datetime) -> bool:
    """Mails come from our address again, at once. False when there was none."""
    with transaction.atomic():
        try:
            row = _locked(partner_id)
        except SenderRefused:
            return False
        row.state, row.ended_at, row.next_check_at = Sending.ENDED, now, None
        row.save(update_fields=["state", "ended_at", "next_check_at"])
        _log(row, "brand.sender_ended", actor, now)
    resolve.forget()
    return True


def check_sender(
    *, sender_id: uuid.UUID, dns: LooksAtSenders, now: datetime
) -> SenderAddress | None:
    """Ask DNS and write down what that means; None when there is nothing to look for.

    Safe to repeat: a further look at the same world leaves the same state.
    """
    found = SenderAddress.objects.filter(pk=sender_id, state__in=LOOKED_AT).first()
    if found is None:
        return None
    seen = dns.look_sender(wanted_of(found))
    with transaction.atomic():
        row = SenderAddress.objects.select_for_update(of=("self",)).get(pk=sender_id)
        if row.state == Sending.ENDED:  # given up while we looked
            return row
        before = SenderStanding(Sending(row.state), row.failures, row.tries)
        after = after_sender_check(before, sender_verdict(sender_findings(seen, wanted_of(row))))
        row.state, row.failures, row.tries = after.state, after.failures, after.tries
        row.seen, row.checked_at = seen.as_json(), now
        if after.state is Sending.VERIFIED:
            row.verified_at = row.verified_at or now
        pause = next_sender_check(after)
        row.next_check_at = now + pause if pause else None
        row.save()
        if after.state is not before.state:
            _log(row, f"brand.sender_{after.state}", ACTOR, now)
    return row


def sweep_senders(*, now: datetime) -> int:
    """Queue the looks that are due."""
    due = SenderAddress.objects.filter(state__in=LOOKED_AT, next_check_at__lte=now)
    rows = list(due.order_by("next_check_at").values_list("pk", "partner_id")[:_PER_SWEEP])
    for sender_id, partner_id in rows:
        # A lease: whoever does the look sets the real time; a lost task is found again.
        due.filter(pk=sender_id).update(next_check_at=now + _LEASE)
        enqueue_on_commit(CHECK_TASK, partner_id=str(partner_id), sender_id=str(sender_id))
    return len(rows)


def rewrap_sender_keys(*, kek: bytes) -> int:
    """Every key under the first platform key (owner); how many were changed. Repeatable."""
    several, done = parse_kek(kek), 0
    for row in SenderAddress.objects.all():
        found = sealing.resealed(several, bytes(row.private_key), row.id, PURPOSE)
        if found is not None:
            done += SenderAddress.objects.filter(pk=row.pk).update(private_key=found)
    return done


def _locked(partner_id: uuid.UUID) -> SenderAddress:
    rows = SenderAddress.objects.select_for_update(of=("self",)).filter(partner_id=partner_id)
    row: SenderAddress | None = rows.filter(state__in=LOOKED_AT).first()
    if row is None:
        raise SenderRefused("unknown")
    return row


def _log(row: SenderAddress, verb: str, actor: str, now: datetime) -> None:
    audit.record(actor=actor, verb=verb, target=row.address[:200], at=now,
                 partner_id=row.partner_id)  # fmt: skip
