"""Say in time that a term ends: 180, 90 and 30 days before, once each."""

from datetime import datetime, timedelta

from django.core.mail import send_mail
from django.db import transaction

from billing.models import AgreementVersion, RenewalNotice
from tenants import audit

NOTICE_DAYS = (180, 90, 30)


def give_renewal_notices(*, now: datetime) -> int:
    """Mail whoever prepared the terms whose end comes near; returns how many notices were new.

    Only the latest notice that is due is sent: an agreement of a month does not start with three.
    Safe to repeat: a notice is one row by version and days.
    """
    ending = AgreementVersion.objects.filter(
        approved_at__isnull=False, valid_to__gt=now,
        valid_to__lte=now + timedelta(days=max(NOTICE_DAYS)),
    ).select_related("agreement")  # fmt: skip
    # A version that is followed by another is amended, not ended.
    return sum(_notice(version, now) for version in ending if not _followed(version))


def _followed(version: AgreementVersion) -> bool:
    return version.agreement.versions.filter(
        approved_at__isnull=False, valid_from__gt=version.valid_from
    ).exists()


def _notice(version: AgreementVersion, now: datetime) -> bool:
    assert version.valid_to is not None
    left = version.valid_to - now
    days = min(days for days in NOTICE_DAYS if left <= timedelta(days=days))
    with transaction.atomic():
        _, new = RenewalNotice.objects.get_or_create(
            version=version, days_before=days,
            defaults={"partner_id": version.partner_id, "at": now},
        )  # fmt: skip
        if new:
            audit.record(actor="calendar", verb="agreement.renewal_notice",
                         target=version.agreement.code, at=now, partner_id=version.partner_id,
                         data={"days": days})  # fmt: skip
    if new:
        send_mail(
            f"{version.agreement.name}: the term ends in {left.days} days",
            f"{version.agreement.name} ends on {version.valid_to:%d %B %Y, %H:%M} UTC.\n"
            "Propose an amendment with a new term, or let it end: usage after that is recorded, "
            "but not billed.\n",
            None,
            [version.created_by],
            fail_silently=True,
        )
    return new
