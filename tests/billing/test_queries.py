"""What the pages read: one reader's own documents, derived status, and constant query counts."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import queries
from billing.actions.document_events import record_document_event
from billing.models import Document, SettlementRun
from billing.rules.errors import BadMoney
from cache_api.models import Customer
from tenants.schema import in_partner
from tests.billing.people import PREPARER, utc
from tests.billing.world import NOW, SEPTEMBER, hit, issue, record, review, sign
from tests.conftest import two_partners

TODAY = date(2026, 10, 5)


def in_review(database):
    """Redis with 3 customers, Pinecone with one; the month waits for approval."""
    partners = two_partners()
    for partner, names in ((partners.redis, ("a", "b", "c")), (partners.pinecone, ("a",))):
        sign(partner, "revenue_share_platform")
        record(*(hit(partner, "2026-09-10", name, 50_005) for name in names))
    database.login("settle")
    review()


@pytest.fixture
def reviewed(database, partners):
    database.fill(in_review)
    database.login("settle")
    return partners


@pytest.fixture
def issued(reviewed):
    issue()
    return reviewed


def count(work) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_the_control_room_shows_every_agreement_with_its_step_and_sums(database, reviewed):
    room = queries.control_room(SEPTEMBER)

    assert room.states == {"in_review": 2}
    assert [(row.partner_slug, row.state, row.documents, row.gross_minor) for row in room.rows] == [
        ("pinecone", "in_review", 2, 100_01),
        ("redis-labs", "in_review", 4, 300_03),
    ]
    [totals] = room.totals
    assert (totals.currency, totals.gross_minor) == ("USD", 400_04)
    assert totals.gross_minor == totals.net_minor + totals.share_minor
    assert [row.partner_slug for row in room.waiting] == ["pinecone", "redis-labs"]
    assert room.parked == ()
    assert {row.state for row in queries.control_room(_october()).rows} == {"not_started"}


def _october():
    from billing.rules.periods import parse_month

    return parse_month("2026-10")


def test_a_run_shows_drafts_before_and_documents_after_its_issue(reviewed):
    run = SettlementRun.objects.get(partner_id=reviewed.redis.id)

    before = queries.run_detail(run.id)
    issue()
    after = queries.run_detail(run.id)

    shown = [(paper.kind, paper.customer_external_id, paper.total_minor) for paper in before.papers]
    assert shown == [
        ("customer_invoice", "a", 100_01),
        ("customer_invoice", "b", 100_01),
        ("customer_invoice", "c", 100_01),
        ("payout_statement", "", 90_00),
    ]
    assert {paper.number for paper in before.papers} == {""}
    assert [(p.kind, p.customer_external_id, p.total_minor) for p in after.papers] == shown
    assert all(paper.number for paper in after.papers)
    assert (before.balanced, after.balanced, after.is_issued) == (True, True, True)
    assert before.quantities["cached_requests"] == 3 * 50_005
    assert before.verbs == ("approve", "reject", "park")
    assert (len(before.input_sha256), before.batch_bound) == (64, after.batch_bound)
    assert queries.run_detail(reviewed.redis.id) is None


def test_partner_and_customer_see_their_own_documents_only(database, issued):
    redis, pinecone = issued
    database.login("web")
    with in_partner(redis):
        mine = Customer.objects.get(external_id="b")
        all_of_it, total = queries.invoices(redis.id, today=TODAY)
        own, own_total = queries.customer_invoices(redis.id, mine.id, today=TODAY)
        foreign, foreign_total = queries.invoices(pinecone.id, today=TODAY)
        [statement], _ = queries.statements(redis.id, today=TODAY)
        other = Document.objects.get(customer_external_id="a", kind="customer_invoice")
        seen = queries.document_detail(own[0].id, today=TODAY, customer_id=mine.id)
        hidden = [
            queries.document_detail(row, today=TODAY, customer_id=mine.id)
            for row in (other.id, statement.id)
        ]

    assert (total, [row.customer_external_id for row in all_of_it]) == (3, ["a", "b", "c"])
    assert (own_total, [row.customer_external_id for row in own]) == (1, ["b"])
    assert (foreign, foreign_total) == ([], 0)
    assert seen.body["number"] == own[0].number
    assert hidden == [None, None]
    with in_partner(pinecone):
        assert queries.document_detail(own[0].id, today=TODAY) is None


def test_a_status_is_read_from_what_happened(issued):
    rows, _ = queries.invoices(issued.redis.id, today=TODAY)

    def pay(row, minor, source):
        record_document_event(
            document_id=row.id,
            kind="paid",
            amount_minor=minor,
            source_id=source,
            actor=PREPARER,
            now=NOW,
        )

    pay(rows[0], 100_01, "bank-1")
    pay(rows[1], 50_00, "bank-2")
    pay(rows[1], 50_00, "bank-2")
    with pytest.raises(BadMoney, match="amount"):
        record_document_event(
            document_id=rows[2].id, kind="paid", source_id="x", actor=PREPARER, now=NOW
        )

    now_, _ = queries.invoices(issued.redis.id, today=TODAY)
    later, _ = queries.invoices(issued.redis.id, today=date(2026, 12, 1))
    assert [(row.status, row.paid_minor) for row in now_] == [
        ("paid", 100_01),
        ("partly_paid", 50_00),
        ("issued", 0),
    ]
    assert [row.status for row in later] == ["paid", "overdue", "overdue"]
    [ours], _ = queries.statements(issued.redis.id, today=date(2026, 12, 1))
    assert ours.status == "payable"  # we have not sent it yet: the partner is not late


def test_earnings_count_issued_months_only(reviewed):
    assert queries.earnings(reviewed.redis.id) == []

    issue()

    [month] = queries.earnings(reviewed.redis.id)
    assert (month.period, month.gross_minor, month.share_minor, month.net_minor) == (
        SEPTEMBER,
        300_03,
        90_00,
        210_03,
    )


def test_lists_cost_the_same_number_of_queries_at_1_and_at_100_rows(database, partners):
    one, many = partners.pinecone, partners.redis
    for partner, number in ((one, 1), (many, 100)):
        sign(partner, "revenue_share_platform")
        record(*(hit(partner, "2026-09-10", f"c{i:03}", 5_000) for i in range(number)))
    database.login("settle")
    runs = {run.partner_id: run.id for run in review().values()}
    drafted = [count(lambda p=p: queries.run_detail(runs[p.id])) for p in (one, many)]
    issue()

    def costs(partner) -> list[int]:
        some = Document.objects.filter(partner_id=partner.id).first()
        return [
            count(lambda: queries.invoices(partner.id, today=TODAY, limit=200)),
            count(lambda: queries.statements(partner.id, today=TODAY)),
            count(lambda: queries.document_detail(some.id, today=TODAY)),
            count(lambda: queries.run_detail(runs[partner.id])),
            count(lambda: queries.earnings(partner.id)),
        ]

    assert costs(one) == costs(many)
    assert drafted[0] == drafted[1]
    assert count(lambda: queries.control_room(SEPTEMBER)) == 3
    assert len(queries.invoices(many.id, today=TODAY, limit=200)[0]) == 100
    assert utc("2026-09-01") == SEPTEMBER.start
