"""Enter exchange rates, tax rates and the tax status of parties: finance's own tables."""

import uuid
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.models import FxRate, TaxRate, TaxStatus
from billing.rules.errors import BadMoney, BadTerms
from billing.rules.facts import STANDARD, TREATMENTS, WITHHOLDING
from billing.rules.money import exponent
from cache_api import queries as usage
from tenants import audit
from tenants.models import Partner
from tenants.schema import in_partner


def enter_fx_rate(
    *, day: date, base: str, quote: str, rate: Decimal, actor: str, now: datetime
) -> FxRate:
    """One unit of `base` in `quote` on a day. A later entry for the same day counts instead.

    Raises BadMoney (unknown currency, the same one twice, a rate that is not above zero). Safe to
    repeat: the same rate is entered once.
    """
    exponent(base), exponent(quote)
    if base == quote:
        raise BadMoney(f"{base} into {quote} needs no rate.")
    if not rate.is_finite() or rate <= 0:
        raise BadMoney(f"An exchange rate is a number above zero, not {rate}.")
    with transaction.atomic():
        last = FxRate.objects.filter(day=day, base=base, quote=quote).last()
        if last is not None and last.rate == rate:
            return last
        row = FxRate.objects.create(day=day, base=base, quote=quote, rate=rate, entered_by=actor,
                                    entered_at=now)  # fmt: skip
        _audit(actor, "fx_rate.entered", f"{day} {base}/{quote}", now, {"rate": str(rate)})
    return row


def enter_tax_rate(
    *, country: str, label: str, percent: Decimal, valid_from: date, actor: str, now: datetime
) -> TaxRate:
    """A country's rate from a day on. Raises BadTerms. Safe to repeat."""
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise BadTerms(f"A tax rate is a percentage from 0 to 100, not {percent}.")
    with transaction.atomic():
        last = TaxRate.objects.filter(country=_country(country), valid_from=valid_from).last()
        if last is not None and (last.label, last.percent) == (label, percent):
            return last
        row = TaxRate.objects.create(
            country=country, label=label, percent=percent, valid_from=valid_from,
            entered_by=actor, entered_at=now,
        )  # fmt: skip
        _audit(actor, "tax_rate.entered", f"{country} {valid_from}", now, {"percent": str(percent)})
    return row


def enter_tax_status(
    *, partner_id: uuid.UUID, treatment: str, valid_from: date, actor: str, now: datetime,
    customer_id: uuid.UUID | None = None, country: str = "", percent: Decimal | None = None,
    reason: str = "",
) -> TaxStatus:  # fmt: skip
    """How a customer, or without one the partner itself, is taxed from a day on.

    `percent` goes with withholding only, a country with the standard rate. Raises BadTerms.
    """
    if treatment not in TREATMENTS:
        raise BadTerms(f"A tax treatment is one of {', '.join(TREATMENTS)}, not {treatment!r}.")
    if (treatment == WITHHOLDING) != (percent is not None):
        raise BadTerms("A percentage goes with withholding, and only with it.")
    if country or treatment == STANDARD:
        _country(country)
    with transaction.atomic():
        row = TaxStatus.objects.create(
            partner_id=partner_id, customer_id=customer_id, treatment=treatment, country=country,
            percent=percent, reason=reason, valid_from=valid_from, entered_by=actor,
            entered_at=now,
        )  # fmt: skip
        audit.record(actor=actor, verb="tax_status.entered", target=str(customer_id or partner_id),
                     at=now, partner_id=partner_id,
                     data={"treatment": treatment, "country": country})  # fmt: skip
    return row


def enter_party_status(
    *, slug: str, external_id: str, treatment: str, valid_from: date, actor: str, now: datetime,
    country: str = "", percent: Decimal | None = None, reason: str = "",
) -> TaxStatus:  # fmt: skip
    """`enter_tax_status` for who people name: the partner's slug and, for a customer, its own id.

    Raises BadTerms also for names that are not there.
    """
    partner = Partner.objects.filter(slug=slug).first()
    if partner is None:
        raise BadTerms(f"There is no partner {slug!r}.")
    customer_id = None
    if external_id:
        with in_partner(partner):
            customer = usage.customer_by_external_id(external_id)
        if customer is None:
            raise BadTerms(f"{partner.name} has no customer {external_id!r}.")
        customer_id = customer.id
    return enter_tax_status(
        partner_id=partner.id, customer_id=customer_id, treatment=treatment, country=country,
        percent=percent, reason=reason, valid_from=valid_from, actor=actor, now=now,
    )  # fmt: skip


def _country(code: str) -> str:
    if len(code) != 2 or not code.isascii() or not code.isupper():
        raise BadTerms(f"A country is two capital letters such as 'DE', not {code!r}.")
    return code


def _audit(actor: str, verb: str, target: str, now: datetime, data: dict[str, str]) -> None:
    audit.record(actor=actor, verb=verb, target=target, at=now, partner_id=None, data=data)
