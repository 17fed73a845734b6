"""Ask for a partner, and the steps that open it. The provisioner does the work."""

import re
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from tenants import audit
from tenants.models import Domain, Entitlement, Partner, ProvisioningJob
from tenants.rules import hostnames
from tenants.rules.ids import uuid7

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
RESERVED = frozenset({"open"})  # page addresses beside the partners' own
_LONGEST = {"name": 120, "product_name": 80, "legal_name": 160, "tagline": 160}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class UnableToOpenPartner(ValueError):
    """The request was refused; `str()` says why and what to do, `code` names the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def request_partner(
    *, slug: str, name: str, kind: str, host: str, seed_hex: str, owner_email: str, actor: str,
    now: datetime, product_name: str = "", legal_name: str = "", tagline: str = "",
) -> ProvisioningJob:  # fmt: skip
    """Leave the row from which the provisioner opens a partner: partner, hosts, queued job.

    `host` is the partner's own hostname ('' for none yet); `seed_hex` like ``#FF4438``.
    Raises UnableToOpenPartner (codes: bad_slug, bad_kind, bad_colour, bad_name, bad_product_name,
    bad_legal_name, bad_tagline, bad_owner, bad_host, taken).
    Safe to repeat: the slug and the host are unique, so a second call changes nothing.
    """
    _check(slug, kind, seed_hex)
    texts = {"name": name, "product_name": product_name or name,
             "legal_name": legal_name or name, "tagline": tagline}  # fmt: skip
    _check_people(texts, owner_email.strip())
    hosts = _hosts(slug, host)
    partner_id = uuid7()
    with transaction.atomic():
        _refuse_taken(slug, hosts)
        partner = Partner(
            id=partner_id, slug=slug, name=name, kind=kind, created_at=now,
            schema_name=Partner.schema_name_for(partner_id),
        )  # fmt: skip
        partner.save(force_insert=True)
        Domain.objects.bulk_create(
            Domain(domain=domain, tenant=partner, is_primary=position == 0)
            for position, domain in enumerate(hosts)
        )
        job = ProvisioningJob.objects.create(
            partner=partner, requested_by=actor, created_at=now, updated_at=now,
            request={
                "seed_hex": seed_hex, "owner_email": owner_email.strip().lower(),
                **{key: texts[key] for key in ("product_name", "legal_name", "tagline")},
            },
        )  # fmt: skip
        audit.record(actor=actor, verb="partner.requested", target=slug, at=now,
                     partner_id=partner_id, data={"hosts": hosts, "kind": kind})  # fmt: skip
    return job


def retry_opening(*, partner_id: uuid.UUID, actor: str, now: datetime) -> int:
    """Queue a failed opening again; returns 1, or 0 when it was not failed (safe to repeat)."""
    with transaction.atomic():
        changed = ProvisioningJob.objects.filter(
            partner_id=partner_id, state=ProvisioningJob.State.FAILED
        ).update(state=ProvisioningJob.State.QUEUED, step="queued", updated_at=now)
        if changed:
            audit.record(actor=actor, verb="partner.retried", target=str(partner_id), at=now,
                         partner_id=partner_id)  # fmt: skip
    return changed


def set_entitlement(*, partner_id: uuid.UUID, name: str, value: Any, now: datetime) -> None:
    """Push a fact down for the hot path to read. Safe to repeat: one row a name."""
    Entitlement.objects.update_or_create(
        partner_id=partner_id, name=name, defaults={"value": value, "updated_at": now}
    )


def _check(slug: str, kind: str, seed_hex: str) -> None:
    if not _SLUG.fullmatch(slug) or slug in RESERVED:
        raise UnableToOpenPartner(
            "bad_slug",
            f"{slug!r} cannot be a slug: use 3–40 lower-case letters, digits and hyphens, "
            "starting with a letter (not a reserved word such as 'open').",
        )
    if kind not in Partner.Kind.values:
        raise UnableToOpenPartner(
            "bad_kind", f"{kind!r} is no partner type: use one of {', '.join(Partner.Kind.values)}."
        )
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", seed_hex):
        raise UnableToOpenPartner(
            "bad_colour", f"{seed_hex!r} is no colour: use six hex digits, like #FF4438."
        )


def _check_people(texts: dict[str, str], owner_email: str) -> None:
    for name, text in texts.items():
        longest = _LONGEST[name]
        if len(text) > longest or not text.isprintable() or not (text.strip() or name == "tagline"):
            raise UnableToOpenPartner(
                f"bad_{name}",
                f"The {name.replace('_', ' ')} needs 1 to {longest} printable characters.",
            )
    if owner_email and (len(owner_email) > 254 or not _EMAIL.fullmatch(owner_email)):
        raise UnableToOpenPartner(
            "bad_owner", f"{owner_email!r} is no e-mail address; the first owner gets mail there."
        )


def _hosts(slug: str, host: str) -> list[str]:
    fallback = hostnames.partner_fallback_host(slug, settings.PLATFORM_DOMAIN)
    if not host:
        return [fallback]
    try:
        name = hostnames.normalise(host)
        hostnames.check_custom_host(name, settings.PLATFORM_DOMAIN)
    except hostnames.InvalidHostname as error:
        raise UnableToOpenPartner("bad_host", str(error)) from error
    return [name, fallback]


def _refuse_taken(slug: str, hosts: list[str]) -> None:
    existing = Partner.objects.filter(slug=slug).first()
    if existing is not None:
        raise UnableToOpenPartner(
            "taken",
            f"Partner {slug} exists already (state {existing.state}); nothing was changed. "
            "Choose another slug, or look at it in the console.",
        )
    taken = Domain.objects.filter(domain__in=hosts).values_list("domain", flat=True).first()
    if taken:
        raise UnableToOpenPartner("taken", f"{taken} already belongs to a partner.")
