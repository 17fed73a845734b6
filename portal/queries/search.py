"""What an id, a host, a number, a key or an address is, and whose (console scope).

Things of the public tables by a query each; people, customers and webhooks lie in each partner's
schema and are looked for there, a partner at a time. Secrets are never shown: of a pasted key its
public id is looked for.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db.models import F, Func, Q, TextField, Value
from django.urls import reverse

from billing.models import Agreement, Document, Payout, SettlementRun
from cache_api.metering.models import UsageEvent
from cache_api.models import Customer, HookEndpoint
from tenants import queries as tenants
from tenants import schema
from tenants.accounts.models import User
from tenants.models import ApiKey, Domain, DomainClaim, Partner, SupportLook
from tenants.rules import keys

MOST = 50
_HASH = re.compile(r"[0-9a-f]{64}")
_KEY_PREFIX = re.compile(r"(?:[a-z][a-z0-9]{1,9}_(?:live|test)_)?([0-9A-Za-z]{6,12})…?")


@dataclass(frozen=True)
class Finding:
    """What something is (`words.FINDINGS`), what people call it, whose, and its page.

    `needs` is the permission that the page asks for.
    """

    kind: str
    name: str
    partner: Partner
    url: str
    needs: str = "channel.view"
    about: str = ""


def find(asked: str) -> list[Finding]:
    """Everything that goes by this text, at most MOST. Nothing found is []."""
    text = public_part(asked)
    partners = {row.pk: row for row in tenants.partner_list()}
    found: list[Finding] = []
    for one in (*_shared(text, partners), *_of_partners(text, partners)):
        found.append(one)
        if len(found) >= MOST:
            break
    return found


def email_hash(email: str) -> str:
    """How an address may be named without being told: SHA-256 of its lower case, hex."""
    return sha256(email.strip().lower().encode()).hexdigest()


def public_part(asked: str) -> str:
    """What may be shown and looked for of a text: of a whole key its public id."""
    try:
        return keys.parse(asked.strip()).key_id
    except keys.MalformedKey:
        return asked.strip()


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _shared(text: str, partners: dict[uuid.UUID, Partner]) -> Iterator[Finding]:
    number = _uuid(text)
    same = Q(pk=number) if number else Q(pk__in=[])
    for row in partners.values():
        if row.pk == number or text.lower() in (row.slug, row.name.lower()):
            yield Finding("partner", row.name, row, _partner_url(row), about=row.state)
    rows: Any
    for host in Domain.objects.filter(domain__iexact=text):
        owner = partners[host.tenant_id]
        yield Finding("host", host.domain, owner, _partner_url(owner))
    for claim in DomainClaim.objects.filter(same | Q(host__iexact=text)):
        owner = partners[claim.partner_id]
        yield Finding("claim", claim.host, owner, _partner_url(owner), about=claim.routing)
    prefix = _KEY_PREFIX.fullmatch(text)
    if prefix and not number:
        for key in ApiKey.objects.filter(pk__startswith=prefix[1]).order_by("pk")[:MOST]:
            owner = partners[key.partner_id]
            state = "revoked" if key.revoked_at else "live" if key.livemode else "test"
            yield Finding("key", key.pk, owner, _partner_url(owner),
                          about=f"{state} {key.customer_external_id or ''}".strip())  # fmt: skip
    rows = (
        ("document", Document.objects.filter(same | Q(number__iexact=text)),
         "number", "console_document", "documents.view"),
        ("agreement", Agreement.objects.filter(same | Q(code__iexact=text)),
         "code", "console_agreement", "channel.view"),
        ("run", SettlementRun.objects.filter(same), "state", "console_run", "runs.view"),
        ("payout", Payout.objects.filter(same | Q(reference__iexact=text)),
         "reference", "", "money.view"),
        ("look", SupportLook.objects.filter(same), "viewer", "", "support.search"),
    )  # fmt: skip
    for kind, query, name, page, needs in rows:
        for row in query[:MOST]:
            owner = partners[row.partner_id]
            url = reverse(page, args=[row.pk]) if page else _partner_url(owner)
            yield Finding(kind, str(getattr(row, name)), owner, url, needs)
    if number:
        for event in UsageEvent.objects.filter(pk=number):
            owner = partners[event.partner_id]
            yield Finding("event", str(event.pk), owner, _partner_url(owner),
                          about=f"{event.kind} {event.outcome} {event.customer}")  # fmt: skip


def _of_partners(text: str, partners: dict[uuid.UUID, Partner]) -> Iterator[Finding]:
    number = _uuid(text)
    same = Q(pk=number) if number else Q(pk__in=[])
    who = Q(email__iexact=text) if "@" in text else same
    hashed = _HASH.fullmatch(text.lower())
    for partner in partners.values():
        if partner.state not in (Partner.State.ACTIVE, Partner.State.SUSPENDED):
            continue
        with schema.in_partner(partner):
            people = list(_by_hash(text) if hashed else User.objects.filter(who))
            customers = list(Customer.objects.filter(same | Q(external_id=text))[:MOST])
            hooks = list(HookEndpoint.objects.filter(same | Q(url=text))[:MOST])
        url = _partner_url(partner)
        for person in people:
            yield Finding("person", _masked(person.email), partner, url, about=person.role)
        for customer in customers:
            yield Finding("customer", customer.external_id, partner, url, about=customer.name)
        for hook in hooks:
            yield Finding("webhook", hook.url, partner, url, about=hook.state)


def _by_hash(text: str) -> Any:
    """People whose address has this hash, worked out by the database."""
    raw = Func(F("email"), Value("UTF8"), function="convert_to")
    hashed: Any = Func(Func(raw, function="sha256"), Value("hex"), function="encode",
                       output_field=TextField())  # fmt: skip
    return User.objects.annotate(hashed=hashed).filter(hashed=text.lower())


def _masked(email: str) -> str:
    """Enough of an address to know it again."""
    name, _at, host = email.partition("@")
    return f"{name[:1]}…@{host}"


def _partner_url(partner: Partner) -> str:
    return reverse("console_partner", args=[partner.slug])
