"""Fourteen real days of 162 tenants, imported and settled, against a bare SQL sum.

The trace is anchored so that a month ends inside it: two settlements share its traffic.
"""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest

from bench import tenant_trace as traces
from billing.models import Document
from billing.rules.periods import parse_month
from cache_api.actions.import_usage import import_usage
from tenants import schema
from tests.billing.people import utc
from tests.billing.world import settle, sign

NOW = utc("2026-11-02T09:00")
MONTHS = [parse_month("2026-09"), parse_month("2026-10")]
SUM = """
    select customer, extract(month from occurred_at at time zone 'utc')::int as month,
           sum(quantity) as requests, sum(quantity * bytes) as size
    from usage_event where outcome = 'hit' and partner_id = %s group by 1, 2
"""


@pytest.fixture
def imported(database, partners, shared_data, tmp_path):
    """Redis Labs has the trace; Pinecone imports nothing and must owe nothing."""
    tar = shared_data / "traces" / "m-large-traces.tar.gz"
    total = traces.write(tar, tmp_path / "trace.parquet")
    for partner in partners:
        sign(partner, "revenue_share_platform")
    database.login("recorder")
    with schema.in_public():
        import_usage(
            path=tmp_path / "trace.parquet", partner_slug="redis-labs", skip_bad=False, now=NOW
        )
    return total


def cents(dollars: Decimal) -> int:
    return int(dollars.quantize(Decimal("0.01"), ROUND_HALF_UP) * 100)


def bare_sums(database, partner) -> dict[tuple[str, int], int]:
    """(customer, month) → cents at the list price, from the events alone."""
    owed: dict[tuple[str, int], int] = defaultdict(int)
    with database.psql() as db:
        for customer, month, requests, size in db.execute(SUM, [partner.id]).fetchall():
            owed[customer, month] += cents(requests * Decimal("0.002"))
            owed[customer, month] += cents(size * Decimal("0.02") / 10**9)
    return dict(owed)


def test_a_settlement_over_the_trace_agrees_with_a_bare_sum(database, partners, imported):
    with database.psql() as db:
        recorded = db.execute("select sum(quantity) from usage_event").fetchone()[0]
    assert recorded == imported == 236_892_826

    database.login("settle")
    for period in MONTHS:
        settle(period, NOW)

    papers = Document.objects.filter(kind="customer_invoice")
    billed = {
        (paper.customer_external_id, paper.period_start.month): paper.total_minor
        for paper in papers
    }
    assert billed == bare_sums(database, partners.redis)
    assert len({customer for customer, _ in billed}) == 162
    assert {paper.partner_id for paper in papers} == {partners.redis.id}
    assert {month for _, month in billed} == {9, 10}
