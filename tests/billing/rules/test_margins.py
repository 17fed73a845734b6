"""Margin by hand (`tests/worked/margins.md`), and what has no cost price."""

from decimal import Decimal

import pytest

from billing.rules.errors import BillingError
from billing.rules.margins import CostPrices, cost_cuts, cost_minor, margin_bps
from billing.rules.money import round_minor, to_major
from billing.rules.periods import Segment
from billing.rules.rates import FLAT, PER_UNIT, Rate, RateCard
from tests.billing.rules.build import OCTOBER, hour, row
from tests.billing.rules.tables import rows


def prices_of(cell, currency="USD"):
    found = [part.rsplit(":", 1) for part in cell.split()]
    ends = [hour(start) for start, _price in found[1:]] + [None]
    cards = []
    for (start, price), end in zip(found, ends, strict=True):
        each, _, fixed = price.partition("+")
        rates = [Rate("cached", "cached_requests", PER_UNIT, Decimal(each))]
        if fixed:
            rates.append(Rate("fixed", "lookups", FLAT, Decimal(fixed)))
        card = RateCard(start, f"Cost {start}", currency, tuple(rates))
        cards.append(CostPrices(card, hour(start), end))
    return cards


def used_of(cell):
    pairs = [part.split("=") for part in cell.split()]
    return [(hour(at), row("acme", int(quantity))) for at, quantity in pairs]


@pytest.mark.parametrize("cells", rows("margins.md"), ids=lambda cells: cells["case"])
def test_margins(cells):
    spans = [Segment(0, hour(cells["from"]), OCTOBER.end)]
    net = round_minor(Decimal(cells["net"]), "USD")

    cost = cost_minor(prices_of(cells["prices"]), spans, used_of(cells["usage"]), OCTOBER, "USD")

    bps = margin_bps(net, cost)
    assert str(to_major(cost, "USD")) == cells["cost"]
    assert str(to_major(net - cost, "USD")) == cells["margin"]
    wanted = cells["of net"].removesuffix(" %")
    assert bps is None if wanted == "–" else bps == int(Decimal(wanted) * 100)


def test_usage_is_told_apart_where_prices_change_inside_the_agreement():
    prices = prices_of("2026-01-01T00:1 2026-10-10T00:2 2026-10-20T00:3 2026-11-01T00:4")
    [whole] = [Segment(0, OCTOBER.start, OCTOBER.end)]
    assert cost_cuts(prices, [whole]) == (hour("2026-10-10T00"), hour("2026-10-20T00"))
    halves = [Segment(0, OCTOBER.start, hour("2026-10-10T00")),
              Segment(1, hour("2026-10-10T00"), hour("2026-10-20T00"))]  # fmt: skip
    assert cost_cuts(prices, halves) == ()


@pytest.mark.parametrize(("prices", "why"), [
    (prices_of("2026-11-01T00:1"), "No internal cost card is in force"),
    ([], "No internal cost card is in force"),
    (prices_of("2026-01-01T00:1", "EUR"), "in EUR, not USD"),
])  # fmt: skip
def test_usage_without_a_fitting_price_has_no_cost(prices, why):
    spans = [Segment(0, OCTOBER.start, OCTOBER.end)]
    with pytest.raises(BillingError, match=why):
        cost_minor(prices, spans, used_of("2026-10-20T00=1"), OCTOBER, "USD")
    assert cost_minor(prices[:0], spans, used_of("2026-10-20T00=0"), OCTOBER, "USD") == 0
