from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from billing.rules.ledger import AgedRow, bucket_of, bucket_sums, net_oldest_first, roll_forward
from tests.billing.rules.build import many

BUCKETS = [(0, "not due"), (1, "1–30"), (30, "1–30"), (31, "31–60"), (90, "61–90"),
           (91, "over 90"), (9_999, "over 90")]  # fmt: skip


def aged(number, month, amount, party="Redis", currency="USD"):
    return AgedRow(number, party, date(2026, month, 1), currency, amount, 0, bucket_of(0))


def test_days_fall_into_the_bucket_whose_name_they_have():
    assert [(days, bucket_of(days)) for days, _name in BUCKETS] == BUCKETS


def test_a_payout_takes_from_the_oldest_statement_first():
    """40 of payouts and 5 of clawback: statement 1 (30) is gone, 5 of statement 2 (20) are left."""
    rows = [aged("PST-2", 2, 20), aged("PST-1", 1, 30), aged("", 3, -40), aged("INV-9", 2, -5),
            aged("PST-7", 1, 7, party="Pinecone")]  # fmt: skip

    assert [(row.party, row.number, row.open_minor) for row in net_oldest_first(rows)] == [
        ("Redis", "PST-2", 5), ("Pinecone", "PST-7", 7)]  # fmt: skip
    owed_to_us = net_oldest_first([aged("PST-1", 1, 30), aged("", 2, -50)])
    assert [(row.number, row.open_minor) for row in owed_to_us] == [("", -20)]


@many
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(-50, 50), st.sampled_from("ab"),
                          st.sampled_from(["USD", "JPY"])), max_size=9))  # fmt: skip
def test_netting_keeps_the_sum_of_every_party_and_currency(facts):
    rows = [aged(f"d{n}", month, amount, party, currency)
            for n, (month, amount, party, currency) in enumerate(facts)]  # fmt: skip
    netted = net_oldest_first(rows)

    def sums(found):
        totals = {}
        for row in found:
            key = row.party, row.currency
            totals[key] = totals.get(key, 0) + row.open_minor
        return {key: total for key, total in totals.items() if total}

    assert sums(netted) == sums(rows)
    assert {name: sum(found.values()) for name, found in bucket_sums(rows).items()} == {
        currency: sum(row.open_minor for row in rows if row.currency == currency)
        for currency in {row.currency for row in rows}
    }


def test_a_roll_forward_chains_per_currency():
    moves = [(date(2026, 1, 1), "USD", 120, 10), (date(2026, 1, 1), "JPY", 5, 0),
             (date(2026, 2, 1), "USD", 0, 10)]  # fmt: skip
    assert [(row.currency, row.opening_minor, row.closing_minor) for row in roll_forward(moves)] \
        == [("USD", 0, 110), ("JPY", 0, 5), ("USD", 110, 100)]  # fmt: skip
