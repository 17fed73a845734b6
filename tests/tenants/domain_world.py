"""Two partners, one name server, and the three processes that touch a domain, by their logins."""

from django.utils import timezone

from tenants import resolve, schema
from tenants.actions import domain_checks, domains
from tenants.gateways.dns import Dns
from tenants.models import DomainClaim
from tenants.rules.custom_hosts import custom_host

HOST = "cache.shop.com"
NOW = timezone.now()
OURS = "192.0.2.10"


class World:
    """Two partners, one name server, and a certificate that a handshake would show."""

    def __init__(self, database, partners, zone, address):
        self.database, self.partners, self.zone = database, partners, zone
        self.dns = Dns([address], 1.0)
        self.tls = None

    def claim(self, partner, host=HOST):
        self.database.login("web")
        with schema.in_partner(partner):
            row = domains.claim_host(partner_id=partner.id, text=host, actor="ann", now=NOW)
            domains.ask_check(partner_id=partner.id, claim_id=row.pk, now=NOW)
        return row

    def do(self, verb, claim, now=NOW, **more):
        self.database.login("web")
        with schema.in_partner(claim.partner):
            return verb(partner_id=claim.partner_id, claim_id=claim.pk, now=now, **more)

    def set_records(self, *claims, target_of=None):
        host = claims[0].host
        self.zone.set(custom_host(host).challenge, "TXT", *(f'"{c.token}"' for c in claims))
        self.zone.set(host, "CNAME", f"{(target_of or claims[0]).target}.")
        for claim in claims:
            self.zone.set(claim.target, "A", OURS)

    def check(self, claim, now=NOW):
        self.database.login("settle")
        domain_checks.check_claim(claim_id=claim.pk, dns=self.dns, tls=self.tls, now=now)
        return DomainClaim.objects.get(pk=claim.pk)

    def live(self, partner, host=HOST):
        claim = self.claim(partner, host)
        self.set_records(claim)
        return self.check(claim)

    def owner_of(self, host=HOST):
        self.database.login("web")
        resolve.forget()
        try:
            return resolve.resolve_host(host).slug
        except resolve.UnknownHost:
            return None

    def state(self, claim):
        row = DomainClaim.objects.get(pk=claim.pk)
        return row.routing, row.cert
