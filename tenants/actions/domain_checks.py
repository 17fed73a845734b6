"""Look at a claimed host and write down what that means. Runs in the worker, public schema."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import IntegrityError, transaction

from tenants import audit
from tenants.actions.domains import CHECK_TASK, stop_serving
from tenants.models import Domain, DomainClaim, DomainProbe
from tenants.rules.custom_hosts import CustomHost, custom_host
from tenants.rules.dns_findings import Expected, Seen, Verdict, findings, verdict
from tenants.rules.domain_states import (
    CHECKED,
    PENDING_FOR,
    SERVED,
    Cert,
    CertSeen,
    Routing,
    Standing,
    after_check,
    after_handshake,
    next_check,
)
from tenants.tasking import enqueue_on_commit

ACTOR = "domain check"
_LEASE = timedelta(minutes=2)
_PER_SWEEP = 50


class Looks(Protocol):
    """What DNS says: `tenants.gateways.dns.Dns`."""

    def look(self, host: CustomHost, target: str) -> Seen:
        """Everything about a host."""


class Shakes(Protocol):
    """What visitors get: one TLS handshake with a host that leads to a target."""

    def __call__(self, host: str, target: str) -> CertSeen:
        """The certificate, or why there is none."""


def check_claim(
    *, claim_id: uuid.UUID, dns: Looks, tls: Shakes | None, now: datetime
) -> DomainClaim | None:
    """Ask DNS and, where the host is served, its certificate; write probes, states, next look.

    `tls` None: no certificates here (plain http on loopback). None when there is nothing to check.
    Safe to repeat: a further look at the same world leaves the same states.
    """
    claim = DomainClaim.objects.filter(pk=claim_id, routing__in=CHECKED).first()
    if claim is None:
        return None
    seen = dns.look(custom_host(claim.host), claim.target)
    claim = _keep_dns(claim, seen, now)
    if tls is not None and claim.routing in SERVED:
        claim = _keep_tls(claim, tls(claim.host, claim.target), now)
    return claim


def sweep_claims(*, now: datetime) -> int:
    """Queue the looks that are due; end claims that nobody has proved in 30 days."""
    stale = DomainClaim.objects.filter(
        routing__in=[Routing.DRAFT, Routing.PENDING], created_at__lt=now - PENDING_FOR
    )
    for claim in stale[:_PER_SWEEP]:
        with transaction.atomic():
            changed = stale.filter(pk=claim.pk).update(
                routing=Routing.RELEASED, ended_at=now, next_check_at=None
            )
            if changed:
                _log(claim, "domain.lapsed", now)
    due = DomainClaim.objects.filter(routing__in=CHECKED, next_check_at__lte=now)
    rows = list(due.order_by("next_check_at").values_list("pk", "partner_id")[:_PER_SWEEP])
    for claim_id, partner_id in rows:
        # A lease: whoever does the look sets the real time; a lost task is found again.
        due.filter(pk=claim_id).update(next_check_at=now + _LEASE)
        enqueue_on_commit(CHECK_TASK, partner_id=str(partner_id), claim_id=str(claim_id))
    return len(rows)


def expected_of(claim: DomainClaim, *, held: bool = False) -> Expected:
    """What a claim's records must hold."""
    return Expected(target=claim.target, token=claim.token, held=held,
                    zone_of_targets=settings.EDGE_DOMAIN,
                    authorities=tuple(settings.CERT_AUTHORITIES))  # fmt: skip


def _keep_dns(claim: DomainClaim, seen: Seen, now: datetime) -> DomainClaim:
    said = verdict(findings(seen, expected_of(claim)))
    with transaction.atomic():
        claim = DomainClaim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
        before = Standing(Routing(claim.routing), claim.failures, claim.tries)
        after, held = after_check(before, said, contested=claim.contested), False
        if after.routing is Routing.VERIFIED and before.routing is Routing.PENDING:
            held = not _serve(claim)
            if held:
                after = Standing(before.routing, 0, before.tries + 1)
        _write(claim, before, after, said, now)
        _probe(claim, "dns", seen.as_json() | {"held": held}, said, now)
    if held:
        _contest(claim, now)
    return claim


def _write(
    claim: DomainClaim, before: Standing, after: Standing, said: Verdict, now: datetime
) -> None:
    claim.routing, claim.failures, claim.tries = after.routing, after.failures, after.tries
    if after.routing is Routing.VERIFIED:
        claim.verified_at, claim.contested = claim.verified_at or now, False
        if claim.cert == Cert.NONE:
            claim.cert = Cert.ALLOWED
    if after.routing is Routing.MOVED:
        claim.cert, claim.ended_at = Cert.NONE, now
        stop_serving(partner_id=claim.partner_id, host=claim.host, now=now)
    claim.checked_at = now
    _plan_next(claim, said, now)
    claim.save()
    if after.routing is not before.routing:
        _log(claim, f"domain.{after.routing}", now)


def _serve(claim: DomainClaim) -> bool:
    """Serve the host as this partner's, unless it is another's: the database decides."""
    try:
        with transaction.atomic():
            Domain.objects.create(domain=claim.host, tenant_id=claim.partner_id, is_primary=False)
    except IntegrityError:
        return False
    return True


def _contest(claim: DomainClaim, now: datetime) -> None:
    """Whoever is served under the name must prove it again at once, and is given less patience."""
    with transaction.atomic():
        others = DomainClaim.objects.filter(host=claim.host, routing__in=SERVED, contested=False)
        for other in others.exclude(partner_id=claim.partner_id):
            DomainClaim.objects.filter(pk=other.pk).update(contested=True, next_check_at=now)
            enqueue_on_commit(CHECK_TASK, partner_id=str(other.partner_id), claim_id=str(other.pk))


def _keep_tls(claim: DomainClaim, seen: CertSeen, now: datetime) -> DomainClaim:
    with transaction.atomic():
        claim = DomainClaim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
        if claim.routing not in SERVED:  # given up while we looked
            return claim
        cert, tries = after_handshake(Cert(claim.cert), claim.cert_tries, seen, now)
        if cert != claim.cert:
            _log(claim, f"domain.certificate_{cert}", now)
        claim.cert, claim.cert_tries, claim.cert_detail = cert, tries, seen.detail
        if seen.outcome == "served":
            claim.cert_issuer, claim.cert_not_after = seen.issuer, seen.not_after
        _plan_next(claim, Verdict.PASSED, now)
        claim.save()
        row = {key: str(value or "") for key, value in asdict(seen).items()}
        _probe(claim, "tls", row, seen.outcome, now)
    return claim


def _plan_next(claim: DomainClaim, said: Verdict, now: datetime) -> None:
    standing = Standing(Routing(claim.routing), claim.failures, claim.tries)
    cert = Cert(claim.cert) if settings.HTTPS else Cert.NONE
    pause = next_check(standing, cert, claim.cert_tries, said)
    claim.next_check_at = now + pause if pause else None


def _probe(
    claim: DomainClaim, kind: str, seen: Mapping[str, object], said: str, now: datetime
) -> None:
    DomainProbe.objects.create(
        claim=claim, partner_id=claim.partner_id, at=now, kind=kind, seen=seen,
        verdict=str(said), routing=claim.routing, cert=claim.cert,
    )  # fmt: skip


def _log(claim: DomainClaim, verb: str, now: datetime) -> None:
    audit.record(actor=ACTOR, verb=verb, target=claim.host[:200], at=now,
                 partner_id=claim.partner_id)  # fmt: skip
