"""Partners that invoice outside: reported in time, too late and corrected; two partners."""

import pytest

from billing.actions.errors import AlreadySettled
from billing.actions.sales import submit_sales_report
from billing.models import Agreement, Document, SalesReport
from billing.queries.exception_queue import sales_reports
from billing.rules.periods import parse_month
from billing.rules.sales import BadSales
from billing.rules.templates import Deal
from tenants.schema import in_partner
from tests.billing.people import utc
from tests.billing.world import (
    NOW,
    SEPTEMBER,
    balances,
    breaches,
    documents,
    hit,
    record,
    settle,
    sign,
)

HEADER = "customer,amount,currency,reference\n"


def report(partner, text, now=NOW, period=SEPTEMBER):
    agreement = partner_agreement(partner)
    with in_partner(partner):
        return submit_sales_report(
            agreement_id=agreement, period=period, name="september.csv",
            data=(HEADER + text).encode(), actor="Finance@Partner.Example", now=now,
        )  # fmt: skip


def partner_agreement(partner):
    return Agreement.objects.get(partner_id=partner.id).id


@pytest.fixture
def reporting(database, partners):
    """acme used 100.01 at list with both; both invoice it themselves. Redis keeps 30 %, Pinecone
    20 %."""
    for partner in partners:
        sign(partner, "revenue_share_partner", starts="2026-09-01", deal=Deal(sales="reported"))
        record(hit(partner, "2026-09-10", "acme", 50_005))
    return partners


def test_reported_sales_are_the_base_and_a_late_report_is_trued_up(database, reporting):
    """Redis sold 200.00: 140.00 is ours. Pinecone is silent: 80.01 of the metered 100.01, then it
    reports 60.00, of which 48.00 is ours: 32.01 goes back. Redis corrects to 210.00: 7.00 more."""
    redis, pinecone = reporting
    database.login("owner")
    first = report(redis, "acme,150.00,USD,INV-1\nacme,50.00,USD,INV-2\n")
    assert report(redis, "acme,150.00,USD,INV-1\nacme,50.00,USD,INV-2\n").id == first.id
    database.login("settle")

    settle()

    assert documents(redis) == [("partner_invoice", "", 140_00)]
    assert documents(pinecone) == [("partner_invoice", "", 80_01)]
    [missing] = sales_reports(NOW)
    assert missing.partner_id == str(pinecone.id)
    assert (missing.money_minor, missing.currency) == (80_01, "USD")
    with pytest.raises(AlreadySettled):
        settle()

    database.login("owner")
    assert report(pinecone, "acme,60.00,USD,\n", now=utc("2026-10-05")).is_late
    report(redis, "acme,210.00,USD,INV-1\n")
    database.login("settle")
    assert sales_reports(NOW) == []
    settle()
    with pytest.raises(AlreadySettled):
        settle()

    assert documents(pinecone)[1:] == [("credit_note", "", -32_01)]
    assert documents(redis)[1:] == [("partner_invoice", "", 7_00)]
    assert balances(redis) == {"1110": 147_00, "4000": -147_00}
    assert balances(pinecone) == {"1110": 48_00, "4000": -48_00}
    assert not Document.objects.filter(kind="customer_invoice").exists()
    assert breaches() == []


def test_what_can_not_be_reported_says_why(database, reporting):
    redis = reporting.redis
    database.login("owner")
    with pytest.raises(BadSales, match="has not ended"):
        report(redis, "acme,1,USD,\n", period=parse_month("2026-10"))
    with pytest.raises(BadSales, match="awaits a sales report"):
        report(redis, "acme,1,USD,\n", period=parse_month("2025-10"))
    with pytest.raises(BadSales, match="Line 3: 'zeta' is no customer"):
        report(redis, "acme,1,USD,\nzeta,1,USD,\n")
    assert not SalesReport.objects.exists()
