"""Two implementations recompute an archive from its files; neither overlooks a changed byte."""

import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charging import charge
from billing.rules.inputs import (
    ENGINE_VERSION,
    BookedLine,
    BookedShare,
    PlanPrices,
    SegmentTerms,
)
from billing.rules.periods import segments
from billing.rules.rates import Rate, RateCard, Tier
from billing.rules.snapshot import parse_run_input, run_input_json
from billing.rules.terms import SavingsShare
from billing.rules.trust import archive
from billing.rules.trust.recompute import recompute
from tests.billing.rules.build import OCTOBER, few, hour, row, run, terms
from tests.billing.rules.trust.files import files_of, independent, sealed, zipped

SAVINGS = terms()
KINDS = {
    "referral": terms(),
    "referral, tie to the partner": terms(tie="partner", min_payout_minor=5_000, share_bps=2_500),
    "resale": terms("revenue_share_partner", "cloud"),
    "resale with minimum": terms("revenue_share_partner", "cloud", minimum_minor=900_000),
    "base and share": terms(base_yearly_minor=10_000_001, base_interval="quarterly"),
    "poc": terms("poc", "llm_provider", "2026-08-15T12"),
    "poc ends inside": terms("poc", "llm_provider", "2026-04-15T12"),
    "oem": terms("oem", "cloud", starts="2026-03-17T05", base_yearly_minor=5_000_000),
    "oem yearly": terms("oem", "cloud", starts="2025-10-17T05", base_interval="yearly"),
    "oem with minimum": terms("oem", "cloud", minimum_minor=2_000_000),
    "wholesale": terms("wholesale", "cloud", factor_bps=3_333, discount_mode="graduated",
                       discount_tiers=((1000, 100), (50_000, 250), (None, 500))),
    "wholesale volume": terms("wholesale", "cloud", discount_mode="volume",
                              discount_tiers=((1000, 0), (None, 777))),
    "direct": terms("direct", "direct"),
    "savings": replace(SAVINGS, components=(*SAVINGS.components, SavingsShare(1_500, 7_000))),
}  # fmt: skip
CARDS = (
    RateCard("card-1", "Retail", "USD", (
        Rate("cached", "cached_requests", "per_unit", Decimal("0.002")),
        Rate("served", "gb_served", "per_unit", Decimal("0.02")),
        Rate("reserved", "gb_hours", "package", Decimal("0.05"), package_size=Decimal("2.5")),
    )),
    RateCard("card-2", "Tiered", "USD", (
        Rate("fixed", "lookups", "flat", Decimal("1.25")),
        Rate("gpt", "cached_requests", "graduated", where=(("model", "gpt-4o"),), tiers=(
            Tier(Decimal(100), Decimal("0.011"), Decimal("2")),
            Tier(Decimal(1000), Decimal("0.001"), block=Decimal(7)), Tier(None))),
        Rate("rest", "cached_requests", "volume", included=Decimal(10), cap=Decimal(500), tiers=(
            Tier(Decimal(5_000), Decimal("0.003")), Tier(None, Decimal("0.0011")))),
        Rate("tokens", "tokens_saved", "per_unit", Decimal("0.000000123456"),
             minimum=Decimal("0.5")),
        Rate("saved", "cost_saved", "percentage", percentage_bps=333),
    )),
)  # fmt: skip
counts = st.one_of(st.integers(0, 2_000), st.integers(0, 10**9))
usages = st.lists(
    st.builds(row, st.sampled_from(["acme", "beta", "gamma"]), counts,
              st.integers(0, 10**13).map(lambda n: Decimal(n).scaleb(-9)),
              model=st.sampled_from(["gpt-4o", "claude, sonnet", ""]), lookups=counts,
              stores=counts, byte_seconds=st.integers(0, 10**18), tokens_saved=counts,
              cost_saved_micros=counts),
    max_size=6, unique_by=lambda one: (one.customer_id, one.model),
)  # fmt: skip
PLANS = {"acme": "enterprise", "beta": "mid-market"}


def made(kind, card, rows, **extra):
    """A run of one kind; a proof of concept that ends inside puts every other row after it."""
    agreed = KINDS[kind]
    planned = PLANS if kind == "direct" else {}
    found = run(agreed=agreed, retail=card, **extra)
    last = found.segments[-1].segment.index
    rows = [
        replace(one, plan=planned.get(one.external_id, ""),
                segment=last if n % 2 else found.segments[0].segment.index)
        for n, one in enumerate(rows)
    ]  # fmt: skip
    return replace(found, rows=tuple(rows))


def booked_of(result):
    """What a run leaves booked: its lines and its shares."""
    lines = tuple(
        BookedLine(
            line.key, line.rounded_minor, line.earned_minor, line.kind, line.payer,
            line.customer_id, line.external_id, line.name, line.version_id, line.phase,
            line.meter, line.rate_key, line.unit, line.description,
        )
        for line in result.lines
    )  # fmt: skip
    shares = tuple(
        BookedShare(s.key, s.base_minor, s.partner_minor, s.platform_minor) for s in result.shares
    )
    return lines, shares


@pytest.mark.parametrize("kind", KINDS)
@given(usages, st.sampled_from(CARDS), st.integers(-10_000, 10_000))
@few
def test_both_implementations_give_every_line_and_total(tmp_path_factory, kind, rows, card, before):
    found = made(kind, card, rows, opening_minor=before, paid_minor=max(0, before))
    if not charge(found).drafts:
        return
    files = files_of(found)
    path = tmp_path_factory.getbasetemp() / "archive.zip"
    path.write_bytes(zipped(files))

    ours, theirs = recompute(files), independent().verify(path)

    assert (ours.changed, ours.differences) == ((), ())
    assert (theirs.problems, [str(one) for one in theirs.differences]) == ([], [])
    assert {n: (one.stated, one.computed) for n, one in theirs.totals.items()} == ours.totals
    assert all(one.stated == one.computed for one in theirs.totals.values())


@pytest.mark.parametrize("kind", ["referral", "direct", "poc ends inside"])
@given(usages, st.sampled_from(CARDS), counts)
@few
def test_customers_on_plans_come_out_the_same(tmp_path_factory, kind, rows, card, included):
    """acme and gamma on a plan each; beta by the retail card; also through the stored form."""
    agreed = made(kind, card, [*rows, row("gamma")])
    plans = tuple(
        PlanPrices(RateCard(f"plan-{n}", "Growth", "USD", (
            Rate("fee", "lookups", "flat", Decimal("49.99")),
            Rate("cached", "cached_requests", "per_unit", Decimal("0.0031"),
                 included=Decimal(included) * n),
        )), (f"id-{who}",))
        for n, who in enumerate(("acme", "gamma"), 1)
    )  # fmt: skip
    found = replace(agreed, plans=plans)
    assert parse_run_input(run_input_json(found)).plans == plans
    files = files_of(found)
    path = tmp_path_factory.getbasetemp() / "planned.zip"
    path.write_bytes(zipped(files))

    ours, theirs = recompute(files), independent().verify(path)

    assert (ours.changed, ours.differences) == ((), ())
    assert (theirs.problems, [str(one) for one in theirs.differences]) == ([], [])


def test_late_usage_less_what_was_booked_comes_out_too(tmp_path):
    """An adjustment: more of acme, beta gone, both booked before under the same keys."""
    first = charge(made("referral", CARDS[0], [row("acme", 50_005), row("beta", 700)]))
    booked, shares = booked_of(first)
    second = made("referral", CARDS[0], [row("acme", 50_105)])
    files = files_of(replace(second, booked_lines=booked, booked_shares=shares))
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped(files))

    result = independent().verify(path)

    assert result.ok and recompute(files).ok, result.text()
    assert {one.stated for one in result.totals.values()} == {20, -140, 6 - 42}


def test_a_price_change_inside_the_month_comes_out_too(tmp_path):
    parts = [
        SegmentTerms(part, "v1", terms(), CARDS[part.index])
        for part in segments(OCTOBER, [hour("2026-10-11T00")])
    ]
    rows = [row("acme", 700, segment=0), row("acme", 900, segment=1, model="gpt-4o")]
    files = files_of(replace(run(*rows), segments=tuple(parts)))
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped(files))

    result = independent().verify(path)

    assert result.ok and recompute(files).ok, result.text()


@pytest.fixture(scope="module")
def good():
    return files_of(made("referral", CARDS[0], [row("acme", 50_005), row("beta", 700, "1.5")]))


def test_equal_runs_give_equal_bytes(good):
    again = files_of(made("referral", CARDS[0], [row("beta", 700, "1.5"), row("acme", 50_005)]))

    assert {n: again[n] for n in again if n != archive.USAGE} == {
        n: good[n] for n in good if n != archive.USAGE} | {
            archive.MANIFEST: again[archive.MANIFEST]}  # fmt: skip
    assert zipped(good) == zipped(dict(reversed(good.items())))


@pytest.mark.parametrize("name", [archive.MANIFEST, *archive.FILES])
@given(st.data())
@few
def test_a_changed_byte_in_any_file_is_noticed_and_named(tmp_path_factory, good, name, data):
    at = data.draw(st.integers(0, len(good[name]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != good[name][at]))
    bad = {**good, name: good[name][:at] + bytes([byte]) + good[name][at + 1 :]}
    folder = tmp_path_factory.mktemp("unpacked")
    for one, content in bad.items():
        (folder / one).write_bytes(content)

    result = independent().verify(folder)
    ours = archive.changed_files(bad)

    assert not result.ok and any(name in problem for problem in result.problems)
    assert any(name in problem for problem in ours)


@pytest.mark.parametrize("name", [archive.MANIFEST, *archive.FILES])
def test_a_missing_or_a_foreign_file_is_named(tmp_path, good, name):
    left = {one: data for one, data in good.items() if one != name}
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped({**left, "other.txt": b""}))

    result = independent().verify(path)

    assert any(name in problem for problem in result.problems)
    assert any(name in problem for problem in archive.changed_files(left))


def test_damage_to_the_zip_itself_names_the_file(tmp_path, good):
    raw = bytearray(zipped(good))
    at = raw.index(b"terms.json") + len("terms.json") + 40
    raw[at] ^= 1
    path = tmp_path / "archive.zip"
    path.write_bytes(bytes(raw))

    result = independent().verify(path)
    files, damaged = archive.read_archive(io.BytesIO(bytes(raw)))

    assert any("terms.json is damaged" in problem for problem in result.problems)
    assert damaged and "terms.json" not in files


def test_a_resealed_lie_is_still_found_line_by_line(tmp_path, good):
    """Who edits the document and seals again is caught by the arithmetic."""

    def cheat(body):
        if body["totals"]["statement"]:
            body["lines"][0]["amount_minor"] -= 100
            body["totals"]["net_minor"] -= 100
            body["totals"]["gross_minor"] -= 100

    files = files_of(made("referral", CARDS[0], [row("acme", 50_005)]), cheat)
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped(files))

    result = independent().verify(path)

    told = {one.what: (one.stated, one.computed) for one in result.differences}
    assert told["line 1 share cached"] == (2_900, 3_000) and told["net"] == (2_900, 3_000)
    assert {one.what for one in recompute(files).differences} >= {"line 1", "gross"}


def test_usage_that_does_not_add_up_is_named(tmp_path, good):
    usage = good[archive.USAGE].replace(b",16669,", b",16668,", 1)
    files = sealed({**{n: d for n, d in good.items() if n != archive.MANIFEST},
                    archive.USAGE: usage})  # fmt: skip
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped(files))

    result = independent().verify(path)

    assert result.differences[0].document == "usage.csv"
    assert result.differences[0].what.startswith("cached_requests of acme")
    assert [one.document for one in recompute(files).differences] == ["usage.csv"]


def test_what_it_cannot_recompute_it_says(tmp_path, good):
    body = json.loads(good[archive.INPUT])
    body["barter"] = {"EUR": "1.1"}
    data = archive.canonical_bytes(body)
    files = sealed({**{n: d for n, d in good.items() if n != archive.MANIFEST},
                    archive.INPUT: data})  # fmt: skip
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped(files))

    assert independent().verify(path).problems == ["run_input.json has barter: not recomputed here"]


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 40])
def test_rubbish_is_a_problem_not_an_exception(tmp_path, content):
    path = tmp_path / "archive.zip"
    path.write_bytes(content)

    assert independent().verify(path).problems
    assert archive.read_archive(io.BytesIO(content))[1] or content == b""


def test_a_later_engine_seals_an_older_run_as_it_was():
    older, now = (json.loads(archive.manifest_json(facts, {})) for facts in ({"engine": "2"}, {}))
    assert (older["engine"], now["engine"]) == ("2", ENGINE_VERSION)
