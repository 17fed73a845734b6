"""The demo, one step a function. Every step goes through the actions a real install uses."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import Min

from billing.actions.agreements import amend_agreement, sign_agreement
from billing.actions.decide_request import approve_request
from billing.actions.rate_cards import create_rate_card
from billing.actions.taxes import ask_tax_status
from billing.models import Agreement, AgreementVersion, RateCard
from billing.queries.terms import version_terms
from billing.rules.periods import Period, add_months, month_of
from cache_api.actions.announce_customer import announce_customer
from cache_api.actions.record_events import record_events
from cache_api.models import Customer as CustomerRow
from cache_api.rules.events import UsageEvent
from portal.demo.cast import (
    AMENDMENTS,
    CAST,
    CONSOLE_PEOPLE,
    CUSTOMER_ROLES,
    PARTNER_PEOPLE,
    PartnerCast,
)
from portal.demo.traffic import partner_events
from tenants import schema
from tenants.accounts.models import User
from tenants.actions.keys import create_key
from tenants.actions.partners import UnableToOpenPartner, request_partner
from tenants.actions.provision import claim_job, open_partner
from tenants.models import Partner

ACTOR = "demo@agentcache.example"
PREPARER, APPROVER = CONSOLE_PEOPLE[0][0], CONSOLE_PEOPLE[1][0]
BATCH = 20_000
MONTHS = 13
CARDS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "retail": ("AgentCache retail", [
        {"key": "cached", "meter": "cached_requests", "mode": "per_unit", "unit_price": "0.002"},
        {"key": "served", "meter": "gb_served", "mode": "per_unit", "unit_price": "0.02"},
    ]),
    "per-gb": ("AI Edition, per GB served", [
        {"key": "served", "meter": "gb_served", "mode": "graduated", "tiers": [
            {"up_to": "500", "unit_price": "48"}, {"up_to": None, "unit_price": "36"},
        ]},
    ]),
}  # fmt: skip


@dataclass(frozen=True)
class Calendar:
    """The demo's months: it begins thirteen before `first`, the month in which it was first loaded.

    Everything in it is placed by `first`, so that a load in a later month adds what came since.
    """

    now: datetime
    first: datetime

    @classmethod
    def at(cls, now: datetime, first: datetime | None = None) -> "Calendar":
        """The calendar of a moment; without `first` the demo begins now."""
        return cls(now, first or month_of(now).start)

    @property
    def this_month(self) -> datetime:
        """The running month."""
        return month_of(self.now).start

    @property
    def start(self) -> datetime:
        """Where its traffic and most of its agreements begin."""
        return add_months(self.first, -MONTHS)

    @property
    def fine_from(self) -> datetime:
        """From here traffic is generated hour by hour, before day by day."""
        return self.first - timedelta(days=21)

    def starts(self, cast: PartnerCast) -> datetime:
        """When the partner's agreement began."""
        return add_months(self.first, -cast.starts_months_ago)

    def before(self, months: int) -> Period:
        """The month so many before the demo's first."""
        return month_of(add_months(self.first, -months))

    def ended(self) -> list[Period]:
        """Every month that has ended, the oldest first."""
        found = [month_of(self.start)]
        while found[-1].end < self.this_month:
            found.append(month_of(found[-1].end))
        return found


def strangers() -> bool:
    """Whether somebody else than the demo's partners and staff is here: a real install."""
    staff = [email for email, _name, _role in CONSOLE_PEOPLE]
    return (
        Partner.objects.exclude(slug__in=[cast.slug for cast in CAST]).exists()
        or User.objects.exclude(email__in=staff).exists()
    )


def first_month() -> datetime | None:
    """The month in which the demo was first loaded, by its agreements; None before that."""
    signed = AgreementVersion.objects.filter(number=1).aggregate(first=Min("valid_from"))["first"]
    return add_months(signed, MONTHS) if signed else None


def open_partners(*, kek: bytes, now: datetime) -> dict[str, Partner]:
    """Ask for each partner and do the provisioner's work here. Safe to repeat."""
    for cast in CAST:
        try:
            request_partner(
                slug=cast.slug, name=cast.name, kind=cast.kind, host=cast.host,
                seed_hex=cast.seed_hex, owner_email=f"owner@{cast.domain}", actor=ACTOR, now=now,
                product_name=cast.product, legal_name=cast.legal_name, tagline=cast.tagline,
            )  # fmt: skip
        except UnableToOpenPartner as refused:
            if refused.code != "taken":
                raise
    while (job := claim_job(now=now)) is not None:
        open_partner(job=job, kek=kek, clock=lambda: now)
    return {partner.slug: partner for partner in Partner.objects.all()}


def sign_agreements(*, partners: dict[str, Partner], calendar: Calendar) -> None:
    """Price lists and one agreement a partner, as in the cast. Safe to repeat."""
    cards: dict[str, RateCard] = {
        code: create_rate_card(code=code, name=name, currency="USD", rates=rates,
                               valid_from=calendar.start, actor=PREPARER, approved_by=APPROVER,
                               now=calendar.start)
        for code, (name, rates) in CARDS.items()
    }  # fmt: skip
    for cast in CAST:
        sign_agreement(
            partner_id=partners[cast.slug].id, template=cast.template, deal=cast.deal,
            starts_at=calendar.starts(cast), created_by=PREPARER, approved_by=APPROVER,
            now=calendar.starts(cast), name=f"{cast.name}: {cast.agreement}",
            retail_card_id=cards[cast.card].id if cast.card else None,
        )  # fmt: skip


def amend_agreements(*, partners: dict[str, Partner], calendar: Calendar) -> None:
    """The cast's amendments, and the tax status that came late. Safe to repeat.

    What has been amended already, by whomever, is left alone.
    """
    for one in AMENDMENTS:
        agreement = Agreement.objects.get(partner_id=partners[one.slug].id)
        last = agreement.versions.latest("number")
        if last.number > 1:
            continue
        starts_at = calendar.before(one.months_before).start
        amend_agreement(
            agreement_id=agreement.id, terms=replace(version_terms(last), **one.changes),
            starts_at=starts_at, created_by=PREPARER, approved_by=APPROVER, now=starts_at,
        )  # fmt: skip
        if "tax" in one.changes:
            asked = ask_tax_status(
                partner_id=agreement.partner_id, treatment="exempt", reason="Resale certificate",
                valid_from=calendar.first.date(), actor=PREPARER, now=calendar.first,
            )  # fmt: skip
            approve_request(request_id=asked.id, actor=APPROVER, now=calendar.first)


def add_people(*, partners: dict[str, Partner], password: str, now: datetime) -> None:
    """Console staff, partner staff and the customers' people. Safe to repeat.

    The demo's people share one password, so its slow hash is computed once.
    """
    hashed = make_password(password)
    for email, name, role in CONSOLE_PEOPLE:
        _person(email, hashed, name=name, role=role)
    for cast in CAST:
        with schema.in_partner(partners[cast.slug]):
            for prefix, role in PARTNER_PEOPLE:
                _person(f"{prefix}@{cast.domain}", hashed, name=prefix.title(), role=role)
            for customer in cast.customers:
                announce_customer(
                    partner_id=partners[cast.slug].id, external_id=customer.external_id,
                    name=customer.name, plan=customer.plan, actor=ACTOR, now=now,
                    billing={"legal_name": f"{customer.name} Inc", "country": customer.country,
                             "email": f"billing@{customer.external_id}.example",
                             "address": ["1 Example Street"], "currency": "USD"},
                )  # fmt: skip
            for customer in cast.customers[:3]:
                row = CustomerRow.objects.get(external_id=customer.external_id)
                for prefix, role in CUSTOMER_ROLES:
                    _person(f"{prefix}@{customer.external_id}.example", hashed,
                            name=f"{prefix.title()} of {customer.name}", role=role,
                            customer_id=row.id)  # fmt: skip


def _person(email: str, password_hash: str, **facts: Any) -> None:
    person = User.objects.filter(email=email).first()
    if person is None:
        User.objects.create(email=email, password=password_hash, **facts)
    elif not person.has_usable_password():
        person.name, person.password = facts["name"], password_hash
        person.save(update_fields=["name", "password"])


def generate_traffic(*, partners: dict[str, Partner], calendar: Calendar) -> int:
    """Thirteen months and the month so far, through the recorder's own action.

    Returns the rows inserted: 0 the second time, because event ids come from the seed.
    """
    end = calendar.now.replace(minute=0, second=0, microsecond=0)
    inserted = 0
    for batch in _batches(_all_events(partners, calendar, end)):
        inserted += record_events(events=batch, source="demo generator", now=calendar.now).inserted
    return inserted


def _all_events(
    partners: dict[str, Partner], calendar: Calendar, end: datetime
) -> Iterator[UsageEvent]:
    for cast in CAST:
        begin = max(calendar.starts(cast), calendar.start)
        yield from partner_events(cast, partners[cast.slug].id, begin, end, calendar.fine_from,
                                  begin)  # fmt: skip


def _batches(events: Iterable[UsageEvent]) -> Iterator[list[UsageEvent]]:
    source = iter(events)
    while batch := list(itertools.islice(source, BATCH)):
        yield batch


def make_keys(
    *, partners: dict[str, Partner], known: dict[str, str], now: datetime
) -> dict[str, str]:
    """One live key a partner; texts known from an earlier load are kept (they are shown once)."""
    texts = dict(known)
    for cast in CAST:
        if cast.slug not in texts:
            _, texts[cast.slug] = create_key(
                partner_id=partners[cast.slug].id, livemode=True, actor=ACTOR, now=now,
                label="demo traffic",
            )  # fmt: skip
    return texts
