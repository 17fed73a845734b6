"""What engine 2 adds comes out of the second implementation too: tax, currencies, caps, netting."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charging import charge
from billing.rules.facts import Ending, FxQuote, PartyTax, Receipt, Sale
from billing.rules.inputs import BookedShare, Carried
from billing.rules.terms import BaseFee, Cap, Minimum
from billing.rules.trust.recompute import recompute
from tests.billing.rules.build import few, row, run, terms
from tests.billing.rules.trust.files import files_of, independent, zipped
from tests.billing.rules.trust.test_archive import CARDS, booked_of, made, usages

FX = (FxQuote("2026-10-31", "USD", "JPY", "151.37"), FxQuote("2026-10-31", "USD", "KWD", "0.30715"))
treatments = st.sampled_from(
    [
        "standard",
        "reduced",
        "reverse_charge",
        "exempt",
        "withholding",
        "none",
        "two rates",
        "paid apart",
    ]
)


def taxes(how):
    parties = ["partner", *(f"id-{name}" for name in ("acme", "beta", "gamma"))]
    if how == "two rates":
        return tuple(
            PartyTax(party, *rest)
            for party in parties
            for rest in (("standard", "DE", "VAT", "19"),
                         ("reduced", "DE", "VAT", "7", "", "usage"))
        )  # fmt: skip
    if how == "paid apart":
        shared = PartyTax("partner", "reduced", "DE", "VAT", "7", "", "share")
        return (*taxes("reverse_charge"), shared)
    rated = how in ("standard", "reduced", "withholding")
    return tuple(PartyTax(party, how, "DE", "VAT", "19" if rated else "0") for party in parties)


def changed(agreed, **more):
    return replace(agreed, tax="charged", **more)


def check(found, tmp_path_factory):
    files = files_of(found)
    path = tmp_path_factory.getbasetemp() / "engine2.zip"
    path.write_bytes(zipped(files))
    ours, theirs = recompute(files), independent().verify(path)
    assert (ours.changed, ours.differences) == ((), ())
    assert (theirs.problems, [str(one) for one in theirs.differences]) == ([], [])
    assert {n: (one.stated, one.computed) for n, one in theirs.totals.items()} == ours.totals


SOME = ("referral", "resale", "poc ends inside", "oem", "wholesale volume", "direct")


@pytest.mark.parametrize("kind", SOME)
@given(
    usages,
    treatments,
    st.booleans(),
    st.sampled_from(["", "JPY", "KWD"]),
    st.integers(-10_000, 10_000),
)
@few
def test_taxes_currencies_and_carried_items(
    tmp_path_factory, kind, rows, how, billed, abroad, owed
):
    found = made(kind, CARDS[0], [replace(one, currency=abroad) for one in rows])
    agreed = {part.version_id: changed(part.terms, self_billing=billed) for part in found.segments}
    carried = (Carried("c1", "Clawback", owed, "acme", "Acme"),) if owed else ()
    found = replace(
        found, taxes=taxes(how), fx=FX, carried=carried,
        segments=tuple(replace(p, terms=agreed[p.version_id]) for p in found.segments),
    )  # fmt: skip
    if charge(found).drafts:
        check(found, tmp_path_factory)


@given(usages, st.integers(0, 200_000), st.integers(1, 300_000), st.booleans())
@few
def test_caps_minimums_and_netting(tmp_path_factory, rows, least, most, nets):
    agreed = terms(base_yearly_minor=120_000)
    agreed = replace(agreed, netting=nets, components=(*agreed.components, Minimum(least)))
    check(run(*rows, agreed=agreed, opening_minor=500), tmp_path_factory)
    licence = terms("oem", "cloud")
    licence = replace(
        licence, components=(*licence.components, Cap(max(least, most)), Minimum(least))
    )
    check(run(*rows, agreed=licence), tmp_path_factory)


@given(usages, usages, treatments)
@few
def test_adjustments_are_what_changed(tmp_path_factory, before, after, how):
    first = charge(made("referral", CARDS[0], before))
    lines, shares = booked_of(first)
    found = replace(made("referral", CARDS[0], after), booked_lines=lines, booked_shares=shares)
    agreed = changed(found.segments[0].terms)
    found = replace(found, taxes=taxes(how),
                    segments=tuple(replace(p, terms=agreed) for p in found.segments))  # fmt: skip
    if charge(found).drafts:
        check(found, tmp_path_factory)


@given(usages, st.lists(st.tuples(st.integers(0, 10**6), st.integers(-10, 2 * 10**6),
                                  st.integers(0, 300_000)), max_size=4),
       st.tuples(*[st.integers(0, 50_000)] * 4))  # fmt: skip
@few
def test_shares_of_what_was_paid(tmp_path_factory, rows, paid, more):
    agreed = replace(terms(), share_base="collected", share_after=("credits", "fees"))
    receipts = tuple(
        Receipt(f"collected:{n}", f"INV-{n}", "id-acme", "acme", "Acme", "v1", 3_000, "platform",
                gross, gross, settled, *more)
        for n, (gross, settled, _) in enumerate(paid)
    )  # fmt: skip
    booked = tuple(
        BookedShare(f"collected:{n}", shown, shown // 3, shown - shown // 3)
        for n, (_, _, shown) in enumerate(paid)
        if n % 2
    )
    found = replace(run(*rows, agreed=agreed), receipts=receipts, booked_shares=booked)
    check(found, tmp_path_factory)


@given(usages, st.lists(st.tuples(st.sampled_from(["acme", "big"]), st.sampled_from(["USD", "JPY"]),
                                  st.integers(-10**5, 10**7)), max_size=5),
       st.booleans(), st.sampled_from([None, CARDS[0]]))  # fmt: skip
@few
def test_a_share_of_reported_sales(tmp_path_factory, rows, sold, came, card):
    agreed = terms("revenue_share_partner", "cloud", sales="reported", base_yearly_minor=12_000_00)
    reported = tuple(
        Sale(f"id-{name}", name, name.title(), currency, minor) for name, currency, minor in sold
    )
    found = replace(run(*rows, agreed=agreed, retail=card), fx=FX)
    if came:
        found = replace(found, sales=reported, sales_report="ab" * 32)
    check(found, tmp_path_factory)


@given(usages, st.sampled_from(["monthly", "quarterly", "yearly"]), st.integers(0, 10**8))
@few
def test_an_early_end(tmp_path_factory, rows, interval, rest):
    agreed = terms("oem", "cloud", base_yearly_minor=50_000_00, base_interval=interval)
    check(replace(run(*rows, agreed=agreed), endings=(Ending("2026-10-20T00:00:00Z", rest),)),
          tmp_path_factory)  # fmt: skip


@given(usages, treatments)
@few
def test_a_share_of_the_amount_with_tax(tmp_path_factory, rows, how):
    agreed = replace(terms(), share_after=(), tax="charged")
    check(replace(run(*rows, agreed=agreed), taxes=taxes(how)), tmp_path_factory)


@given(usages)
@few
def test_a_licence_with_a_share_of_its_resale(tmp_path_factory, rows):
    share = terms("revenue_share_partner", "cloud")
    agreed = replace(share, components=(BaseFee(6_000_000), *share.components))
    check(run(*rows, agreed=agreed, retail=CARDS[0]), tmp_path_factory)


def test_an_invoice_in_yen_states_yen(tmp_path):
    found = replace(run(row("acme", 50_005, currency="JPY")), fx=FX)
    path = tmp_path / "yen.zip"
    path.write_bytes(zipped(files_of(found)))

    result = independent().verify(path)

    assert result.ok, result.text()
    # $100.01 at 151.37 are ¥15,138.5…: ¥15,139.
    assert any(one.currency == "JPY" and one.computed == 15_139 for one in result.totals.values())
