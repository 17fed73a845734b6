"""The known answers of other billing systems that the reference collects: each is run or excused.

Ids as in its tables. Tiers (T…) are rows of `tests/worked/rating.md`, splits of `splits.md`.
"""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from billing.rules.bounds import minimum_line
from billing.rules.charging import charge
from billing.rules.cycles import elapsed_cycles, round_fraction, yearly_fee_between
from billing.rules.drafts import with_tax
from billing.rules.groups import pricing_groups
from billing.rules.journal import postings
from billing.rules.money import round_minor
from billing.rules.periods import parse_month
from billing.rules.rates import PER_UNIT, Rate, Tier
from billing.rules.rating import rate_quantity
from tests.billing.rules.build import hour, row, run, terms
from tests.billing.rules.tables import rows

EXCUSED = {
    "T7": "a price per event beside a percentage, and free events by value, are no modes of ours",
    "R5": "counts days over the first month's days; a cycle of ours counts each month as one",
    "R11": "another product's review calendar; ours are lock days and payment days",
    "D7": "about payments and account credit, which belong to a document's life, not to rating",
    "S7": "a resale over two levels with a marketplace's fee on both; agreements have one level",
}
IN_TABLES = {
    "T1": "rating.md", "T3": "rating.md", "T5": "rating.md", "T9": "rating.md",
    "T11": "rating.md", "T13": "rating.md", "T15": "rating.md",
    "S1": "splits.md", "S3": "splits.md", "S5": "splits.md",
}  # fmt: skip
T15 = Rate("t15", "lookups", "graduated", tiers=(
    Tier(Decimal(5), flat_price=Decimal(100)), Tier(Decimal(10), flat_price=Decimal(50)),
    Tier(Decimal(15), Decimal(5)), Tier(None, Decimal(1)),
))  # fmt: skip
# Mode, amount, weights, wanted: rows that splits.md must hold.
SPLITS = {
    "S1": [("5", "a=1 b=1 c=1"), ("10000", "a=1 b=2 c=3"), ("500", "a=10 b=5"), ("1", "a=100 b=1")],
    "S3": [("1000", "a=1 b=2")],
    "S5": [("5", "a=70 b=30"), ("5", "b=30 a=70")],
}


def cents(rate, quantity, currency="USD"):
    return rate_quantity(rate, Decimal(quantity), currency).rounded_minor


def usd(text):
    return round_minor(Decimal(text), "USD")


def taxed(net_minor, percent, currency="USD"):
    """(tax, gross) in minor units of a document over `net_minor`."""
    one = charge(run(row("acme", 1))).drafts[0]
    line = replace(one.lines[0], amount_minor=net_minor)
    bare = replace(one, lines=(line,), net_minor=net_minor, gross_minor=net_minor)
    draft = with_tax(replace(bare, currency=currency), "VAT", Decimal(percent))
    return draft.taxes[0].amount_minor, draft.gross_minor


def true_up(minimum, starts, month, counted):
    agreed = terms("oem", "cloud", starts, base_yearly_minor=1, minimum_minor=usd(minimum))
    period = parse_month(month)
    groups = list(pricing_groups(run(agreed=agreed, period=period, retail=None)))
    return sum(line.rounded_minor for line in minimum_line(groups, period, [], usd(counted)))


def c1():
    assert cents(replace(T15, minimum=Decimal(1000)), 1) - usd(100) == usd(900)


def c3():
    """28 February at 10:00 is cut at the hour here; from midnight it is their 2 of 29 days. The
    plan fee counts towards their minimum: 2/29 of 100.00."""
    fee = yearly_fee_between(usd(1200), hour("2024-02-28T00"), hour("2024-02-28T00"),
                             hour("2024-03-01T00"))  # fmt: skip
    assert fee == usd("6.90")
    assert true_up(10_000, "2024-02-28T00", "2024-02", "36.90") == usd("652.76")


def c5():
    assert true_up(10, "2026-02-04T00", "2026-02", 8) == usd("0.93")
    assert taxed(93, 20) == (19, usd("1.12"))
    assert taxed(usd("8.93"), 20) == (usd("1.79"), usd("10.72"))
    assert taxed(-usd("5.36"), 20) == (-usd("1.07"), -usd("6.43"))
    assert usd("10.72") - usd("6.43") == usd("4.29")


def c7():
    free = Rate("c7", "lookups", PER_UNIT, Decimal(1), included=Decimal(110))
    totals = [cents(free, quantity) for quantity in (0, 50, 125, 155)]
    assert [b - a for a, b in pairwise(totals)] == [0, usd(15), usd(30)]


def c9():
    volume = Rate("c9", "lookups", "volume",
                  tiers=(Tier(Decimal(15), Decimal(10)), Tier(None, Decimal(5))))  # fmt: skip
    assert cents(volume, 16) - cents(volume, 15) == -usd(70)


def c11():
    """Billed 200.00 in mid-month, cumulative in the end 31.00 + 400.00: the last bill is 231.00."""
    one = Rate("c11", "lookups", PER_UNIT, Decimal(1))
    assert usd(31) + cents(one, 400) - cents(one, 200) == usd(231)


def r1():
    part = yearly_fee_between(usd(600), hour("2022-08-10T00"), hour("2022-08-10T00"),
                              hour("2022-09-01T00"))  # fmt: skip
    assert part == usd("35.48")


def r3():
    part = yearly_fee_between(usd(600), hour("2022-04-06T00"), hour("2022-04-06T00"),
                              hour("2022-05-01T00"))  # fmt: skip
    assert part == usd("41.67")


def r7():
    start = hour("2023-04-15T00")
    passed = [elapsed_cycles(start, hour(at), 3) for at in ("2023-05-20T00", "2023-06-21T00")]
    assert passed[1] - passed[0] == Fraction(32, 91)
    assert round_fraction(usd(910) * (passed[1] - passed[0])) == usd(320)


def r9():
    """From 15 March, 17 of 31 days: the old price's rest goes back, the new one's is charged."""
    day, end = hour("2024-03-15T00"), hour("2024-04-01T00")
    old, new = (yearly_fee_between(usd(yearly), day, day, end) for yearly in (120, 240))
    assert (-old, new, new - old) == (-usd("5.48"), usd("10.97"), usd("5.49"))


def d1():
    """70 less a coupon of 10 is the net; credits and prepaid money are no part of the tax base."""
    assert taxed(usd(60), 10) == (usd(6), usd(66))
    assert usd(66) - usd(20) - usd(30) == usd(16)


def d3():
    found = [taxed(usd("99.99"), "20")[0], taxed(usd(100), "8.875")[0],
             taxed(usd("123.45"), "7.25")[0], taxed(usd(1), "0.1")[0]]  # fmt: skip
    assert found == [2000, 888, 895, 0]
    assert taxed(999, "10.5", "JPY")[0] == 105


def d5():
    assert taxed(usd(769), 20)[1] == usd("922.80")
    notes = [taxed(-usd("726.86"), 20)[1], taxed(-usd("42.14"), 20)[1]]
    assert notes == [-usd("872.23"), -usd("50.57")]
    assert sum(notes) == -usd("922.80")


def s9():
    """A sale of 1,000 of which the partner has 700: revenue 1,000 and cost 700, or 300."""
    for principal, wanted in ((True, {"1100": 1000, "4000": -1000, "5000": 700, "2100": -700}),
                              (False, {"1100": 1000, "4000": -300, "2100": -700})):  # fmt: skip
        agreed = terms(share_bps=7000, principal=principal)
        sums = {}
        for draft in charge(run(row("acme", 500_000), agreed=agreed)).drafts:
            for entry in postings(draft):
                for line in entry.lines:
                    amount = line.debit_minor - line.credit_minor
                    sums[line.account] = sums.get(line.account, 0) + amount
        assert sums == {account: usd(amount) for account, amount in wanted.items()}


RUN = {f.__name__.upper(): f for f in (c1, c3, c5, c7, c9, c11, r1, r3, r7, r9, d1, d3, d5, s9)}


@pytest.mark.parametrize("case", RUN)
def test_known_answers(case):
    RUN[case]()


@pytest.mark.parametrize("case", IN_TABLES)
def test_known_answers_in_the_tables(case):
    if case in SPLITS:
        held = {(cells["amount"], cells["weights"]) for cells in rows("splits.md", "Allocations")}
        assert set(SPLITS[case]) <= held
    else:
        named = [cells["case"] for cells in rows("rating.md")]
        assert any(re.match(rf"{case}\b", name) for name in named)


def test_every_case_is_run_or_excused(shared_data):
    page = shared_data.parent / "reference" / "billing.md"
    if not page.exists():
        pytest.skip(f"shared data absent: {page} does not exist")
    listed = set(re.findall(r"^\| ([TCRDS]\d+) \|", page.read_text(encoding="utf-8"), re.M))
    assert listed == {*RUN, *IN_TABLES, *EXCUSED}
    assert not set(RUN) & set(EXCUSED)
