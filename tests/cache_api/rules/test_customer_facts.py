"""What a partner writes about a customer: kept as documents read it, or refused by its name."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.rules import customer_facts as facts
from cache_api.rules.customer_facts import BadCustomer, CustomerRow, Refusal, read_table

ROW = {"external_id": "acme", "name": "Acme", "plan": "Gold", "legal_name": "Acme, Inc.",
       "address": "1 Main St|Springfield", "country": "us", "tax_id": "12-3456789",
       "email": "bills@acme.example", "currency": "usd", "quota_day": "10", "quota_month": "",
       "quota_hard": "yes", "reference": ""}  # fmt: skip


def table(*rows, head=None):
    out = io.StringIO()
    lines = csv.DictWriter(out, head or list(rows[0]))
    lines.writeheader()
    lines.writerows(rows)
    return out.getvalue()


def test_a_whole_row_is_read():
    rows, refused = read_table(table(ROW))

    assert refused == []
    assert rows == [
        CustomerRow(
            "acme", "Acme", "Gold",
            {"legal_name": "Acme, Inc.", "address": ["1 Main St", "Springfield"], "country": "US",
             "tax_id": "12-3456789", "email": "bills@acme.example", "currency": "USD"},
            {"day": 10, "hard": True},
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("member", "cell", "said"),
    [
        ("external_id", "", "1 to 200"), ("external_id", "x" * 201, "1 to 200"),
        ("external_id", "a\tb", "printable"), ("external_id", "_default", "name no customer"),
        ("name", "x" * 121, "at most 120"), ("legal_name", "a\x00b", "printable"),
        ("address", "|".join("abcdefg"), "at most 6 lines"), ("address", "x" * 121, "of 120"),
        ("country", "Germany", "such as DE"), ("currency", "€", "such as EUR"),
        ("email", "acme", "no e-mail address"),
        ("reference", "x" * 61, "at most 60"), ("quota_hard", "maybe", "yes or no"),
        ("quota_day", "many", "whole number"), ("quota_day", "-1", "from 0"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_kept_is_named_with_its_line(member, cell, said):
    rows, (refusal,) = read_table(table(ROW, {**ROW, "external_id": "zeta", member: cell}))

    assert [row.external_id for row in rows] == ["acme"]
    assert refusal.line == 3 and member.startswith(refusal.member) and said in refusal.reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must name columns"), ("name\nx\n", "must name columns"),
        ("external_id,external_id\n", "each once"), ("external_id,iban\n", "Not known: iban"),
        ('external_id,name\nx,"y\n', "is no CSV"), ('external_id,"name\n', "is no CSV"),
    ],
)  # fmt: skip
def test_a_table_that_is_none_is_refused_as_a_whole(text, said):
    with pytest.raises(BadCustomer, match=said):
        read_table(text)


def test_a_short_line_and_a_repeated_id_are_told_and_no_more_than_the_limit_is_taken(monkeypatch):
    _, refused = read_table("external_id,name\na\nb,B,more\nc,C\nc,C\n")
    assert [(one.line, one.member) for one in refused] == [
        (2, "file"), (3, "file"), (5, "external_id"),
    ]  # fmt: skip

    monkeypatch.setattr(facts, "MOST_ROWS", 2)
    with pytest.raises(BadCustomer, match="At most 2 customers"):
        read_table("external_id\na\nb\nc\n")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries({name: st.text(max_size=12) for name in facts.COLUMNS})))
def test_every_line_is_either_taken_or_told(rows):
    text = table(*rows, head=facts.COLUMNS)
    try:
        taken, refused = read_table(text)
    except BadCustomer:  # the table as a whole: a bare carriage return in a cell
        return

    assert len(taken) + len(refused) == sum(1 for _ in csv.reader(io.StringIO(text, ""))) - 1
    assert len({row.external_id for row in taken}) == len(taken)
    assert all(isinstance(one, Refusal) and one.reason for one in refused)
