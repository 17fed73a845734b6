"""Mail a partner's owners and admins what happened to a host of theirs. Once each."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from tenants import queries, schema
from tenants.accounts.models import User
from tenants.gateways import mail
from tenants.models import DomainClaim
from tenants.resolve import brand_of_partner
from tenants.rules.custom_hosts import custom_host
from tenants.rules.domain_states import SERVED, Cert, Routing, notice

_OLD = timedelta(days=7)  # what ended longer ago is told to nobody
# notice → subject, what happened, what to do
NOTICES: dict[str, tuple[Any, Any, Any]] = {
    "live": (
        _("%(host)s is live"),
        _("Your portal is served under this name, with a certificate of its own."),
        _("Nobody has to act. Keep both DNS records: they are checked every day."),
    ),
    "warning": (
        _("%(host)s: DNS records have changed"),
        _("The daily check did not find the records that it needs. The portal is still served."),
        _("Look at the page below: it says what was found and who has to act. After ten checks in "
          "vain, within about six days, the name is given up."),
    ),
    "moved": (
        _("%(host)s is served no more"),
        _("Its DNS records have not led to us for ten checks, so the name was given up."),
        _("Your portal stays reachable under the address below. To use the name again, add it "
          "anew; it gets a new TXT record."),
    ),
    "unsecured": (
        _("%(host)s: no valid certificate"),
        _("Visitors of this name meet a security warning or no page at all."),
        _("Look at the page below: it says what a visitor's browser is told."),
    ),
    "renewal_21": (
        _("%(host)s: the certificate is not renewed yet"),
        _("It ends in less than three weeks, and should have been renewed by itself."),
        _("Look at the page below, at CAA records above all."),
    ),
    "renewal_7": (
        _("%(host)s: the certificate ends within a week"),
        _("It should have been renewed by itself, and was not."),
        _("Look at the page below, at CAA records above all, and write to us."),
    ),
    "renewal_1": (
        _("%(host)s: the certificate ends tomorrow"),
        _("It should have been renewed by itself, and was not."),
        _("Write to us at once; visitors will meet a security warning."),
    ),
}  # fmt: skip


def tell_partners(*, now: datetime) -> int:
    """Mail the notices that are due; how many claims. Runs in the worker, public schema.

    Safe to repeat: what was told is kept on the claim; a mail that was not taken is tried again.
    """
    claims = DomainClaim.objects.filter(routing__in=[*SERVED, Routing.MOVED])
    told = 0
    for claim in claims.exclude(ended_at__lt=now - _OLD).select_related("partner"):
        due = notice(Routing(claim.routing), Cert(claim.cert), claim.cert_not_after, now,
                     tls=settings.HTTPS)  # fmt: skip
        if due and due != claim.told and mail_notice(claim, due):
            DomainClaim.objects.filter(pk=claim.pk).update(told=due)
            told += 1
    return told


def mail_notice(claim: DomainClaim, due: str) -> bool:
    """Mail one of NOTICES about a claim; False when the server took none. Each call mails."""
    with schema.in_partner(claim.partner):
        people = User.objects.who_get("domains", queries.bounced_addresses(claim.partner_id))
        readers = list(people.values_list("email", "language"))
    brand, home = brand_of_partner(claim.partner_id), queries.site(claim.partner_id)
    if brand is None:
        return True  # nobody is there any more
    host = custom_host(claim.host).shown
    subject, happened, action = NOTICES[due]
    facts = {
        "happened": happened, "action": action, "host": host, "product": brand.product_name,
        "link": f"{home}/manage/domains/{claim.pk}/",
    }  # fmt: skip

    def words() -> tuple[str, str]:
        text = render_to_string("people/domain_notice.txt", facts)
        return str(subject) % {"host": host}, text

    # A partner without owners has nobody to tell; one refused address must not repeat the rest.
    taken = mail.send_each(readers, brand=brand, home=home, words=words)
    return not readers or any(taken)
