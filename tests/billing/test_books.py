"""The books: months close with accruals and open again by two people; reports tie up."""

from datetime import date

import psycopg
import pytest

from billing.actions import books
from billing.actions.credit import Credit
from billing.actions.post import Source, post_entries
from billing.models import JournalEntry, PeriodEvent
from billing.queries import ledger
from billing.queries.documents import documents_page
from billing.rules.books import ClosedMonth
from billing.rules.errors import BadTerms, NotEnded, SamePerson
from billing.rules.journal import entry
from billing.rules.ledger import bucket_sums
from billing.rules.periods import parse_month
from billing.rules.templates import Deal
from tenants.schema import in_console
from tests.billing.credit import issue_credit_note
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.test_credit import LATER, OCTOBER, invoice
from tests.billing.two_people import write_off_invoice
from tests.billing.world import NOW, SEPTEMBER, breaches, fingerprint, hit, record, settle, sign

FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


def sums(first=FIRST, last=LAST):
    """account → (opening, debit less credit of the span), in cents."""
    rows = ledger.trial_balance(first, last)
    return {row.account.code: (row.opening_minor, row.debit_minor - row.credit_minor)
            for row in rows}  # fmt: skip


def close(period=SEPTEMBER, now=NOW):
    return books.close_month(period=period, actor=PREPARER, now=now)


def test_an_unissued_month_is_accrued_reversed_and_booked_where_it_is_invoiced(world):
    """Redis 101.41 with a share of 30.42, Pinecone 1.00 with 0.20: 102.41 and 30.62."""
    close()
    assert sums() == {"1200": (0, 102_41), "2110": (0, -30_62), "4000": (0, -102_41),
                      "5000": (0, 30_62)}  # fmt: skip
    october = sums(date(2026, 10, 1), date(2026, 10, 31))
    assert october["4000"] == (-102_41, 102_41)

    settle()

    assert sums()["4000"] == (0, -102_41) and "1100" not in sums()
    after = sums(date(2026, 10, 1), date(2026, 10, 31))
    assert after["4000"] == (-102_41, 0) and after["5000"] == (30_62, 0)
    assert after["1200"] == (102_41, -102_41) and after["2110"] == (-30_62, 30_62)
    assert (after["1100"], after["2100"]) == ((0, 102_41), (0, -30_62))
    assert set(JournalEntry.objects.filter(run__isnull=False).values_list(
        "accounting_date", flat=True)) == {date(2026, 10, 1)}  # fmt: skip
    assert breaches() == []


def test_what_is_still_not_invoiced_is_accrued_again_at_the_next_closing(world):
    close()
    close(OCTOBER, LATER)

    october = sums(date(2026, 10, 1), date(2026, 10, 31))
    assert october["4000"] == (-102_41, 0) and october["1200"] == (102_41, 0)
    assert sums(*NOVEMBER)["1200"] == (102_41, -102_41)


def test_closing_twice_changes_nothing_and_an_issued_month_accrues_nothing(database, september):
    close()
    before = fingerprint(database)

    assert close().kind == "closed"
    assert fingerprint(database) == before
    assert not JournalEntry.objects.filter(purpose="accrual").exists()


def test_a_closed_month_refuses_postings_of_everybody(database, september):
    close()
    made = entry("test", "late", "USD", [("1000", 5), ("4000", -5)])
    partner = september.redis

    with pytest.raises(ClosedMonth, match="books of 2026-09 are closed"):
        post_entries(entries=[(Source("x", partner.id), made[0])], accounting_date=LAST, now=NOW)
    with (database.psql("owner") as owner,
          pytest.raises(psycopg.errors.RestrictViolation, match="2026-09 are closed")):  # fmt: skip
        owner.execute(
            "insert into billing_journalentry (id, partner_id, source, position, purpose,"
            " description, accounting_date, created_at)"
            " values (gen_random_uuid(), %s, 'y', 1, 'x', '', '2026-09-30', now())",
            [partner.id],
        )
    with (database.psql("owner") as owner,
          pytest.raises(psycopg.errors.RestrictViolation)):  # fmt: skip
        owner.execute("delete from billing_periodevent")
    issue_credit_note(document_id=invoice(partner).id, credit=Credit("k", "why"),
                      actor=APPROVER, now=utc("2026-09-30T12:00"))  # fmt: skip
    assert JournalEntry.objects.filter(document__kind="credit_note").first().accounting_date == (
        date(2026, 10, 1))  # fmt: skip


def test_only_a_second_person_opens_a_month_again_and_its_accruals_are_undone(world):
    with pytest.raises(ClosedMonth, match="are open"):
        books.ask_to_reopen(period=SEPTEMBER, reason="x", actor=PREPARER, now=NOW)
    close()
    with pytest.raises(ClosedMonth, match="Nobody asked"):
        books.reopen_month(period=SEPTEMBER, actor=APPROVER, now=NOW)
    with pytest.raises(BadTerms, match="Say why"):
        books.ask_to_reopen(period=SEPTEMBER, reason=" ", actor=PREPARER, now=NOW)
    books.ask_to_reopen(period=SEPTEMBER, reason="Wrong rate", actor=PREPARER, now=NOW)
    with pytest.raises(SamePerson):
        books.reopen_month(period=SEPTEMBER, actor=PREPARER, now=NOW)

    books.reopen_month(period=SEPTEMBER, actor=APPROVER, now=NOW)

    assert {amount for _opening, amount in sums().values()} == {0}
    assert {amount for _opening, amount in sums(date(2026, 10, 1), date(2026, 10, 31)).values()} \
        == {0}  # fmt: skip
    found = PeriodEvent.objects.values_list("step", "kind", "actor")
    assert list(found) == [(1, "closed", PREPARER), (2, "asked", PREPARER),
                           (3, "reopened", APPROVER)]  # fmt: skip
    settle()
    assert sums()["4000"] == (0, -102_41)
    close()
    assert breaches() == []


def test_months_close_and_open_in_order(world):
    close(OCTOBER, LATER)
    with pytest.raises(ClosedMonth, match="closed already"):
        close()
    with pytest.raises(NotEnded):
        close(parse_month("2027-01"))


def test_ageing_ties_to_the_trial_balance_and_to_the_documents(september):
    """acme's 100.01 is credited with 40.00, big's 1.40 written off, Pinecone's 1.00 stays."""
    redis = september.redis
    issue_credit_note(document_id=invoice(redis).id, actor=APPROVER, now=NOW,
                      credit=Credit("k", "why", net_minor=40_00))  # fmt: skip
    write_off_invoice(document_id=invoice(redis, "big").id, reason="gone", actor=APPROVER, now=NOW)
    at = date(2026, 12, 5)

    rows = ledger.ageing(ledger.RECEIVABLE, at)

    papers, _count = documents_page(today=at, kinds=("customer_invoice",))
    assert {row.number: row.open_minor for row in rows} == {
        paper.number: paper.open_minor for paper in papers if paper.open_minor
    }
    assert sum(row.open_minor for row in rows) == 61_01 == sum(sums(FIRST, at)["1100"])
    # Due on 1 November, 34 days before.
    assert bucket_sums(rows) == {"USD": {"not due": 0, "1–30": 0, "31–60": 61_01, "61–90": 0,
                                         "over 90": 0}}  # fmt: skip
    owed = ledger.ageing(ledger.PAYABLE, at)
    assert sum(row.open_minor for row in owed) == -sum(sums(FIRST, at)["2100"])


def test_the_deferred_roll_forward_chains_and_ties_to_the_trial_balance(database, partners):
    """A yearly fee of 50,000.00 from September: a twelfth is earned each month."""
    redis = partners.redis
    deal = Deal(base_yearly_minor=50_000_00, base_interval="yearly")
    sign(redis, "oem", retail_card_id=None, starts="2026-09-01", deal=deal)
    database.login("settle")
    settle()
    settle(OCTOBER, LATER)

    rows = ledger.deferred_roll_forward(date(2026, 10, 31))

    assert [(row.opening_minor, row.billed_minor, row.recognised_minor, row.closing_minor)
            for row in rows] == [
        (0, 50_000_00, 4_166_67, 45_833_33), (45_833_33, 0, 4_166_66, 41_666_67),
    ]  # fmt: skip
    assert -sum(sums(FIRST, date(2026, 10, 31))["2300"]) == rows[-1].closing_minor


def test_the_trial_balance_balances_and_the_export_says_the_same(database, september):
    rows = ledger.trial_balance(FIRST, LAST)
    assert sum(row.closing_debit_minor for row in rows) == 102_41 + 30_62
    assert sum(row.closing_minor for row in rows) == 0
    database.login("web")
    with in_console():
        books.map_account(account="4000", external_code="200", external_name="Sales",
                          actor=PREPARER, now=NOW)  # fmt: skip
        with pytest.raises(BadTerms, match="There is no account"):
            books.map_account(account="9", external_code="1", external_name="", actor="x", now=NOW)
        exported = list(ledger.journal_rows(FIRST, LAST))

    assert sum(row.debit_minor for row in exported) == sum(row.debit_minor for row in rows)
    assert sum(row.credit_minor for row in exported if row.code == "200") == 102_41
    assert {row.name for row in exported if row.code == "200"} == {"Sales"}
    assert {row.party for row in exported} >= {"acme", "Redis Labs Ltd"}


def test_an_oem_month_that_is_not_issued_accrues_its_part_of_the_fee(database, partners):
    """Of 50,000.00 billed in advance a twelfth is earned; 1,000 × 0.001 of usage on top."""
    deal = Deal(base_yearly_minor=50_000_00, base_interval="yearly")
    sign(partners.redis, "oem", retail_card_id=None, starts="2026-09-01", deal=deal)
    record(hit(partners.redis, "2026-09-10", "acme", 1_000))
    database.login("settle")

    close()

    assert sums() == {"1200": (0, 4_167_67), "4100": (0, -4_166_67), "4110": (0, -1_00)}
