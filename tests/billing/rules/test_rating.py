from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.errors import BadRunInput, BadTerms
from billing.rules.meters import METERS, quantity_of
from billing.rules.rates import Rate, RateCard, Tier, dump_rate_card, parse_rate, parse_rate_card
from billing.rules.rating import cut, rate_quantity
from tests.billing.rules.build import many, row

prices = st.decimals(min_value=0, max_value=1000, places=12, allow_nan=False)
quantities = st.decimals(min_value=0, max_value=10**12, places=9, allow_nan=False)


@st.composite
def graduated(draw):
    bounds = sorted(draw(st.sets(st.integers(1, 10**6), max_size=4)))
    tiers = [Tier(Decimal(bound), draw(prices), draw(prices)) for bound in bounds]
    return Rate("g", "lookups", "graduated", tiers=(*tiers, Tier(None, draw(prices))))


@many
@given(graduated(), quantities, quantities)
def test_graduated_never_falls(rate, one, two):
    low, high = sorted((one, two))
    lower, higher = (rate_quantity(rate, quantity, "USD") for quantity in (low, high))
    assert lower.exact <= higher.exact
    assert lower.rounded_minor <= higher.rounded_minor


@many
@given(prices, quantities)
def test_per_unit_is_the_product_cut_and_rounded_once(price, quantity):
    rated = rate_quantity(Rate("p", "lookups", "per_unit", unit_price=price), quantity, "USD")
    with localcontext(prec=100):
        product = price * quantity
        assert rated.exact <= product < rated.exact + Decimal("1e-12")
        assert abs(Decimal(rated.rounded_minor) / 100 - product) <= Decimal("0.005")
        # Rounding the cut amount equals rounding the whole product.
        assert rated.rounded_minor == int(
            (product * 100 + Decimal("0.5")).to_integral_value("ROUND_FLOOR")
        )


@many
@given(quantities, st.integers(1, 1000))
def test_one_tier_equals_per_unit(quantity, price):
    tiers = (Tier(None, Decimal(price)),)
    wanted = rate_quantity(
        Rate("p", "lookups", "per_unit", unit_price=Decimal(price)), quantity, "USD"
    )
    for mode in ("graduated", "volume"):
        rated = rate_quantity(Rate("t", "lookups", mode, tiers=tiers), quantity, "USD")
        assert rated.exact == wanted.exact


def test_the_callers_decimal_context_decides_nothing():
    rate = Rate("p", "lookups", "per_unit", unit_price=Decimal("0.123456789012"))
    wanted = rate_quantity(rate, Decimal(987654321987), "USD")
    with localcontext(prec=4):
        assert rate_quantity(rate, Decimal(987654321987), "USD") == wanted


@pytest.mark.parametrize("quantity", [Decimal(-1), Decimal("NaN"), 5, 5.0])
def test_quantities_are_whole_periods(quantity):
    with pytest.raises(BadRunInput, match="'p'"):
        rate_quantity(Rate("p", "lookups", "per_unit"), quantity, "USD")


def test_volume_may_fall_and_says_why():
    rate = Rate(
        "v", "lookups", "volume", tiers=(Tier(Decimal(15), Decimal(10)), Tier(None, Decimal(5)))
    )
    assert rate_quantity(rate, Decimal(15), "USD").rounded_minor == 15000
    after = rate_quantity(rate, Decimal(16), "USD")
    assert after.rounded_minor == 8000  # booked 150, cumulative 80: the next run carries −70
    assert [(step.quantity, step.price, step.amount) for step in after.steps] == [("16", "5", "80")]


def test_quantities_of_meters():
    rows = [
        row(
            "a",
            2,
            "0.5",
            byte_seconds=7200 * 10**9,
            cost_saved_micros=1_500_000,
            tokens_saved=9,
            lookups=4,
            stores=3,
        ),
        row("b", 1, "0.000000001"),
    ]
    found = {name: quantity_of(name, rows) for name in METERS}
    assert found == {
        "cached_requests": 3, "lookups": 4, "stores": 3, "gb_served": Decimal("0.500000001"),
        "gb_hours": 2, "tokens_saved": 9, "cost_saved": Decimal("1.5"),
    }  # fmt: skip
    third = quantity_of("gb_hours", [row("a", byte_seconds=1200 * 10**9)])
    assert third == Decimal("0.333333333333")
    with pytest.raises(BadTerms, match="cached_requests"):
        quantity_of("wishes", [])


def test_cut_is_toward_zero():
    assert cut(Decimal("1.9999999999999")) == Decimal("1.999999999999")
    assert cut(Decimal("-1.9999999999999")) == Decimal("-1.999999999999")


CARD = {
    "version_id": "v", "name": "Card", "currency": "USD",
    "rates": [
        {"key": "a", "meter": "cached_requests", "mode": "per_unit", "unit_price": "0.002",
         "where": {"model": "gpt-4o"}},
        {"key": "b", "meter": "cached_requests", "mode": "graduated", "included": "10",
         "tiers": [{"up_to": "5", "unit_price": "1"}, {"up_to": None, "unit_price": "0.5"}]},
        {"key": "c", "meter": "cost_saved", "mode": "percentage", "percentage_bps": 2000,
         "minimum": "1", "cap": "200"},
    ],
}  # fmt: skip


def test_rate_cards_survive_storage():
    card = parse_rate_card(CARD)
    assert isinstance(card, RateCard)
    assert card.rates[0].where == (("model", "gpt-4o"),)
    assert parse_rate_card(dump_rate_card(card)) == card


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": "guess"}, "one of flat"),
        ({"unit_price": 0.002}, "decimal written as text"),
        ({"unit_price": "-1"}, "not negative"),
        ({"unit_price": "0.0000000000001"}, "12 decimals"),
        ({"unit_price": "NaN"}, "finite"),
        ({"unit_price": "much"}, "decimal"),
        ({"meter": "wishes"}, "is not known"),
        ({"prize": "1"}, "unknown members: prize"),
        ({"key": None}, "text"),
        ({"mode": "graduated"}, "at least one tier"),
        ({"mode": "graduated", "tiers": [{"up_to": "5"}]}, "last tier is open"),
        ({"mode": "volume", "tiers": [{"up_to": "5"}, {"up_to": "5"}, {}]}, "must rise"),
        ({"mode": "volume", "tiers": [{"up_to": "0"}, {}]}, "more than zero"),
        ({"mode": "volume", "tiers": [{"block": "0"}]}, "more than zero"),
        ({"tiers": [{}]}, "takes no tiers"),
        ({"package_size": "0"}, "more than zero"),
        ({"minimum": "5", "cap": "4"}, "above the cap"),
        ({"percentage_bps": 10_001}, "from 0 to 10000"),
        ({"where": {"colour": "red"}}, "unknown members"),
    ],
)
def test_bad_rates_name_the_member(change, message):
    good = {"key": "k", "meter": "lookups", "mode": "per_unit", "unit_price": "1"}
    parse_rate(good)
    with pytest.raises(BadTerms, match=message):
        parse_rate({**good, **change})


def test_bad_cards():
    rate = CARD["rates"][1]
    with pytest.raises(BadTerms, match="twice"):
        parse_rate_card({**CARD, "rates": [rate, rate]})
    with pytest.raises(BadTerms, match="one meter twice"):
        parse_rate_card({**CARD, "rates": [rate, {**rate, "key": "again"}]})
    with pytest.raises(BadTerms, match="lacks the member 'rates'"):
        parse_rate_card({"version_id": "v", "name": "n", "currency": "USD"})
    with pytest.raises(BadTerms, match="JSON object"):
        parse_rate_card([])
