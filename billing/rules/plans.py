"""What a plan offers: a fee, what is included, prices beyond it, and where requests stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing.rules.errors import BillingError
from billing.rules.fields import Fields, decimal_text
from billing.rules.money import EXACT
from billing.rules.rates import FLAT, PER_UNIT, Rate, RateCard, dump_rate, parse_rate
from billing.rules.rating import rate_quantity
from tenants.rules.sayings import Said

FEE, CACHED, SERVED = "monthly_fee", "cached", "served"
THOUSAND = Decimal(1000)
MOST_LOOKUPS = 10**15


class BadPlan(BillingError):
    """A plan, a start or a move that cannot be; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One version of a plan; prices in major units of its currency.

    `fee` a month; `included` cached requests a month; `overage` per 1,000 beyond them; `served`
    per GB. `lookups`: so many a month, then requests are misses (hard); None: overage is billed
    without end (soft).
    """

    fee: Decimal = Decimal(0)
    included: int = 0
    overage: Decimal = Decimal(0)
    served: Decimal = Decimal(0)
    lookups: int | None = None

    @property
    def quota(self) -> dict[str, Any] | None:
        """As `set_quota` takes it: beyond it a lookup is a miss."""
        return None if self.lookups is None else {"month": self.lookups, "hard": False}


# Where a partner may begin; every figure is its own to change before it publishes.
TEMPLATES: dict[str, Offer] = {
    "pay-as-you-go": Offer(overage=Decimal("2.00"), served=Decimal("0.02")),
    "growth": Offer(Decimal(49), 25_000, Decimal("1.80"), Decimal("0.02")),
    "fixed": Offer(Decimal(99), 60_000, Decimal("1.60"), Decimal("0.02"), lookups=100_000),
}


def parse_offer(data: object) -> Offer:
    """JSON object → Offer. Raises BadTerms naming the member."""
    read = Fields(data, Said("Plan"))
    offer = Offer(
        read.decimal("fee"), read.whole("included", most=MOST_LOOKUPS), read.decimal("overage"),
        read.decimal("served"), read.whole_or_none("lookups"),
    )  # fmt: skip
    read.close()
    return offer


def offer_json(offer: Offer) -> dict[str, Any]:
    """Offer → JSON object that `parse_offer` reads back unchanged."""
    prices = {name: decimal_text(getattr(offer, name)) for name in ("fee", "overage", "served")}
    return {**prices, "included": offer.included, "lookups": offer.lookups}


def rates_of(offer: Offer) -> list[dict[str, Any]]:
    """The offer as rates of a card; what has no price has no line on invoices."""
    fee = Rate(FEE, "lookups", FLAT, offer.fee)
    cached = Rate(CACHED, "cached_requests", PER_UNIT, EXACT.divide(offer.overage, THOUSAND),
                  included=Decimal(offer.included))  # fmt: skip
    served = Rate(SERVED, "gb_served", PER_UNIT, offer.served)
    priced = [cached, *(rate for rate in (fee, served) if rate.unit_price)]
    return [dump_rate(rate) for rate in priced]


def offer_of(card: RateCard, quota: Mapping[str, Any] | None) -> Offer:
    """What a published version offers, read back from its rates."""
    rates = {rate.key: rate for rate in card.rates}
    price = {key: rates[key].unit_price if key in rates else Decimal(0) for key in (FEE, SERVED)}
    cached = rates[CACHED]
    return Offer(price[FEE], int(cached.included), cached.unit_price * THOUSAND, price[SERVED],
                 None if quota is None else quota["month"])  # fmt: skip


def cost_minor(offer: Offer, requests: int, bytes_served: int, currency: str) -> int:
    """What a whole month with this usage comes to, rated and rounded line by line, minor units."""
    used = {FEE: Decimal(0), CACHED: Decimal(requests), SERVED: Decimal(bytes_served).scaleb(-9)}
    rates = [parse_rate(item) for item in rates_of(offer)]
    return sum(rate_quantity(rate, used[rate.key], currency).rounded_minor for rate in rates)


def by_month_end(count: int, gone: timedelta, whole: timedelta) -> int | None:
    """A count of the month so far, carried on at its pace; None in the month's first day."""
    if gone < timedelta(days=1):
        return None
    return count * (whole // timedelta(seconds=1)) // (gone // timedelta(seconds=1))
