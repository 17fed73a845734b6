"""What the outside would have answered: DNS about hosts and an address, receivers of webhooks.

The actions are those of pages and worker; only the answers are the demo's, since the names and
receivers are invented. The worker asks the real DNS from then on, and may find them gone.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from cache_api.actions.hooks.deliver import note_attempt
from cache_api.actions.hooks.endpoints import add_endpoint
from cache_api.actions.hooks.events import keep_events, replay
from cache_api.gateways.receivers import Answer
from cache_api.models import Customer, HookDelivery, HookEndpoint
from portal.demo.steps import ACTOR, Calendar
from portal.queries.facts import facts_since
from tenants import schema
from tenants.actions.domain_checks import check_claim
from tenants.actions.domains import ask_check, claim_host
from tenants.actions.senders import ask_sender_check, check_sender, claim_sender
from tenants.models import DomainClaim, Partner, SenderAddress
from tenants.rules.custom_hosts import CustomHost
from tenants.rules.dns_findings import Reply, Seen
from tenants.rules.senders import SenderSeen, Wanted

WHOSE, CUSTOMER = "redis-labs", "acme-corp"
_NONE, _OURS = Reply("nodata"), Reply("ok", ("192.0.2.10",))
# host → whether its TXT record is there, and where its CNAME leads ('' to us, None: there is none).
HOSTS: dict[str, tuple[bool, str | None]] = {
    "cache.redis-edge-demo.com": (True, ""),
    "ai.redis-edge-demo.com": (True, "cdn.redis-edge-demo.net"),
    "cache.redis-edge-demo.de": (False, None),
}
UNASKED = "cache.redis-edge-demo.io"
ADDRESS = "portal@redis-edge-demo.com"
TYPES = ("key.created", "domain.verified", "invoice.issued", "statement.issued", "payout.paid")
RECEIVERS = (
    ("https://hooks.redis-edge-demo.com/agentcache", "Billing system", 200, ""),
    ("https://ops.redis-edge-demo.com/webhooks", "On-call bridge (fails)", 502, "Bad gateway"),
)  # fmt: skip


@dataclass(frozen=True)
class StagedDns:
    """Answers as `tenants.gateways.dns.Dns` does."""

    token: str = ""

    def look(self, host: CustomHost, target: str) -> Seen:
        """What HOSTS says of a host."""
        proved, leads = HOSTS[host.host]
        chain = {None: _NONE, "": Reply("ok", (target,))}.get(leads, Reply("ok", (leads or "",)))
        return Seen(txt=Reply("ok", (self.token,)) if proved else _NONE, cname=chain, caa=_NONE,
                    addresses=_NONE if leads is None else _OURS,
                    target_addresses=_OURS)  # fmt: skip

    def look_sender(self, wanted: Wanted) -> SenderSeen:
        """Records as they should be, but for the policy, which is missing."""
        return SenderSeen(Reply("ok", (wanted.dkim_value,)),
                          Reply("ok", (f"v=spf1 include:{wanted.spf_domain} ~all",)), _NONE,
                          (wanted.spf_domain,))  # fmt: skip


def answer(*, partners: dict[str, Partner], calendar: Calendar, kek: bytes) -> None:
    """Hosts in several states, an address for mails, two endpoints. Safe to repeat."""
    partner = partners[WHOSE]
    bring_hosts(partner, calendar)
    bring_address(partner, calendar)
    with schema.in_partner(partner):
        if not HookEndpoint.objects.exists():
            tell_receivers(partner, calendar, kek)


def bring_hosts(partner: Partner, calendar: Calendar) -> None:
    """One live, one that leads elsewhere, one without records, one not checked yet."""
    now = calendar.now
    if DomainClaim.objects.filter(partner_id=partner.id).exists():
        return
    with schema.in_partner(partner):
        claim_host(partner_id=partner.id, text=UNASKED, actor=ACTOR, now=now)
    for host in HOSTS:
        with schema.in_partner(partner):
            claim = claim_host(partner_id=partner.id, text=host, actor=ACTOR, now=now)
            ask_check(partner_id=partner.id, claim_id=claim.pk, now=now)
        check_claim(claim_id=claim.pk, dns=StagedDns(claim.token), tls=None, now=now)


def bring_address(partner: Partner, calendar: Calendar) -> None:
    """Mails of the partner come from its own domain, signed."""
    if SenderAddress.objects.filter(partner_id=partner.id).exists():
        return
    with schema.in_partner(partner):
        row = claim_sender(partner_id=partner.id, text=ADDRESS, actor=ACTOR, now=calendar.now)
        ask_sender_check(partner_id=partner.id, now=calendar.now)
    check_sender(sender_id=row.pk, dns=StagedDns(), now=calendar.now)


def tell_receivers(partner: Partner, calendar: Calendar, kek: bytes) -> None:
    """The facts of the last days, taken by one receiver and refused by the other."""
    ends = {}
    for url, label, status, text in RECEIVERS:
        row, _secret = add_endpoint(partner_id=partner.id, customer=None, url=url, label=label,
                                    types=TYPES, loopback=False, kek=kek, actor=ACTOR,
                                    now=calendar.now - timedelta(days=3))  # fmt: skip
        ends[row.id] = (status, text)
    acme = Customer.objects.filter(external_id=CUSTOMER).values_list("id", flat=True).first()
    if acme is not None:
        add_endpoint(partner_id=partner.id, customer=acme, label="Usage bot",
                     types=("key.created",), url="https://acme-edge-demo.com/hook",
                     loopback=False, kek=kek, actor=ACTOR,
                     now=calendar.now)  # fmt: skip
    since = uuid.UUID(int=int((calendar.now - timedelta(days=2)).timestamp() * 1000) << 80)
    keep_events(facts=facts_since(partner.id, since), now=calendar.now)
    for row in HookEndpoint.objects.filter(id__in=ends):  # also what was an event before them
        replay(endpoint=row, start=calendar.now - timedelta(days=2),
               end=calendar.now + timedelta(hours=1), now=calendar.now)  # fmt: skip
    due = HookDelivery.objects.filter(endpoint_id__in=ends).order_by("event__at", "id")
    for nth, row in enumerate(due):
        status, text = ends[row.endpoint_id]
        note_attempt(delivery_id=row.id, now=calendar.now - timedelta(minutes=20 - nth % 20),
                     answer=Answer(status, 38 + 7 * nth % 50, text))  # fmt: skip
