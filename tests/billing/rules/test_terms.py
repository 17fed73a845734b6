from dataclasses import replace

import pytest

from billing.rules.errors import BadTerms
from billing.rules.periods import add_months
from billing.rules.templates import TEMPLATES, agreement_terms, default_partner_share_bps
from billing.rules.terms import BaseFee, PerUnit, PlanFee, RevenueShare
from billing.rules.terms_json import dump_terms, parse_terms
from tests.billing.rules.build import hour, terms

RICH = terms("revenue_share_partner", "cloud", base_yearly_minor=10_000_000, poc_months=3,
             minimum_minor=5, plan_fees={"gold": 7}, term_months=36, tie="partner")  # fmt: skip
WHOLESALE = terms("wholesale", "cloud", discount_mode="volume",
                  discount_tiers=((1000, 0), (None, 500)))  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "collects", "bps"),
    [
        ("general_cache", "platform", 3000), ("general_cache", "partner", 3000),
        ("vector_db", "platform", 2000), ("llm_provider", "platform", 2000),
        ("cloud", "platform", 4000), ("cloud", "partner", 6000),
    ],
)  # fmt: skip
def test_default_shares(kind, collects, bps):
    assert default_partner_share_bps(kind, collects) == bps


def test_no_default_share():
    with pytest.raises(BadTerms, match="Give share_bps"):
        default_partner_share_bps("direct", "platform")
    with pytest.raises(BadTerms, match="Who collects"):
        default_partner_share_bps("cloud", "nobody")


def test_the_proof_of_concept_carries_its_own_share():
    poc = terms("poc", "vector_db")
    assert (poc.partner_share_bps, poc.share_reason) == (3000, "poc_offer")
    assert poc.poc_ends_at == add_months(poc.anchor_at, 6)
    assert terms("poc", "vector_db", share_bps=2500).share_reason == "negotiated"
    assert poc.in_poc(poc.anchor_at)
    assert not poc.in_poc(poc.poc_ends_at)


def test_what_each_template_bills():
    made = {name: terms(name, "cloud", "2026-01-01T00") for name in TEMPLATES}
    assert [name for name in TEMPLATES if made[name].pays_partner] == [
        "revenue_share_platform",
        "poc",
    ]
    assert [name for name in TEMPLATES if made[name].bills_partner] == [
        "revenue_share_partner", "oem", "wholesale",
    ]  # fmt: skip
    assert [name for name in TEMPLATES if not made[name].bills_customers] == ["oem", "wholesale"]
    assert made["oem"].term_months == 36
    assert made["oem"].components[0] == BaseFee(12_000_000)
    assert isinstance(made["oem"].components[1], PerUnit)
    assert {c.plan for c in made["direct"].components} == {"enterprise", "mid-market"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_terms_survive_storage(name):
    made = terms(name, "cloud")
    assert parse_terms(dump_terms(made)) == made


@pytest.mark.parametrize("made", [RICH, WHOLESALE], ids=["rich", "wholesale"])
def test_rich_terms_survive_storage(made):
    assert parse_terms(dump_terms(made)) == made


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "gift"}, "one of revenue_share"),
        ({"collects": "nobody"}, "one of platform, partner"),
        ({"currency": "XXX"}, "not known"),
        ({"anchor_at": "2026-01-01T00:30:00Z"}, "full UTC hour"),
        ({"anchor_at": "2026-01-01T00:00:00+05:30"}, "UTC"),
        ({"anchor_at": "soon"}, "full UTC hour"),
        ({"components": [{"type": "wish"}]}, "Component 1"),
        ({"components": [{"type": "revenue_share", "partner_bps": 10_001}]}, "10000"),
        ({"components": [{"type": "revenue_share", "partner_bps": 30.5}]}, "whole number"),
        ({"components": [{"type": "revenue_share"}]}, "lacks the member 'partner_bps'"),
        ({"components": []}, "revenue share agreement needs the partner's share"),
        ({"components": [{"type": "revenue_share", "partner_bps": 1}] * 2}, "at most one"),
        ({"kind": "oem", "components": [{"type": "base_fee", "yearly_minor": 1}]}, "'per_unit'"),
        ({"kind": "direct"}, "no customer money|direct"),
        ({"poc_ends_at": "2025-12-31T00:00:00Z"}, "end after"),
        ({"payment_days": -1}, "from 0"),
        ({"principal": 1}, "true or false"),
        ({"surprise": 1}, "unknown members: surprise"),
        ({"components": "all"}, "a list"),
    ],
)
def test_bad_terms_name_the_member(change, message):
    data = dump_terms(terms())
    parse_terms(data)
    if change == {"kind": "direct"}:
        change = {"kind": "direct", "collects": "partner", "components": []}
    with pytest.raises(BadTerms if "currency" not in change else ValueError, match=message):
        parse_terms({**data, **change})


def test_components_that_contradict_each_other():
    with pytest.raises(BadTerms, match="no customer money"):
        parse_terms(
            dump_terms(replace(WHOLESALE, components=(*WHOLESALE.components, RevenueShare(1))))
        )
    with pytest.raises(BadTerms, match="the partner collects"):
        parse_terms(dump_terms(replace(WHOLESALE, collects="platform")))
    with pytest.raises(BadTerms, match="plans appear once"):
        parse_terms(
            dump_terms(
                replace(RICH, components=(RevenueShare(1), PlanFee("a", 1), PlanFee("a", 2)))
            )
        )
    with pytest.raises(BadTerms, match="need a mode"):
        terms("wholesale", "cloud", discount_tiers=((None, 500),))
    with pytest.raises(BadTerms, match="last tier is open"):
        terms("wholesale", "cloud", discount_mode="volume", discount_tiers=((5, 500),))


@pytest.mark.parametrize(
    ("template", "deal", "message"),
    [
        ("oem", {"plan_fees": {"pro": 1}}, "sends customers no invoice"),
        ("oem", {"savings_bps": 100}, "sends customers no invoice"),
        ("wholesale", {"share_bps": 3000}, "no customer money to share"),
        ("direct", {"share_bps": 3000}, "no customer money to share"),
        ("revenue_share_platform", {"netting": True}, "only one of the two"),
        ("oem", {"netting": True}, "only one of the two"),
        ("revenue_share_platform", {"cap_minor": 5}, "there is none here"),
        ("oem", {"cap_minor": 5, "minimum_minor": 6}, "below the minimum"),
        ("oem", {"tax": "perhaps"}, "one of none, charged"),
        ("oem", {"cutoff_days": 61}, "from 0 to 60"),
    ],
)
def test_mixtures_that_would_charge_twice_or_never(template, deal, message):
    with pytest.raises(BadTerms, match=message):
        parse_terms(dump_terms(terms(template, "cloud", **deal)))


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ("Asia/Kolkata", r"\+05:30 off UTC.*full UTC hour"),
        ("Australia/Adelaide", "off UTC"),
        ("America/St_Johns", "-0[23]:30 off UTC"),
        ("Europe/Berlin", "the same UTC month"),
        ("Mars/Olympus", "is not known"),
        ("../etc", "is not known"),
    ],
)
def test_billing_zones_other_than_utc_are_refused_with_the_reason(zone, message):
    with pytest.raises(BadTerms, match=message):
        parse_terms({**dump_terms(terms()), "time_zone": zone})


def test_members_that_came_later_leave_older_terms_as_they_were():
    old = dump_terms(terms())
    assert not {"tax", "time_zone", "cutoff_days", "lock_days"} & set(old)
    new = terms(tax="charged", cutoff_days=3, lock_days=10)
    assert parse_terms(dump_terms(new)) == new


def test_templates_check_their_input():
    with pytest.raises(BadTerms, match="is not known"):
        agreement_terms(
            "barter", partner_kind="cloud", currency="USD", starts_at=hour("2026-01-01T00")
        )
    with pytest.raises(ValueError, match="full UTC hour"):
        agreement_terms(
            "oem",
            partner_kind="cloud",
            currency="USD",
            starts_at=hour("2026-01-01T00").replace(minute=5),
        )
