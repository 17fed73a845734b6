"""A generated month through recorder, runs and documents equals the plain oracle, to the cent."""

import random
from datetime import timedelta

import pytest

from billing import reconcile
from billing.actions.rate_cards import publish_rate_version
from billing.models import Document, RateCard
from billing.rules.templates import Deal
from cache_api.reconcile import CHECKS as USAGE_CHECKS
from tests.billing.people import APPROVER, PREPARER, RETAIL, retail_card, utc
from tests.billing.world import NOW, SEPTEMBER, customer, hit, record, settle, sign
from tests.flows.oracle import settle_month

START = utc("2026-01-01")
LIST = (utc("2025-01-01"), {"request": "0.002", "gb": "0.02"})
DEARER = (utc("2026-09-17T13:00"), {"request": "0.003", "gb": "0.021"})
POC_END = utc("2026-09-11T07:00")
# Per case: partner → (template, deal for the template, start, what the oracle is told)
CASES = {
    "shared, and a proof of concept that ends inside the month": (
        ("revenue_share_platform", None, "2026-01-01",
         {"model": "share_we_collect", "share_bps": 3000}),
        ("poc", None, "2026-03-11T07:00",
         {"model": "share_we_collect", "share_bps": 3000, "free_until": POC_END}),
    ),
    "collected by the partner, and wholesale": (
        ("revenue_share_partner", Deal(share_bps=6000), "2026-01-01",
         {"model": "share_they_collect", "share_bps": 6000}),
        ("wholesale", None, "2026-01-01", {"model": "wholesale", "factor_bps": 5000}),
    ),
    "licence, and direct": (
        ("oem", Deal(base_yearly_minor=50_000_00), "2026-01-01",
         {"model": "oem", "base_yearly": 50_000_00, "unit_price": "0.001"}),
        ("direct", None, "2026-01-01", {"model": "direct",
                                        "plans": {"c0": 75_000_00, "idle": 10_000_00}}),
    ),
}  # fmt: skip


def generate(partners, seed: int):
    """Events of and around September: all outcomes, both modes, hours at every boundary."""
    rng = random.Random(seed)
    edges = [SEPTEMBER.start, SEPTEMBER.end, DEARER[0], POC_END]
    for partner in partners:
        for number in range(300):
            if number < 40:
                at = rng.choice(edges) + timedelta(milliseconds=rng.choice((-1, 0, 1)))
            else:
                at = utc("2026-08-30") + timedelta(seconds=rng.randrange(32 * 86_400))
            kind, outcome = rng.choice([
                ("lookup", "hit"), ("lookup", "hit"), ("lookup", "semantic_hit"),
                ("lookup", "miss"), ("store", "stored"), ("store", "unchanged"),
            ])  # fmt: skip
            yield {
                "partner": partner, "customer": f"c{rng.randrange(7)}", "at": at, "kind": kind,
                "outcome": outcome, "quantity": rng.choice((1, 3, 500, rng.randrange(1, 90_000))),
                "bytes": rng.randrange(60_000), "livemode": rng.random() < 0.9,
            }  # fmt: skip


def as_event(row):
    facts = {name: row[name] for name in ("kind", "outcome", "bytes", "livemode")}
    return hit(
        row["partner"],
        row["at"].replace(tzinfo=None).isoformat(),
        row["customer"],
        row["quantity"],
        model=f"model-{row['quantity'] % 3}",
        **facts,
    )


def issued(partner):
    """The issued documents of a partner in the oracle's shape."""
    rows = list(Document.objects.filter(partner_id=partner.id))
    alone = {row.kind: row for row in rows if row.kind != "customer_invoice"}
    found = {"invoice": alone.get("partner_invoice"), "statement": alone.get("payout_statement")}
    return {
        "customers": {row.customer_external_id: row.total_minor for row in rows
                      if row.kind == "customer_invoice"},
        **{name: row.total_minor if row else None for name, row in found.items()},
    }  # fmt: skip


@pytest.fixture(params=CASES)
def month(request, database, partners):
    """The case settled; (partners, deals, events)."""
    retail_card()
    prices = dict(zip(("cached", "served"), DEARER[1].values(), strict=True))
    publish_rate_version(
        card_id=RateCard.objects.get().id, valid_from=DEARER[0], actor=PREPARER,
        approved_by=APPROVER, now=NOW,
        rates=[{**rate, "unit_price": prices.get(rate["key"], "0")} for rate in RETAIL],
    )  # fmt: skip
    deals = {}
    for partner, (template, deal, starts, told) in zip(partners, CASES[request.param], strict=True):
        sign(partner, template, starts, deal=deal)
        deals[partner] = {"prices": [LIST, DEARER], "starts": START, **told}
        for name in told.get("plans", {}):
            customer(partner, name, plan="enterprise" if name == "c0" else "mid-market")
    events = list(generate(partners, seed=len(request.param)))
    record(*map(as_event, events))
    database.login("settle")
    settle()
    return partners, deals, events


def expected(deals, events):
    return settle_month(deals, events, SEPTEMBER.start, SEPTEMBER.end)


def test_documents_equal_the_oracle_to_the_cent(month):
    partners, deals, events = month

    assert {partner: issued(partner) for partner in partners} == expected(deals, events)

    checks = (*USAGE_CHECKS, *reconcile.CHECKS)
    assert [breach for check in checks for breach in check.run()] == []


def test_the_comparison_fails_when_one_event_or_one_basis_point_is_changed(month):
    partners, deals, events = month
    documents = {partner: issued(partner) for partner in partners}

    for partner in partners:
        free_until = deals[partner].get("free_until", SEPTEMBER.start)
        billed = next(
            row for row in events
            if row["partner"] is partner and row["livemode"] and row["quantity"] > 100
            and row["outcome"] == "hit" and free_until <= row["at"] < SEPTEMBER.end
        )  # fmt: skip
        fewer = [row for row in events if row is not billed]
        assert documents != expected(deals, fewer)
        less = [{**row, "quantity": row["quantity"] - 20} if row is billed else row
                for row in events]  # fmt: skip
        assert documents != expected(deals, less)
        for name in ("share_bps", "factor_bps"):
            if name in deals[partner]:
                other = {**deals[partner], name: deals[partner][name] + 1}
                assert documents != expected({**deals, partner: other}, events)
