"""A mail under the partner's brand to whoever asks for it, to see how it arrives."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from tenants import audit
from tenants.gateways import mail
from tenants.gateways.turns import wait_in_line
from tenants.models import AuditEntry
from tenants.rules.brand import Brand

AN_HOUR = 10
_VERB = "brand.mail_tested"


class TooManyMails(RuntimeError):
    """Enough for this hour."""


def send_test_mail(
    *, partner_id: uuid.UUID, to: str, brand: Brand, home: str, subject: str, text: str,
    now: datetime,
) -> bool:  # fmt: skip
    """Hand it to the mail server; whether it was taken. Raises TooManyMails: ten an hour.

    Each call sends one more: a test is asked for, not repeated by anything.
    """
    hour = AuditEntry.objects.filter(partner_id=partner_id, verb=_VERB,
                                     at__gt=now - timedelta(hours=1))  # fmt: skip
    with transaction.atomic():
        wait_in_line(f"test mails {partner_id}")
        if hour.count() >= AN_HOUR:
            raise TooManyMails
        audit.record(actor=to, verb=_VERB, target=to[:200], at=now, partner_id=partner_id)
    return mail.send(to=to, brand=brand, home=home, subject=subject, text=text)
