"""What a partner does with hosts of its own: ask, check, send on, lead with, release.

In the partner's scope. What DNS says about them is written by `domain_checks`.
"""

import secrets
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from tenants import audit, resolve
from tenants.gateways.turns import wait_in_line
from tenants.models import Domain, DomainClaim
from tenants.rules import hostnames
from tenants.rules.custom_hosts import TOKEN_PREFIX, parse_custom_host
from tenants.rules.domain_states import OPEN, REDIRECT_FOR, SERVED, Cert, Routing, may_lead
from tenants.tasking import enqueue_on_commit

MOST_OPEN = 25  # claims of a partner at a time
CHECK_AGAIN_AFTER = timedelta(seconds=20)
SHARED_FOR = timedelta(days=30)
CHECK_TASK = "tenants.check_domain"


class DomainRefused(ValueError):
    """Nothing was changed; `code` says why: yours_already, too_many, unknown, ended, not_live."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def claim_host(*, partner_id: uuid.UUID, text: str, actor: str, now: datetime) -> DomainClaim:
    """Ask to be served under a name, with a token that was never used before.

    Raises HostRefused for a name nobody may bring, DomainRefused (yours_already, too_many). Safe
    to repeat: while a claim is open, the second is refused.
    """
    host = parse_custom_host(text, platform_domain=settings.PLATFORM_DOMAIN).host
    mine = DomainClaim.objects.filter(partner_id=partner_id)
    if Domain.objects.filter(tenant_id=partner_id, domain=host).exists():
        raise DomainRefused("yours_already")
    try:
        with transaction.atomic():
            wait_in_line(f"claims {partner_id}")
            if mine.filter(routing__in=OPEN).count() >= MOST_OPEN:
                raise DomainRefused("too_many")
            claim = DomainClaim.objects.create(
                partner_id=partner_id, host=host, target=_target(mine), created_by=actor,
                token=TOKEN_PREFIX + secrets.token_urlsafe(24), created_at=now,
            )  # fmt: skip
            _log(claim, "domain.claimed", actor, now)
    except IntegrityError as error:
        raise DomainRefused("yours_already") from error
    return claim


def ask_check(*, partner_id: uuid.UUID, claim_id: uuid.UUID, now: datetime) -> bool:
    """Have DNS looked at now, at most every 20 seconds; whether it was asked for.

    The first time it moves a draft on. Raises DomainRefused (unknown).
    """
    with transaction.atomic():
        claim = _locked(partner_id, claim_id)
        lately = claim.asked_at is not None and now - claim.asked_at < CHECK_AGAIN_AFTER
        if claim.routing not in OPEN or lately:
            return False
        if claim.routing == Routing.DRAFT:
            claim.routing = Routing.PENDING
        claim.asked_at = claim.next_check_at = now
        claim.save(update_fields=["routing", "asked_at", "next_check_at"])
        enqueue_on_commit(CHECK_TASK, partner_id=str(partner_id), claim_id=str(claim_id))
    return True


def share(
    *, partner_id: uuid.UUID, claim_id: uuid.UUID, actor: str, to: str, now: datetime
) -> DomainClaim:
    """Open the read-only page for whoever manages the DNS, for 30 days from now on.

    Raises DomainRefused (unknown, ended). Safe to repeat: the same link lives longer.
    """
    with transaction.atomic():
        claim = _locked(partner_id, claim_id)
        if claim.routing not in OPEN:
            raise DomainRefused("ended")
        claim.shared_until = now + SHARED_FOR
        claim.save(update_fields=["shared_until"])
        _log(claim, "domain.shared", actor, now, to=to)
    return claim


def unshare(*, partner_id: uuid.UUID, claim_id: uuid.UUID, actor: str, now: datetime) -> bool:
    """Close that page; links given out before never work again. Whether it was open."""
    with transaction.atomic():
        claim = _locked(partner_id, claim_id)
        if claim.shared_until is None:
            return False
        claim.shared_until, claim.share_number = None, claim.share_number + 1
        claim.save(update_fields=["shared_until", "share_number"])
        _log(claim, "domain.unshared", actor, now)
    return True


def make_primary(*, partner_id: uuid.UUID, claim_id: uuid.UUID, actor: str, now: datetime) -> bool:
    """Lead with this host: mails name it, pages of the old one redirect to it for 30 days.

    False when it leads already. Raises DomainRefused (unknown, not_live).
    """
    with transaction.atomic():
        claim = _locked(partner_id, claim_id)
        if not may_lead(Routing(claim.routing), Cert(claim.cert), tls=settings.HTTPS):
            raise DomainRefused("not_live")
        hosts = Domain.objects.filter(tenant_id=partner_id)
        if hosts.filter(domain=claim.host, is_primary=True).exists():
            return False
        _lead_with(hosts, claim.host, now, keep=_fallback(hosts))
        _log(claim, "domain.made_primary", actor, now)
    resolve.forget()
    return True


def release(*, partner_id: uuid.UUID, claim_id: uuid.UUID, actor: str, now: datetime) -> bool:
    """Give a host up: it is served no more, at once. False when it was given up already.

    Raises DomainRefused (unknown).
    """
    with transaction.atomic():
        claim = _locked(partner_id, claim_id)
        if claim.routing == Routing.RELEASED:
            return False
        served = claim.routing in SERVED
        claim.routing, claim.ended_at, claim.next_check_at = Routing.RELEASED, now, None
        claim.save(update_fields=["routing", "ended_at", "next_check_at"])
        if served:
            stop_serving(partner_id=partner_id, host=claim.host, now=now)
        _log(claim, "domain.released", actor, now)
    resolve.forget()
    return True


def stop_serving(*, partner_id: uuid.UUID, host: str, now: datetime) -> None:
    """Take a host out of those served; where it led, the partner's fallback host leads again.

    Inside the caller's transaction. Safe to repeat.
    """
    hosts = Domain.objects.filter(tenant_id=partner_id)
    led = hosts.filter(domain=host, is_primary=True).exists()
    hosts.filter(domain=host).delete()
    if led:
        hosts.update(redirect_until=None)
        hosts.filter(domain=_fallback(hosts)).update(is_primary=True)


def _lead_with(hosts: QuerySet[Domain], host: str, now: datetime, *, keep: str) -> None:
    """The fallback host never redirects: whatever happens to the others, it lets people in."""
    old = hosts.filter(is_primary=True)
    old.exclude(domain=keep).update(redirect_until=now + REDIRECT_FOR)
    old.update(is_primary=False)
    hosts.filter(domain=host).update(is_primary=True, redirect_until=None)


def _fallback(hosts: QuerySet[Domain]) -> str:
    slug = hosts.values_list("tenant__slug", flat=True)[0]
    return hostnames.partner_fallback_host(slug, settings.PLATFORM_DOMAIN)


def _target(mine: QuerySet[DomainClaim]) -> str:
    """The partner's own CNAME target: made once, at random, so that no other partner has it."""
    known: str | None = mine.order_by("created_at").values_list("target", flat=True).first()
    return known or f"{secrets.token_hex(8)}.{settings.EDGE_DOMAIN}"


def _locked(partner_id: uuid.UUID, claim_id: uuid.UUID) -> DomainClaim:
    found = DomainClaim.objects.select_for_update(of=("self",))
    claim: DomainClaim | None = found.filter(partner_id=partner_id, pk=claim_id).first()
    if claim is None:
        raise DomainRefused("unknown")
    return claim


def _log(claim: DomainClaim, verb: str, actor: str, now: datetime, **data: str) -> None:
    audit.record(actor=actor, verb=verb, target=claim.host[:200], at=now,
                 partner_id=claim.partner_id, data=data)  # fmt: skip
