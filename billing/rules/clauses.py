"""The written agreement: a version's terms as numbered clauses, every figure from the terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.rules.disputes import SILENCE_DAYS
from billing.rules.fields import decimal_text, instant_text
from billing.rules.meters import METERS
from billing.rules.money import Money
from billing.rules.money_text import format_money, format_price
from billing.rules.rates import RateCard
from billing.rules.splits import PLATFORM
from billing.rules.terms import (
    DIRECT,
    REPORTED,
    BaseFee,
    Cap,
    Minimum,
    PerUnit,
    PlanFee,
    RevenueShare,
    SavingsShare,
    Terms,
    Wholesale,
)

SCHEMA = "agentcache.agreement/1"
_TITLES = {
    "revenue_share": "Revenue Share Agreement",
    "oem": "OEM Licence Agreement",
    "wholesale": "Wholesale Agreement",
    "direct": "Service Agreement",
}


@dataclass(frozen=True, slots=True)
class Dated:
    """When a version is in force and which one it is; `valid_to` None: until further notice."""

    code: str
    number: int
    valid_from: datetime
    valid_to: datetime | None


def agreement_text(
    terms: Terms, dated: Dated, prices: RateCard | None, parties: Mapping[str, Any]
) -> dict[str, Any]:
    """The paper as JSON: title, parties, numbered clauses of sentences. The same terms give the
    same text; the figures are those that rating reads, so paper and invoice cannot differ.

    `parties`: platform, partner and brand, as documents copy them.
    """
    clauses = [
        ("Service", _service(terms, parties)),
        ("Customers", _customers(terms)),
        ("Charges", [_CHARGES[type(part)](part, terms) for part in terms.components]),
        ("Prices", _prices(prices)),
        ("Proof of concept", _poc(terms)),
        ("Metering", list(_METERING)),
        ("Settlement", _settlement(terms)),
        ("Payment", _payment(terms)),
        ("Term and changes", _term(terms, dated)),
    ]
    return {
        "schema": SCHEMA,
        "title": _TITLES[terms.kind],
        "reference": f"{dated.code}, version {dated.number}",
        "in_force_from": instant_text(dated.valid_from),
        "parties": {"platform": parties["platform"], "partner": parties["partner"]},
        "brand": parties["brand"],
        "clauses": [
            {"number": number, "heading": heading, "sentences": sentences}
            for number, (heading, sentences) in enumerate(
                (clause for clause in clauses if clause[1]), 1
            )
        ],
    }


def _money(minor: int, terms: Terms) -> str:
    return format_money(Money(minor, terms.currency))


def _percent(bps: int) -> str:
    return f"{decimal_text(Decimal(bps).scaleb(-2))} %"


def _day(at: datetime) -> str:
    return f"{at:%d %B %Y, %H:%M} UTC"


def _service(terms: Terms, parties: Mapping[str, Any]) -> list[str]:
    if terms.kind == DIRECT:
        return ["AgentCache answers repeated requests to language models from its cache."]
    return [
        "The partner runs a cache of its own. When that misses, is slow or is full, its clients ask"
        f" AgentCache, which answers under the partner's brand ({parties['brand']['name']}).",
        "Brand, host names and the customers' relationship belong to the partner.",
    ]


def _customers(terms: Terms) -> list[str]:
    if terms.kind == DIRECT:
        return ["AgentCache contracts with the customers and invoices them."]
    if terms.collects == PLATFORM:
        who = "in its own name" if terms.principal else "as the partner's agent"
        return [f"AgentCache invoices the partner's customers {who}, under the partner's brand."]
    if terms.bills_customers:
        texts = [
            "The partner invoices its customers and pays AgentCache its part of what it bills."
        ]
        if terms.sales == REPORTED:
            texts.append(
                "It invoices them outside the portal and reports each month's sales, net of tax "
                f"and refunds, by customer within {terms.cutoff_days} days after the month. "
                "Without a report the share is estimated from usage, and the difference follows."
            )
        return texts
    return ["The partner sells on its own account; AgentCache invoices the partner only."]


def _base_fee(part: BaseFee, terms: Terms) -> str:
    return (
        f"The partner pays a base fee of {_money(part.yearly_minor, terms)} a year, invoiced "
        f"{part.interval} in advance. Parts of a year are cut so that they sum to the year."
    )


def _per_unit(part: PerUnit, terms: Terms) -> str:
    meter = METERS[part.rate.meter]
    if part.rate.mode == "per_unit":
        price = format_price(part.rate.unit_price, terms.currency)
        return f"{meter.label}: {price} each, all customers of the partner together, in arrears."
    return f"{meter.label}: priced {part.rate.mode.replace('_', ' ')}, all customers together."


def _revenue_share(part: RevenueShare, terms: Terms) -> str:
    theirs, ours = _percent(part.partner_bps), _percent(10_000 - part.partner_bps)
    return (
        f"Of the net of each customer invoice {theirs} is the partner's and {ours} is AgentCache's."
        " The share is split once per customer invoice; an exact half of a minor unit is the "
        f"{'partner' if terms.tie != PLATFORM else 'platform'}'s."
    )


def _wholesale(part: Wholesale, terms: Terms) -> str:
    text = f"The partner pays {_percent(part.factor_bps)} of AgentCache's retail prices."
    if part.discount_mode == "none":
        return text
    tiers = "; ".join(
        f"{_percent(tier.discount_bps)} "
        + ("above" if tier.up_to_minor is None else f"up to {_money(tier.up_to_minor, terms)}")
        for tier in part.discount_tiers
    )
    whole = "on the whole value" if part.discount_mode == "volume" else "tier by tier"
    return f"{text} Discount by the month's value, {whole}: {tiers}."


def _plan_fee(part: PlanFee, terms: Terms) -> str:
    return (
        f"A customer on the plan “{part.plan}” pays {_money(part.yearly_minor, terms)} a year, "
        f"invoiced {part.interval} in advance."
    )


def _savings_share(part: SavingsShare, terms: Terms) -> str:
    text = f"Customers pay {_percent(part.percentage_bps)} of the model cost they saved"
    cap = "" if part.cap_minor is None else f", at most {_money(part.cap_minor, terms)} a month"
    return f"{text}{cap}."


def _minimum(part: Minimum, terms: Terms) -> str:
    return f"The partner pays at least {_money(part.monthly_minor, terms)} for each full month."


def _cap(part: Cap, terms: Terms) -> str:
    most = _money(part.monthly_minor, terms)
    return f"Usage costs the partner at most {most} for each full month; fees are not part of it."


_CHARGES: dict[type, Callable[[Any, Terms], str]] = {
    BaseFee: _base_fee,
    PerUnit: _per_unit,
    RevenueShare: _revenue_share,
    Wholesale: _wholesale,
    PlanFee: _plan_fee,
    SavingsShare: _savings_share,
    Minimum: _minimum,
    Cap: _cap,
}


def _prices(card: RateCard | None) -> list[str]:
    if card is None:
        return []
    listed = [_price(rate, card.currency) for rate in card.rates]
    return [f"Usage is priced by the rate card “{card.name}”: {'; '.join(listed)}."]


def _price(rate: Any, currency: str) -> str:
    label = METERS[rate.meter].label.lower()
    if rate.mode != "per_unit":
        return f"{label} {rate.mode.replace('_', ' ')}"
    if not rate.unit_price:
        return f"{label} free"
    unit = METERS[rate.meter].unit.removesuffix("s")
    return f"{label} {format_price(rate.unit_price, currency)} per {unit}"


def _poc(terms: Terms) -> list[str]:
    if terms.poc_ends_at is None:
        return []
    return [
        f"Until {_day(terms.poc_ends_at)} usage is metered, rated at list price and shown with a "
        "discount of 100 %: nothing is owed and nothing is posted. Extending it is an amendment."
    ]


_METERING = (
    "A cached request is a lookup in live mode that AgentCache answered from its cache. Each is "
    "one event with a number of its own, recorded before the answer is sent, and counted once.",
    "A hit that the partner reports as wrong is taken off the bill. Usage that arrives after a "
    "month is issued is settled by an adjustment at that month's terms.",
)


def _settlement(terms: Terms) -> list[str]:
    papers = []
    if terms.pays_partner:
        kind = ", which is the partner's self-billed invoice" if terms.self_billing else ""
        papers.append(
            f"Each month (UTC) AgentCache issues a statement of the partner's share{kind}."
        )
        if terms.min_payout_minor:
            least = _money(terms.min_payout_minor, terms)
            papers.append(f"A balance below {least} is carried forward.")
        if terms.shares_receipts:
            papers.append("The share falls due on what customers have paid.")
        papers.append(_share_base(terms))
        days = terms.lock_days or SILENCE_DAYS
        papers.append(f"The partner may dispute a statement for {days} days; then it is accepted.")
    if terms.bills_partner:
        papers.append("Each month (UTC) AgentCache issues one invoice to the partner.")
    if terms.cutoff_days:
        papers.append(f"Usage is awaited for {terms.cutoff_days} days after a month's end.")
    return [
        *papers,
        "Every line can be traced to the events behind it, and a statement recomputed from files "
        "the partner downloads. Issued documents never change; corrections are new documents.",
    ]


_SHARED_NAMES = {
    "credits": "credit notes",
    "fees": "the fees of their payments",
    "refunds": "refunds",
    "tax": "tax",
}


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _share_base(terms: Terms) -> str:
    """What is taken off the customers' money before it is shared, and what is not."""
    off = [name for key, name in _SHARED_NAMES.items() if key in terms.deductions]
    kept = [name for key, name in _SHARED_NAMES.items() if key not in terms.deductions]
    base = "what is collected from customers" if terms.shares_receipts else "what they are invoiced"
    text = f"The share is taken of {base}"
    text += f", after {_listed(off)}" if off else ""
    return f"{text}, before {_listed(kept)}." if kept else f"{text}."


def _payment(terms: Terms) -> list[str]:
    net = " Claims of both sides are netted." if terms.netting else ""
    tax = " Documents carry the tax that their parties owe by law." if terms.charges_tax else ""
    return [f"Payment is due within {terms.payment_days} days, in {terms.currency}.{net}{tax}"]


def _term(terms: Terms, dated: Dated) -> list[str]:
    end = "until further notice" if dated.valid_to is None else f"until {_day(dated.valid_to)}"
    months = f" (a term of {terms.term_months} months)" if terms.term_months else ""
    return [
        f"These terms hold from {_day(dated.valid_from)} {end}{months}.",
        "A change is a new version of these terms, from a full hour on, approved by two people on "
        "AgentCache's side and signed by both parties.",
    ]
