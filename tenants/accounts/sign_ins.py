"""Tries to sign in: written down for their person, never changed, forgotten after a while."""

import uuid
from datetime import datetime, timedelta

from django.db import models

from tenants.rules.ids import uuid7

KEPT = timedelta(days=90)


class SignIn(models.Model):
    """One try to sign in. `person_id` is None where the address is nobody's: then it says nothing
    of who was meant. `how`: `password`, `password_code`, `passkey`, `sso`, `mail` (a code by mail)
    or `mail_code` (and a second factor)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    ok = models.BooleanField()
    how = models.CharField(max_length=15)
    ip = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "accounts_signin"
        indexes = [models.Index(fields=["person_id", "-at"], name="signin_of_person")]


def note_sign_in(
    *, person_id: uuid.UUID | None, ok: bool, how: str, ip: str | None, browser: str, now: datetime
) -> None:
    """Append one row (any schema). Unknown people get one too: both take the same time."""
    SignIn.objects.create(person_id=person_id, at=now, ok=ok, how=how, ip=ip or None,
                          browser=browser[:200])  # fmt: skip


def forget_sign_ins(*, now: datetime) -> int:
    """Remove what is older than KEPT from the schema one is in; how many. Safe to repeat."""
    gone, _ = SignIn.objects.filter(at__lt=now - KEPT).delete()
    return gone
