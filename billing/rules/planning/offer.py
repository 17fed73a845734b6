"""What a prospect is offered: a deal, the usage expected, and three years of it for both sides.

The deal is one of the agreement templates, so that the proposal shows what would be signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing.rules.cycles import round_fraction
from billing.rules.fields import Fields, decimal_text
from billing.rules.planning.metrics import PARTNER, RevenueLine
from billing.rules.planning.scenario import Scenario
from billing.rules.templates import POC_MONTHS, TEMPLATES, Deal, agreement_terms
from billing.rules.terms import BaseFee, PerUnit, RevenueShare, Terms, Wholesale

YEARS = 3
CURRENCY, MINOR = "USD", 100
WHOLE = 10_000
# A template offered to partners; `direct` is for our own customers.
OFFERED = tuple(name for name in TEMPLATES if name != "direct")
MOST_GROWTH_BPS = 100_000


@dataclass(frozen=True, slots=True)
class Figures:
    """The first year's usage, prices and growth: what a proposal is computed from.

    `unit_price` is what customers pay for a cached request, in dollars; `growth_bps` the growth of
    requests from year to year; `base_yearly_minor` None for the template's own base fee.
    """

    template: str = "poc"
    monthly_requests: int = 10_000_000
    hit_rate_bps: int = 7_500
    unit_price: Decimal = Decimal("0.002")
    growth_bps: int = 5_000
    base_yearly_minor: int | None = None


def parse_figures(data: object) -> Figures:
    """JSON object → Figures; absent members take the defaults. Raises BadTerms naming a member."""
    read, usual = Fields(data, "Offer"), Figures()
    found = Figures(
        template=read.choice("template", OFFERED, usual.template),
        monthly_requests=read.whole("monthly_requests", usual.monthly_requests, most=10**12),
        hit_rate_bps=read.whole("hit_rate_bps", usual.hit_rate_bps, most=WHOLE),
        unit_price=read.decimal("unit_price", str(usual.unit_price)),
        growth_bps=read.whole("growth_bps", usual.growth_bps, most=MOST_GROWTH_BPS),
        base_yearly_minor=read.whole_or_none("base_yearly_minor"),
    )
    read.close()
    return found


def figures_json(figures: Figures) -> dict[str, Any]:
    """What `parse_figures` reads."""
    return {
        "template": figures.template, "monthly_requests": figures.monthly_requests,
        "hit_rate_bps": figures.hit_rate_bps, "unit_price": decimal_text(figures.unit_price),
        "growth_bps": figures.growth_bps, "base_yearly_minor": figures.base_yearly_minor,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Year:
    """One year: `sales_minor` is what customers pay, `ours_minor` and `theirs_minor` its two parts.

    `free_minor` is what the proof of concept's months would have cost them. `ours_minor` may exceed
    the sales (a base fee): then the partner pays the difference.
    """

    number: int
    requests: int
    hits: int
    sales_minor: int
    ours_minor: int
    free_minor: int

    @property
    def theirs_minor(self) -> int:
        """What the partner keeps: always the rest."""
        return self.sales_minor - self.ours_minor


@dataclass(frozen=True, slots=True)
class Offer:
    """The terms that would be signed, and the years as scenarios of the plan (our revenue)."""

    figures: Figures
    terms: Terms
    years: tuple[Year, ...]
    scenarios: tuple[Scenario, ...]

    @property
    def theirs_minor(self) -> int:
        """The partner's part of all years."""
        return sum(year.theirs_minor for year in self.years)

    @property
    def ours_minor(self) -> int:
        """Our part of all years."""
        return sum(year.ours_minor for year in self.years)

    @property
    def poc_months(self) -> int:
        """Free months at the beginning."""
        return _free_months(self.figures)


def offer(name: str, partner_kind: str, figures: Figures, starts_at: datetime) -> Offer:
    """Three years of a deal with `name`. `starts_at`: full UTC hour. Raises BadTerms.

    Requests grow from year to year, hits are rounded down, amounts rounded half up once a year.
    """
    terms = agreement_terms(
        figures.template, partner_kind=partner_kind, currency=CURRENCY, starts_at=starts_at,
        deal=Deal(base_yearly_minor=figures.base_yearly_minor),
    )  # fmt: skip
    scenarios = tuple(_scenario(name, figures, terms, number) for number in range(1, YEARS + 1))
    years = tuple(
        _year(figures, number, scenario.metrics.partner_minor)
        for number, scenario in enumerate(scenarios, 1)
    )
    return Offer(figures, terms, years, scenarios)


def _free_months(figures: Figures) -> int:
    return POC_MONTHS if figures.template == "poc" else 0


def _usage(figures: Figures, number: int) -> tuple[int, int]:
    growth = Fraction(WHOLE + figures.growth_bps, WHOLE) ** (number - 1)
    requests = int(figures.monthly_requests * 12 * growth)
    return requests, requests * figures.hit_rate_bps // WHOLE


def _sales(figures: Figures, number: int) -> tuple[int, int]:
    """What customers pay in a year, and what its free months would have brought; minor units."""
    whole = round_fraction(_usage(figures, number)[1] * Fraction(figures.unit_price) * MINOR)
    free = round_fraction(Fraction(whole * _free_months(figures), 12)) if number == 1 else 0
    return whole - free, free


def _year(figures: Figures, number: int, ours_minor: int) -> Year:
    requests, hits = _usage(figures, number)
    sales, free = _sales(figures, number)
    return Year(number, requests, hits, sales, ours_minor, free)


def _scenario(name: str, figures: Figures, terms: Terms, number: int) -> Scenario:
    hits, sales = _usage(figures, number)[1], _sales(figures, number)[0]
    lines = [
        RevenueLine(label, PARTNER, 1, amount, partners=int(position == 0))
        for position, (label, amount) in enumerate(_ours(terms, hits, sales))
    ]
    return Scenario(f"year{number}", f"{name}, year {number}", "", CURRENCY, tuple(lines))


def _ours(terms: Terms, hits: int, sales_minor: int) -> list[tuple[str, int]]:
    """What is ours of a year, by component of the terms."""
    return [
        (label, round_fraction(part(component, hits, sales_minor)))
        for component in terms.components
        for kind, (label, part) in _PARTS.items()
        if isinstance(component, kind)
    ]


_PARTS: Mapping[type, tuple[str, Any]] = {
    BaseFee: ("Base fee", lambda fee, _hits, _sales: Fraction(fee.yearly_minor)),
    RevenueShare: ("Our part of the sales", lambda share, _hits, sales: Fraction(
        sales * (WHOLE - share.partner_bps), WHOLE)),
    PerUnit: ("Cached requests", lambda unit, hits, _sales: Fraction(
        unit.rate.unit_price) * hits * MINOR),
    Wholesale: ("At wholesale prices", lambda deal, _hits, sales: Fraction(
        sales * deal.factor_bps, WHOLE)),
}  # fmt: skip
