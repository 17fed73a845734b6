"""Say in time that a term ends: 180, 90 and 30 days before, once each."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import AgreementVersion, RenewalNotice
from tenants import audit
from tenants.gateways.mail import send_each
from tenants.resolve import CONSOLE

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
        _row, new = RenewalNotice.objects.get_or_create(
            version=version, days_before=days,
            defaults={"partner_id": version.partner_id, "at": now},
        )  # fmt: skip
        if new:
            audit.record(actor="calendar", verb="agreement.renewal_notice",
                         target=version.agreement.code, at=now, partner_id=version.partner_id,
                         data={"days": days})  # fmt: skip
    if new:
        tell_of_end(version, left.days)
    return new


def tell_of_end(version: AgreementVersion, days: int) -> None:
    """Mail that a term ends in so many days. Each call mails.

    Whoever prepared the terms is of ours: in our look, with the way to the console's page.
    """
    link = f"{settings.CONSOLE_URL}/agreements/{version.agreement_id}/"
    facts = {"name": version.agreement.name, "days": days,
             "end": f"{version.valid_to:%Y-%m-%d %H:%M}"}  # fmt: skip

    def words() -> tuple[str, str]:
        text = _("%(name)s ends on %(end)s UTC. Propose an amendment with a new term, or let it "
                 "end: usage after that is recorded, but not billed.") % facts  # fmt: skip
        signed = f"{text}\n\n{link}\n\n{CONSOLE.brand.product_name}\n"
        return _("%(name)s: the term ends in %(days)s days") % facts, signed

    send_each([(version.created_by, "")], brand=CONSOLE.brand, home=settings.CONSOLE_URL,
              words=words)  # fmt: skip
