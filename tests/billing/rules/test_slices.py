"""A run charged some customers at a time is the run charged whole."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.gateways.spool import AT_ONCE, Spool
from billing.rules.charging import Charging, charge
from billing.rules.errors import InvariantBroken
from billing.rules.facts import PartyTax, Sale
from billing.rules.fingerprint import ResultDigest
from billing.rules.inputs import BookedLine
from billing.rules.owned import ShelvedOwned
from billing.rules.slices import customer_of, customer_slices
from billing.rules.snapshot import OWNED
from tests.billing.rules.build import few, row, run, terms
from tests.billing.rules.test_charging import KINDS, book, usages

TAXED = terms(tax="charged")
TAXES = (
    *(PartyTax(f"id-{name}", "standard", "DE", "VAT", "19") for name in ("acme", "beta", "gamma")),
    PartyTax("partner", "none"),
)
CASES = {name: {"agreed": agreed} for name, agreed in KINDS.items()}
CASES["taxed"] = {"agreed": TAXED, "taxes": TAXES}


def put_away(frozen, spool):
    """The head without what grows with customers, and that on a shelf."""
    owned = ShelvedOwned(spool, (item for name in OWNED for item in getattr(frozen, name)))
    return owned.rest_in(frozen, OWNED), owned


def in_parts(frozen, size):
    """What comes of slices of `size` customers, kept on disk: its parts put together, its print."""
    with Spool() as spool:
        digest, parts = ResultDigest(spool.keep), []
        head, owned = put_away(frozen, spool)
        rows = sorted(frozen.rows, key=customer_of)
        for part in Charging(replace(head, rows=()), spool.keep, owned).parts(rows, size):
            digest.add(part)
            parts.append(replace(part, drafts=tuple(
                replace(draft, lines=tuple(draft.lines)) for draft in part.drafts)))  # fmt: skip
        return parts, digest.hexdigest(), digest.totals


@pytest.mark.parametrize("kind", CASES)
@few
@given(usages, usages, st.integers(1, 3))
def test_slices_of_any_size_come_to_the_whole(kind, before, now, size):
    first = charge(run(*before, **CASES[kind]))
    lines, shares = book(first)
    for booked in ({}, {"booked_lines": lines, "booked_shares": shares}):
        frozen = run(*now, opening_minor=7, **CASES[kind], **booked)
        whole = charge(frozen)
        parts, fingerprint, totals = in_parts(frozen, size)
        assert tuple(line for part in parts for line in part.lines) == whole.lines
        assert {share for part in parts for share in part.shares} == set(whole.shares)
        assert tuple(draft for part in parts for draft in part.drafts) == whole.drafts
        assert totals == whole.totals
        assert fingerprint == sha256(repr(whole).encode()).hexdigest()


def test_whoever_only_has_a_booking_or_a_sale_has_a_place_among_the_customers():
    frozen = run(
        row("acme", 1), row("delta", 1, model="b"), row("delta", 2),
        booked_lines=(BookedLine("k", 1, customer_id="id-beta", external_id="beta"),),
        sales=(Sale("id-carl", "carl", "Carl", "USD", 5), Sale("id-acme", "acme", "A", "USD", 6)),
        taxes=TAXES,
    )  # fmt: skip
    with Spool() as spool:
        head, owned = put_away(frozen, spool)
        found = list(customer_slices(head, sorted(frozen.rows, key=customer_of), 2, owned))
    assert found == list(customer_slices(frozen, sorted(frozen.rows, key=customer_of), 2))
    assert [[one.customer_id for one in part.rows] for part in found] == [
        ["id-acme"], ["id-delta", "id-delta"]]  # fmt: skip
    assert [[one.key for one in part.booked_lines] for part in found] == [["k"], []]
    assert [[one.amount_minor for one in part.sales] for part in found] == [[6], [5]]
    assert [[one.party for one in part.taxes] for part in found] == [
        ["id-acme", "id-beta", "partner"], ["partner"]]  # fmt: skip


def test_a_customer_under_another_name_than_it_was_booked_stops_the_run():
    booked = BookedLine("k", 1, customer_id="id-acme", external_id="before")
    frozen = run(row("acme", 1), booked_lines=(booked,))
    with pytest.raises(InvariantBroken, match="another external id"):
        list(customer_slices(frozen, frozen.rows, 1))
    with Spool() as spool:
        head, owned = put_away(frozen, spool)
        with pytest.raises(InvariantBroken, match="another external id"):
            list(customer_slices(head, frozen.rows, 1, owned))


def test_what_a_spool_keeps_is_read_any_number_of_times_and_while_more_is_kept():
    with Spool() as spool:
        first = spool.keep(range(3 * AT_ONCE + 1))
        doubled = spool.keep(2 * number for number in first)
        assert list(doubled) == [2 * number for number in first] and len(first) == len(doubled)
        assert list(zip(first, first, strict=True))[-1] == (3 * AT_ONCE, 3 * AT_ONCE)
        assert (doubled[-1], doubled[AT_ONCE], first[1:3]) == (6 * AT_ONCE, 2 * AT_ONCE, [1, 2])
        assert not spool.keep(())
        with pytest.raises(IndexError):
            first[len(first)]


def test_a_shelf_has_items_under_their_keys_in_the_order_they_were_put():
    with Spool() as spool:
        shelf, other = spool.shelf(), spool.shelf()
        shelf.put((f"k{n % 3}", (n, "é" * n)) for n in range(7))
        other.put([("k1", "of another shelf")])
        shelf.put([("k0", 7)])
        assert [item for _, item in shelf.of(["k0", "k9", "k1"])] == [
            (0, ""), (3, "ééé"), (6, "é" * 6), 7, (1, "é"), (4, "éééé")]  # fmt: skip
