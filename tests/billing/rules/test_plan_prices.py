"""Customers on plans: each by the version it is on, the others by the retail card."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charging import charge
from billing.rules.errors import BadRunInput, ForeignCurrency
from billing.rules.inputs import PlanPrices, SegmentTerms
from billing.rules.lines import CUSTOMER
from billing.rules.periods import segments
from billing.rules.rates import PER_UNIT, Rate, RateCard
from billing.rules.trust.basis import basis_of
from tests.billing.rules.build import OCTOBER, RETAIL, few, hour, row, run, terms


def plan(version, fee, included, price, *customers, currency="USD"):
    card = RateCard(version, "Growth", currency, (
        Rate("fee", "lookups", "flat", Decimal(fee)),
        Rate("cached", "cached_requests", PER_UNIT, Decimal(price), included=Decimal(included)),
    ))  # fmt: skip
    return PlanPrices(card, tuple(f"id-{name}" for name in customers))


V1 = plan("growth-1", "49", 10_000, "0.003", "acme", "idle")
V2 = plan("growth-2", "59", 20_000, "0.004", "beta")
ROWS = (row("acme", 15_000), row("beta", 25_000), row("gamma", 1_000), row("idle"))


def owed(found):
    sums = {}
    for line in charge(found).lines:
        if line.payer == CUSTOMER:
            sums[line.external_id] = sums.get(line.external_id, 0) + line.rounded_minor
    return sums


def test_each_pays_by_the_version_it_is_on():
    """acme: 49 + 5,000 × 0.003; beta: 59 + 5,000 × 0.004; gamma: 1,000 × 0.002; idle: 49.
    Together 194.00, of which the partner has 30 % of each, rounded per customer."""
    result = charge(run(*ROWS, plans=(V1, V2)))

    assert owed(run(*ROWS, plans=(V1, V2))) == {
        "acme": 64_00, "beta": 79_00, "gamma": 2_00, "idle": 49_00,
    }  # fmt: skip
    assert (result.totals.gross_minor, result.totals.partner_minor) == (
        194_00, sum(share.partner_minor for share in result.shares),
    )  # fmt: skip
    assert {line.description for line in result.lines if line.rate_key == "fee"} == {"Monthly fee"}


def cut_at(at, *, by="card"):
    """October in two: another retail card, or another version of the agreement, from `at` on."""
    agreed, parts = terms(), segments(OCTOBER, [hour(at)])
    dearer = replace(RETAIL, version_id="card-2")
    return tuple(
        SegmentTerms(part, "v2" if n and by == "agreement" else "v1", agreed,
                     dearer if n and by == "card" else RETAIL)
        for n, part in enumerate(parts)
    )  # fmt: skip


def test_a_new_retail_card_within_the_month_leaves_a_plan_whole():
    rows = (row("acme", 9_000), row("acme", 6_000, segment=1))
    found = replace(run(*rows, plans=(V1,)), segments=cut_at("2026-10-11T00"))

    assert owed(found) == {"acme": 64_00}


def test_a_new_agreement_within_the_month_parts_fee_and_inclusion_by_hours():
    """744 hours, 240 before: fee 15.81 + 33.19; included 3,225.8… and 6,774.1….
    9,000 are 5,774.19… × 0.003 = 17.32 above; 6,000 of the second part are included."""
    rows = (row("acme", 9_000), row("acme", 6_000, segment=1))
    found = replace(run(*rows, plans=(V1,)), segments=cut_at("2026-10-11T00", by="agreement"))

    assert owed(found) == {"acme": 15_81 + 33_19 + 17_32}


@given(st.integers(1, 743), st.integers(0, 10**6).map(lambda n: Decimal(n).scaleb(-2)))
@few
def test_the_parts_of_a_fee_are_the_fee_within_a_cent(hours, fee):
    at = f"2026-10-{1 + hours // 24:02d}T{hours % 24:02d}"
    one = plan("growth-1", fee, 0, "0", "acme")
    found = replace(run(row("acme", 1), row("acme", 1, segment=1), plans=(one,)),
                    segments=cut_at(at, by="agreement"))  # fmt: skip

    assert abs(owed(found)["acme"] - int(fee * 100)) <= 1


def test_a_plan_line_leads_to_its_own_usage_only():
    found = run(*ROWS, plans=(V1, V2))
    line = next(line for line in charge(found).lines
                if line.external_id == "acme" and line.rate_key == "cached")  # fmt: skip

    basis = basis_of(found, key=line.key, kind=line.kind, payer=line.payer,
                     customer_id=line.customer_id, rate_key=line.rate_key)  # fmt: skip

    assert (basis.customers, basis.total) == (("id-acme",), 15_000)


def test_what_cannot_be_rated_is_refused():
    with pytest.raises(BadRunInput, match="two plans"):
        charge(run(*ROWS, plans=(V1, plan("growth-2", "59", 0, "0", "acme"))))
    with pytest.raises(ForeignCurrency, match="EUR"):
        charge(run(*ROWS, plans=(plan("growth-3", "59", 0, "0", "acme", currency="EUR"),)))
