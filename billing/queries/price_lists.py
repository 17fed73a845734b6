"""The platform's price lists as finance sees them: every version, and what waits."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from billing.models import FinanceRequest, RateCard, RateCardVersion
from billing.rules.finance_requests import PRICES
from billing.rules.price_lines import shown, written


@dataclass(frozen=True)
class PricesFrom:
    """A version; `state`: in force, later or replaced. `lines` as people write them, `shown` as
    they read them."""

    version: RateCardVersion
    state: str
    lines: str
    shown: str


@dataclass(frozen=True)
class PriceList:
    """A list with its versions, newest first."""

    card: RateCard
    versions: tuple[PricesFrom, ...]

    @property
    def lines(self) -> str:
        """The newest prices, to be written anew."""
        return self.versions[0].lines if self.versions else ""


def price_lists(now: datetime) -> list[PriceList]:
    """The platform's own lists by name (console): three queries."""
    cards = RateCard.objects.filter(partner_id=None).order_by("name")
    return [
        PriceList(card, tuple(
            _prices(one, now) for one in sorted(card.versions.all(), key=lambda one: -one.number)
        ))
        for card in cards.prefetch_related("versions__rates")
    ]  # fmt: skip


def retail_cards(partner_id: uuid.UUID) -> list[RateCard]:
    """The lists that may price what this partner's customers use, by name; not their plans'."""
    rows = RateCard.objects.filter(Q(partner_id=None) | Q(partner_id=partner_id), plan=None)
    return list(rows.exclude(audience=RateCard.Audience.INTERNAL).order_by("name"))


def waiting_prices() -> list[FinanceRequest]:
    """What one person asked for, oldest first."""
    return list(FinanceRequest.objects.filter(kind=PRICES, approved_by="", declined_by=""))


def _prices(version: RateCardVersion, now: datetime) -> PricesFrom:
    rates = [rate.definition for rate in version.rates.all()]
    return PricesFrom(version, _state(version, now), written(rates), shown(rates))


def _state(version: RateCardVersion, now: datetime) -> str:
    if version.valid_from > now:
        return "later"
    return "in_force" if version.valid_to is None or version.valid_to > now else "replaced"
