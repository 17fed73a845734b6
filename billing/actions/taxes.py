"""Enter exchange rates, tax rates and the tax status of parties: asked by one, entered by two."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.actions.finance_requests import ask
from billing.models import FinanceRequest, FxRate, TaxRate, TaxStatus
from billing.rules.errors import BadMoney, BadTerms
from billing.rules.facts import (
    ALL_CHARGES,
    CHARGES,
    FIXED,
    NO_TAX,
    PAID_OUT,
    REDUCED,
    STANDARD,
    TREATMENTS,
    USED,
    WITHHOLDING,
)
from billing.rules.fields import decimal_text
from billing.rules.finance_requests import FX_RATE, TAX_RATE, TAX_STATUS, columns
from billing.rules.money import exponent
from cache_api import queries as usage
from tenants.models import Partner
from tenants.rules.sayings import Said
from tenants.schema import in_partner


def ask_fx_rate(
    *, day: date, base: str, quote: str, rate: Decimal, actor: str, now: datetime
) -> FinanceRequest:
    """One unit of `base` in `quote` on a day. A later entry for the same day counts instead.

    Raises BadMoney (unknown currency, the same one twice, a rate that is not above zero, the rate
    that is in force already). Safe to repeat until a second person decides.
    """
    exponent(base), exponent(quote)
    if base == quote:
        raise BadMoney(Said("%(base)s into %(quote)s needs no rate.", base=base, quote=quote))
    if not rate.is_finite() or rate <= 0:
        raise BadMoney(Said("An exchange rate is a number above zero, not %(rate)s.", rate=rate))
    last = FxRate.objects.filter(day=day, base=base, quote=quote).last()
    if last is not None and last.rate == rate:
        raise BadMoney(
            Said(
                "1 %(base)s = %(rate)s %(quote)s is the rate of %(day)s already.",
                base=base,
                rate=decimal_text(rate),
                quote=quote,
                day=day,
            )
        )
    facts = {"day": str(day), "base": base, "quote": quote, "rate": _fixed(rate, 12)}
    return ask(kind=FX_RATE, facts=facts, actor=actor, now=now)


def ask_tax_rate(
    *, country: str, label: str, percent: Decimal, valid_from: date, actor: str, now: datetime
) -> FinanceRequest:
    """A country's rate from a day on. Raises BadTerms. Safe to repeat until it is decided."""
    last = TaxRate.objects.filter(country=_country(country), valid_from=valid_from).last()
    text = _percent(percent)
    if last is not None and (last.label, last.percent) == (label, percent):
        raise BadTerms(
            Said(
                "%(country)s has %(percent)s %% %(label)s from %(valid_from)s already.",
                country=country,
                percent=decimal_text(percent),
                label=label,
                valid_from=valid_from,
            )
        )
    facts = {"country": country, "label": label, "percent": text, "valid_from": str(valid_from)}
    return ask(kind=TAX_RATE, facts=facts, actor=actor, now=now)


def ask_tax_status(
    *, partner_id: uuid.UUID, treatment: str, valid_from: date, actor: str, now: datetime,
    customer_id: uuid.UUID | None = None, country: str = "", percent: Decimal | None = None,
    reason: str = "", charges: str = ALL_CHARGES,
) -> FinanceRequest:  # fmt: skip
    """How a customer, or without one the partner itself, is taxed from a day on.

    `percent` goes with withholding and a reduced rate only, a country with a rate. `charges`: fees
    or usage alone, of which there is tax to charge; or what a partner is paid by its statements.
    Raises BadTerms. Safe to repeat until decided.
    """
    if treatment not in TREATMENTS:
        raise BadTerms(
            Said(
                "A tax treatment is one of %(known)s, not %(treatment)s.",
                known=", ".join(TREATMENTS),
                treatment=f"{treatment!r}",
            )
        )
    if charges not in CHARGES:
        raise BadTerms(
            Said(
                "A status is of all charges, of 'fixed', 'usage' or 'share', not %(charges)s.",
                charges=f"{charges!r}",
            )
        )
    if charges == PAID_OUT and customer_id is not None:
        raise BadTerms(Said("Only a partner is paid a share: customers have no status of it."))
    if charges in (FIXED, USED) and treatment in (WITHHOLDING, NO_TAX):
        raise BadTerms(
            Said(
                "Fees or usage alone are standard, reduced, reverse charge or exempt. That "
                "no tax is charged, or that it is withheld, is said of all charges."
            )
        )
    if (treatment in (WITHHOLDING, REDUCED)) != (percent is not None):
        raise BadTerms(
            Said("A percentage goes with withholding and a reduced rate, and only with them.")
        )
    if country or treatment in (STANDARD, REDUCED):
        _country(country)
    facts = {
        "partner_id": str(partner_id), "customer_id": str(customer_id) if customer_id else None,
        "treatment": treatment, "charges": charges, "country": country,
        "percent": None if percent is None else _percent(percent), "reason": reason,
        "valid_from": str(valid_from),
    }  # fmt: skip
    return ask(kind=TAX_STATUS, facts=facts, partner_id=partner_id, actor=actor, now=now)


def ask_party_status(
    *, slug: str, external_id: str, treatment: str, valid_from: date, actor: str, now: datetime,
    country: str = "", percent: Decimal | None = None, reason: str = "",
    charges: str = ALL_CHARGES,
) -> FinanceRequest:  # fmt: skip
    """`ask_tax_status` for who people name: the partner's slug and, for a customer, its own id.

    Raises BadTerms also for names that are not there.
    """
    partner = Partner.objects.filter(slug=slug).first()
    if partner is None:
        raise BadTerms(Said("There is no partner %(slug)s.", slug=f"{slug!r}"))
    customer_id = None
    if external_id:
        with in_partner(partner):
            customer = usage.customer_by_external_id(external_id)
        if customer is None:
            raise BadTerms(
                Said(
                    "%(partner)s has no customer %(external_id)s.",
                    partner=partner.name,
                    external_id=f"{external_id!r}",
                )
            )
        customer_id = customer.id
    return ask_tax_status(
        partner_id=partner.id, customer_id=customer_id, treatment=treatment, country=country,
        percent=percent, reason=reason, charges=charges, valid_from=valid_from, actor=actor,
        now=now,
    )  # fmt: skip


def enter_fx_rate(request: FinanceRequest, now: datetime) -> FxRate:
    """The row that an approved request asked for; see `decide_request`."""
    return FxRate.objects.create(**columns(request.facts), **_entered(request, now))


def enter_tax_rate(request: FinanceRequest, now: datetime) -> TaxRate:
    """The row that an approved request asked for; see `decide_request`."""
    return TaxRate.objects.create(**columns(request.facts), **_entered(request, now))


def enter_tax_status(request: FinanceRequest, now: datetime) -> TaxStatus:
    """The row that an approved request asked for; see `decide_request`."""
    return TaxStatus.objects.create(**columns(request.facts), **_entered(request, now))


def _entered(request: FinanceRequest, now: datetime) -> dict[str, Any]:
    return {"id": request.id, "entered_by": request.asked_by, "entered_at": now}


def _percent(percent: Decimal) -> str:
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise BadTerms(
            Said("A tax rate is a percentage from 0 to 100, not %(percent)s.", percent=percent)
        )
    return _fixed(percent, 4)


def _fixed(number: Decimal, places: int) -> str:
    """As its column writes it: the database compares what is entered with what was asked."""
    return format(number.quantize(Decimal(1).scaleb(-places)), "f")


def _country(code: str) -> str:
    if len(code) != 2 or not code.isascii() or not code.isupper():
        raise BadTerms(
            Said("A country is two capital letters such as 'DE', not %(code)s.", code=f"{code!r}")
        )
    return code
