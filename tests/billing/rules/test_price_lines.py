"""Price lists as people write them: read back unchanged, refused by line."""

import pytest

from billing.rules.errors import BadTerms
from billing.rules.price_lines import parse_prices, shown, written
from tests.billing.people import RETAIL

TIERS = (
    '{"key": "served", "meter": "gb_served", "mode": "graduated", '
    '"tiers": [{"up_to": "500", "unit_price": "48"}, {"up_to": null, "unit_price": "36"}]}'
)


def test_a_price_is_a_meter_and_a_number_and_anything_else_is_json():
    found = parse_prices(f"cached_requests 0.002\n\nserved_too: stores 0.5\n{TIERS}\n")
    assert [(one["key"], one["meter"], one["mode"], one["unit_price"]) for one in found] == [
        ("cached_requests", "cached_requests", "per_unit", "0.002"),
        ("served_too", "stores", "per_unit", "0.5"),
        ("served", "gb_served", "graduated", "0"),
    ]  # fmt: skip
    assert [tier["up_to"] for tier in found[2]["tiers"]] == ["500", None]
    lines = written(found)
    assert lines.splitlines() == ["cached_requests 0.002", "served_too: stores 0.5", TIERS]
    assert parse_prices(lines) == found


def test_the_shipped_retail_prices_read_back():
    found = parse_prices(written(parse_prices("\n".join(
        f"{one['key']}: {one['meter']} {one['unit_price']}" for one in RETAIL))))  # fmt: skip
    assert [one["unit_price"] for one in found] == [one["unit_price"] for one in RETAIL]


@pytest.mark.parametrize(("text", "why"), [
    ("", "at least one price"),
    ("cached_requests", "Line 1: .* is not a meter and a price"),
    ("cached_requests 0.002\nwishes 1", "Line 2: .*wishes"),
    ("cached_requests cheap", "Line 1"),
    ("cached_requests -1", "Line 1"),
    ("{\"key\": 5", "Line 1"),
    ("[1]", "Line 1"),
    ('{"key": "a", "meter": "stores", "mode": "volume"}', "at least one tier"),
    ('{"key": "a", "meter": "stores", "mode": "free"}', "mode"),
    ('{"key": "a", "meter": "stores", "mode": "per_unit", "unit_price": 0.1}', "Line 1"),
])  # fmt: skip
def test_a_line_that_is_no_price_is_named(text, why):
    with pytest.raises(BadTerms, match=why):
        parse_prices(text)


def test_tiers_are_read_as_words_and_what_is_more_than_that_stays_json():
    blocks = TIERS.replace('"36"', '"36", "block": "5"')

    assert shown(parse_prices(f"cached: cached_requests 0.002\n{TIERS}")).splitlines() == [
        "cached: cached_requests 0.002", "served: gb_served graduated, 48 up to 500, 36 beyond",
    ]  # fmt: skip
    assert shown(parse_prices(blocks)) == written(parse_prices(blocks))
