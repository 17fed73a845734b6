"""Celery's way in to the ground storey: one call each."""

import uuid

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from tenants.actions import (
    domain_checks,
    domain_notices,
    holding_pages,
    looks,
    senders,
    serve_hosts,
)
from tenants.gateways import tls
from tenants.gateways.dns import Dns
from tenants.gateways.served_hosts import HostsUnavailable, ServedHosts
from tenants.rules.domain_states import CertSeen
from tenants.tasking import PartnerTask


@shared_task(name="tenants.check_domain", base=PartnerTask)
def check_domain(*, partner_id: str, claim_id: str) -> str:
    """Ask DNS about one claimed host, and for its certificate where pages are served by https."""
    dns = Dns(settings.DNS_SERVERS)

    def shake(host: str, target: str) -> CertSeen:
        # Whoever decides about certificates must know the host before it is asked for one.
        serve_hosts.publish_hosts(store=ServedHosts(settings.EVENTS_URL))
        return tls.visit(host, dns.addresses(target), settings.TLS_PROBE_ADDRESS,
                         ca_file=settings.TLS_PROBE_CA_FILE)  # fmt: skip

    claim = domain_checks.check_claim(
        claim_id=uuid.UUID(claim_id), dns=dns, tls=shake if settings.HTTPS else None,
        now=timezone.now(),
    )  # fmt: skip
    return claim.routing if claim else "nothing to check"


@shared_task(name="tenants.sweep_domains")
def sweep_domains() -> int:
    """Queue the looks at claimed hosts and addresses for mails that are due."""
    now = timezone.now()
    return domain_checks.sweep_claims(now=now) + senders.sweep_senders(now=now)


@shared_task(name="tenants.check_sender", base=PartnerTask)
def check_sender(*, partner_id: str, sender_id: str) -> str:
    """Ask DNS about one address for mails."""
    row = senders.check_sender(
        sender_id=uuid.UUID(sender_id), dns=Dns(settings.DNS_SERVERS), now=timezone.now()
    )
    return row.state if row else "nothing to check"


@shared_task(name="tenants.tell_partners")
def tell_partners() -> int:
    """Mail what happened to claimed hosts."""
    return domain_notices.tell_partners(now=timezone.now())


@shared_task(name="tenants.publish_hosts", autoretry_for=(HostsUnavailable,), max_retries=1)
def publish_hosts() -> int:
    """Write down which hosts are served."""
    return serve_hosts.publish_hosts(store=ServedHosts(settings.EVENTS_URL))


@shared_task(name="tenants.write_holding_pages")
def write_holding_pages() -> int:
    """Write what visitors see while the portal itself is gone."""
    return holding_pages.write_holding_pages(folder=settings.HOLDING_DIR)


@shared_task(name="tenants.close_looks")
def close_looks() -> int:
    """End looks of support at partners' portals whose time is over."""
    return looks.close_expired(now=timezone.now())
