"""Prices in plain words: what a rate costs, by its mode, with what it includes and its bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules.rates import Rate, Tier, parse_rate
from portal.templatetags.fmt import quantity
from portal.templatetags.money import bps, price_text

METERS: dict[str, Any] = {
    "cached_requests": gettext_lazy("Cached requests"),
    "lookups": gettext_lazy("Lookups"),
    "stores": gettext_lazy("Stores"),
    "gb_served": gettext_lazy("Data served"),
    "gb_hours": gettext_lazy("Reserved storage"),
    "tokens_saved": gettext_lazy("Tokens saved"),
    "cost_saved": gettext_lazy("Model cost saved"),
}
# One of what a meter counts.
ONE_OF: dict[str, Any] = {
    "cached_requests": gettext_lazy("cached request"),
    "lookups": gettext_lazy("lookup"),
    "stores": gettext_lazy("store"),
    "gb_served": gettext_lazy("GB served"),
    "gb_hours": gettext_lazy("GB and hour reserved"),
    "tokens_saved": gettext_lazy("token saved"),
    "cost_saved": gettext_lazy("US dollar of model cost saved"),
}


def rate_lines(definitions: Iterable[Mapping[str, Any]], currency: str) -> list[str]:
    """One sentence a rate of a price list, from the rates as they are stored."""
    return [rate_line(parse_rate(dict(one)), currency) for one in definitions]


def rate_line(rate: Rate, currency: str) -> str:
    """What a rate costs: `$0.002 per cached request`, with what is included and what bounds it."""
    facts = {
        "meter": METERS[rate.meter], "one": ONE_OF[rate.meter],
        "price": price_text(rate.unit_price, currency), "share": bps(rate.percentage_bps),
        "size": quantity(str(rate.package_size)), "steps": _steps(rate, currency),
    }  # fmt: skip
    return "; ".join([_MODES[rate.mode](facts), *_bounds(rate, currency)])


def _steps(rate: Rate, currency: str) -> str:
    return ", ".join(_step(tier, currency) for tier in rate.tiers)


def _step(tier: Tier, currency: str) -> str:
    parts = []
    if tier.unit_price or not tier.flat_price:
        price = price_text(tier.unit_price, currency)
        parts.append(price if tier.block == 1 else _("%(price)s for each started %(size)s") % {
            "price": price, "size": quantity(str(tier.block))})  # fmt: skip
    if tier.flat_price:
        parts.append(_("%(price)s once") % {"price": price_text(tier.flat_price, currency)})
    facts = {"price": " + ".join(parts)}
    if tier.up_to is None:
        return _("beyond: %(price)s") % facts
    return _("up to %(value)s: %(price)s") % {**facts, "value": quantity(str(tier.up_to))}


def _bounds(rate: Rate, currency: str) -> list[str]:
    found = []
    if rate.included:
        found.append(_("%(n)s included") % {"n": quantity(str(rate.included))})
    if rate.minimum is not None:
        found.append(_("at least %(price)s") % {"price": price_text(rate.minimum, currency)})
    if rate.cap is not None:
        found.append(_("at most %(price)s") % {"price": price_text(rate.cap, currency)})
    return [*found, *(_("only %(what)s %(value)s") % {"what": DIMENSIONS[name], "value": value}
                      for name, value in rate.where)]  # fmt: skip


DIMENSIONS: dict[str, Any] = {"model": gettext_lazy("model")}
_MODES: dict[str, Callable[[dict[str, Any]], str]] = {
    "flat": lambda facts: _("%(price)s a month") % facts,
    "per_unit": lambda facts: _("%(price)s per %(one)s") % facts,
    "graduated": lambda facts: _("%(meter)s, each step at its own price: %(steps)s") % facts,
    "volume": lambda facts: _("%(meter)s, all at the price of the step reached: %(steps)s") % facts,
    "package": lambda facts: _("%(meter)s: %(price)s for each started %(size)s") % facts,
    "percentage": lambda facts: _("%(meter)s: %(share)s of it") % facts,
}
