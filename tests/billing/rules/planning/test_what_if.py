"""What-if: the same usage under other terms, worked by hand; nothing of the input changes."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given

from billing.rules.errors import BadTerms
from billing.rules.inputs import BookedLine
from billing.rules.planning.what_if import Changes, what_if
from billing.rules.templates import TEMPLATES
from tests.billing.rules.build import RETAIL, few, row, run, terms
from tests.billing.rules.test_charging import KINDS, usages

ACME = run(row("acme", 50_005), row("beta", 700))


def totals(found):
    return found.gross_minor, found.platform_minor, found.partner_minor


def re_rate(changes, given_run=ACME, **more):
    return what_if(given_run, changes, partner_kind="general_cache", card=RETAIL, **more)


def test_another_share_moves_money_between_the_sides_only():
    found = re_rate(Changes(share_bps=2_500))

    # $100.01 and $1.40: 30 % are 30.00 + 0.42, 25 % are 25.00 + 0.35.
    assert totals(found.before) == (10_141, 7_099, 3_042)
    assert totals(found.after) == (10_141, 7_606, 2_535)
    assert all(line.difference_minor == 0 for line in found.lines)


def test_another_price_changes_its_line_and_the_shares():
    found = re_rate(Changes(prices={"cached": Decimal("0.001")}))

    assert totals(found.after) == (5_071, 3_550, 1_521)  # 50.005 and 0.70: 50.01 + 0.70
    assert [(one.external_id, one.before_minor, one.after_minor) for one in found.lines] == [
        ("acme", 10_001, 5_001), ("beta", 140, 70),
    ]  # fmt: skip


def test_another_kind_replaces_the_lines():
    found = re_rate(Changes(template="wholesale", factor_bps=4_000))

    # All 50,705 requests at retail are $101.41, of which 40 % are owed: $40.56.
    assert totals(found.after) == (4_056, 4_056, 0)
    assert {one.kind: (one.before_minor, one.after_minor) for one in found.lines} == {
        "usage": (140, 0), "wholesale_retail": (0, 10_141), "wholesale_factor": (0, -6_085),
    }  # fmt: skip
    oem = re_rate(Changes(template="oem", base_yearly_minor=5_000_000, unit_price=Decimal("0.001")))
    assert totals(oem.after) == (416_667 + 5_071, 416_667 + 5_071, 0)  # the tenth of 12 months


def test_a_fee_or_a_minimum_can_be_added():
    resale = run(row("acme", 50_005), agreed=terms("revenue_share_partner", "cloud"))
    found = re_rate(Changes(base_yearly_minor=12_000_00, minimum_minor=500_00), resale)

    # Our 40 % of $100.01 are $40.00: $460.00 are missing to the minimum; the fee does not count.
    assert found.after.gross_minor - found.before.gross_minor == 1_000_00 + 460_00


@pytest.mark.parametrize(("changes", "told"), [
    (Changes(factor_bps=1), "no wholesale factor"),
    (Changes(unit_price=Decimal(1)), "no price per"),
    (Changes(share_bps=10_001), "10000"), (Changes(template="moon"), "moon"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(changes, told):
    with pytest.raises(BadTerms, match=told):
        re_rate(changes)


def test_booked_amounts_do_not_hide_the_whole(monkeypatch):
    booked = replace(ACME, booked_lines=(BookedLine("gone", 999, kind="usage", payer="customer"),))

    assert totals(re_rate(Changes(), booked).before) == totals(re_rate(Changes()).before)


@pytest.mark.parametrize("kind", KINDS)
@given(usages)
@few
def test_no_change_changes_nothing_and_every_kind_can_become_every_other(kind, rows):
    given_run = run(*rows, agreed=KINDS[kind])

    same = what_if(given_run, Changes(), partner_kind="cloud", card=RETAIL)
    assert same.before == same.after and not Changes().any
    for template in TEMPLATES:
        if template == "poc" and kind == "poc":
            continue
        other = what_if(given_run, Changes(template=template), partner_kind="cloud", card=RETAIL)
        gained = sum(one.difference_minor for one in other.lines)
        assert gained == other.after.gross_minor - other.before.gross_minor


def test_terms_stay_as_they_were():
    before = terms()
    re_rate(Changes(share_bps=1))

    assert before == terms() and run(row("acme", 50_005), row("beta", 700)) == ACME
