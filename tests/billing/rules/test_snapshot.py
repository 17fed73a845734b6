import json
from dataclasses import replace
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from billing.gateways.spool import Spool
from billing.rules import sorting
from billing.rules.charging import charge
from billing.rules.errors import BadRunInput, BadTerms
from billing.rules.inputs import BookedLine, BookedShare, Carried
from billing.rules.snapshot import (
    InputDigest,
    head_pieces,
    parse_run_input,
    run_input_json,
    run_input_sha256,
)
from tests.billing.rules.build import few, many, row, run, terms
from tests.billing.rules.test_charging import KINDS, usages


@pytest.mark.parametrize("kind", KINDS)
@few
@given(usages, st.randoms())
def test_the_frozen_bytes_recompute_the_run(kind, usage, random):
    frozen = run(*usage, agreed=KINDS[kind], opening_minor=5, paid_minor=3)
    data = run_input_json(frozen)
    assert charge(parse_run_input(data)) == charge(frozen)
    assert run_input_json(parse_run_input(data)) == data
    random.shuffle(usage)
    assert run_input_json(replace(frozen, rows=tuple(usage))) == data


def test_counts_beyond_json_numbers_survive():
    frozen = run(row("acme", 2**60, byte_seconds=2**80))
    assert parse_run_input(run_input_json(frozen)) == frozen


def test_what_was_booked_survives():
    frozen = run(
        booked_lines=(BookedLine("k", 5, 5, "usage", "customer", "id", "e", "n", "v1"),),
        booked_shares=(BookedShare("share:id/v1", 5, 2, 3),),
    )
    assert parse_run_input(run_input_json(frozen)) == frozen
    assert not frozen.is_first


def test_one_event_changes_the_fingerprint():
    one, two = run(row("acme", 5)), run(row("acme", 6))
    assert run_input_sha256(one) == run_input_sha256(run(row("acme", 5)))
    assert run_input_sha256(one) != run_input_sha256(two)
    assert run_input_sha256(run(agreed=terms(share_bps=3001))) != run_input_sha256(run())


def test_foreign_files_are_refused():
    data = json.loads(run_input_json(run()))
    with pytest.raises(BadRunInput, match="engine"):
        parse_run_input(json.dumps({**data, "engine": "0"}).encode())
    with pytest.raises(BadTerms, match="unknown members"):
        parse_run_input(json.dumps({**data, "more": 1}).encode())


def test_what_is_carried_survives_and_reaches_the_statement():
    carried = (
        Carried("b", "Refund of INV-2", -40_00, "acme", "Acme"),
        Carried("a", "Credit", 5_00),
    )
    frozen = run(row("acme", 50_000), carried=carried, opening_minor=1_00)
    data = run_input_json(frozen)

    [statement] = [draft for draft in charge(parse_run_input(data)).drafts if draft.statement]

    assert set(parse_run_input(data).carried) == set(carried)
    assert run_input_json(replace(frozen, carried=carried[::-1])) == data
    assert b"carried" not in run_input_json(run())
    totals = statement.statement
    assert (totals.shares_minor, totals.adjustments_minor) == (30_00, -35_00)
    assert (totals.closing_minor, totals.payable_minor, totals.carried_minor) == (-4_00, 0, -4_00)
    assert [line.rated_line_key for line in statement.lines][1:] == ["carried:a", "carried:b"]


def test_what_an_older_engine_froze_reads_and_hashes_as_it_did():
    frozen = replace(run(row("acme", 50_005)), engine="1")
    data = run_input_json(frozen)
    assert b'"engine":"1"' in data
    assert not any(name in data for name in (b"taxes", b'"fx"', b"carried"))
    assert parse_run_input(data) == frozen
    assert run_input_sha256(parse_run_input(data)) == run_input_sha256(frozen)


@many
@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 10**30))
def test_rows_are_written_as_canonical_json_says(text, seconds):
    frozen = run(replace(row("acme", 5), name=text, model=text, byte_seconds=seconds))
    data = run_input_json(frozen)
    assert data == rfc8785.dumps(json.loads(data))
    assert parse_run_input(data) == frozen


@few
@given(usages)
def test_the_fingerprint_is_that_of_the_bytes(usage):
    frozen = run(*usage)
    assert run_input_sha256(frozen) == sha256(run_input_json(frozen)).hexdigest()


def test_rows_are_hashed_as_they_come_and_sorted_in_stretches(monkeypatch):
    monkeypatch.setattr(sorting, "STRETCH", 2)
    rows = [row(name, count) for name, count in zip("abcdefg", (5, 1, 9, 3, 3, 7, 2), strict=True)]
    with Spool() as spool:
        digest = InputDigest(spool.keep)
        assert [digest.add(one) for one in rows] == rows
        assert (
            digest.hexdigest(head_pieces(run())) == sha256(run_input_json(run(*rows))).hexdigest()
        )
