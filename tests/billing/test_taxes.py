"""Tax and currencies from what finance enters to documents and journal; what is missing parks."""

from datetime import date
from decimal import Decimal

import psycopg
import pytest
from django.db import IntegrityError, transaction

from billing.actions.credit import Credit
from billing.actions.decide_request import approve_request
from billing.actions.document_events import record_document_event
from billing.actions.errors import TooEarly
from billing.actions.finance_requests import decline_request
from billing.actions.open_runs import open_run, settle_period
from billing.actions.taxes import ask_fx_rate, ask_tax_rate
from billing.models import (
    Agreement,
    CarriedItem,
    Document,
    FinanceRequest,
    FxRate,
    SettlementRun,
    TaxRate,
)
from billing.queries.credits import document_taxes
from billing.queries.exception_queue import exceptions
from billing.rules.errors import BadMoney, BadTerms, SamePerson, WrongState
from billing.rules.periods import parse_month
from billing.rules.templates import Deal
from cache_api.models import Customer
from tenants.schema import in_partner
from tests.billing.credit import issue_credit_note
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.two_people import enter_fx_rate, enter_tax_rate, enter_tax_status
from tests.billing.world import (
    NOW,
    SEPTEMBER,
    balances,
    breaches,
    documents,
    hit,
    issue,
    record,
    review,
    settle,
    sign,
)

INVOICE, STATEMENT = "customer_invoice", "payout_statement"
BY = {"actor": PREPARER, "now": NOW}
JANUARY = date(2026, 1, 1)


def customer_id(partner, external_id):
    with in_partner(partner):
        return Customer.objects.get(external_id=external_id).id


def test_taxed_documents_park_until_everybody_has_a_status(database, partners):
    """20 % on 100.01 for acme; the partner's tax is withheld: 15 % of 30.00.

    Both changed inside September: what holds on its last day is of the whole month.
    """
    redis, pinecone = partners
    sign(redis, "revenue_share_platform", deal=Deal(tax="charged"))
    sign(pinecone, "revenue_share_platform")
    record(hit(redis, "2026-09-10", "acme", 50_005), hit(pinecone, "2026-09-10", "acme", 500))
    acme = customer_id(redis, "acme")
    database.login("settle")

    runs = review()

    parked = runs["redis-labs-revenue-share-platform"]
    assert (parked.state, "'acme' has no tax status" in parked.reason) == ("parked", True)
    assert runs["pinecone-revenue-share-platform"].state == "in_review"
    database.login("owner")
    enter_tax_status(partner_id=redis.id, customer_id=acme, treatment="standard", country="GB",
                     valid_from=JANUARY, **BY)  # fmt: skip
    for percent, start in ((10, JANUARY), (15, date(2026, 9, 16)), (25, date(2026, 10, 1))):
        enter_tax_status(partner_id=redis.id, treatment="withholding", percent=Decimal(percent),
                         valid_from=start, **BY)  # fmt: skip
    database.login("settle")
    assert "No tax rate of GB" in review()["redis-labs-revenue-share-platform"].reason
    database.login("owner")
    for percent, start in ((Decimal("17.5"), JANUARY), (Decimal(20), date(2026, 9, 30)),
                           (Decimal(25), date(2026, 10, 1))):  # fmt: skip
        enter_tax_rate(country="GB", label="VAT", percent=percent, valid_from=start, **BY)
    database.login("settle")
    review()
    issue()

    assert documents(redis) == [(INVOICE, "acme", 120_01), (STATEMENT, "", 25_50)]
    assert balances(redis) == {
        "1100": 120_01, "4000": -100_01, "2200": -20_00 - 4_50, "5000": 30_00, "2100": -25_50,
    }  # fmt: skip
    run = SettlementRun.objects.get(partner_id=redis.id)
    assert (run.gross_minor, run.net_minor, run.share_minor, run.tax_minor) == (
        120_01, 70_01, 30_00, 20_00,
    )  # fmt: skip
    assert Document.objects.get(partner_id=redis.id, kind=STATEMENT).statement["tax_minor"] == -4_50
    assert breaches() == []


def test_a_customer_is_billed_in_its_own_currency(database, partners):
    """100.01 dollars at 0.92 are 92.01 euros; the payout stays in dollars. The last day's rate and
    a later entry of it count, and an adjustment takes the month's frozen rate."""
    redis = partners.redis
    sign(redis, "revenue_share_platform")
    record(hit(redis, "2026-09-10", "acme", 50_005))
    with in_partner(redis):
        Customer.objects.update(billing={"currency": "EUR"})
    database.login("settle")
    assert "USD" in review().popitem()[1].reason
    database.login("owner")
    for day, rate in ((15, "0.8"), (30, "0.91"), (30, "0.92")):
        enter_fx_rate(day=date(2026, 9, day), base="USD", quote="EUR", rate=Decimal(rate), **BY)
    with pytest.raises(BadMoney, match=r"0\.92 EUR is the rate of 2026-09-30 already"):
        enter_fx_rate(day=date(2026, 9, 30), base="USD", quote="EUR", rate=Decimal("0.92"), **BY)
    assert FxRate.objects.count() == 3
    database.login("settle")
    review()
    issue()
    database.login("owner")
    enter_fx_rate(day=date(2026, 9, 30), base="USD", quote="EUR", rate=Decimal(2), **BY)
    record(hit(redis, "2026-09-11", "acme", 50_000))
    database.login("settle")

    settle()

    rows = Document.objects.filter(partner_id=redis.id).order_by("id")
    assert [(row.kind, row.currency, row.total_minor) for row in rows] == [
        (INVOICE, "EUR", 92_01), (STATEMENT, "USD", 30_00),
        (INVOICE, "EUR", 92_00), (STATEMENT, "USD", 30_00),
    ]  # fmt: skip
    database.login("owner")
    for net in (40_00, 52_01):
        note = issue_credit_note(document_id=rows[0].id, credit=Credit(f"{net}", "wrong",
                                 net_minor=net), **BY)  # fmt: skip
        assert (note.currency, note.total_minor) == ("EUR", -net)
    # 40.00 of 92.01 euros were 43.48 of 100.01 dollars, the rest 56.53: their shares are dollars.
    moved = CarriedItem.objects.order_by("created_at", "base_minor").values_list(
        "currency", "base_minor", "amount_minor")  # fmt: skip
    assert sorted(moved) == [("USD", -56_53, -16_96), ("USD", -43_48, -13_04)]
    assert breaches() == []


def test_netting_pays_our_invoice_out_of_the_share(database, partners):
    redis = partners.redis
    sign(redis, "revenue_share_platform", deal=Deal(base_yearly_minor=300_00, netting=True))
    record(hit(redis, "2026-09-10", "acme", 500_000))
    database.login("settle")

    settle()

    owed = Document.objects.get(kind="partner_invoice")
    paid = owed.events.get(kind="paid")
    assert (owed.total_minor, paid.amount_minor) == (25_00, 25_00)
    assert Document.objects.get(kind=STATEMENT).statement["closing_minor"] == 275_00
    assert balances(redis) == {"1100": 1_000_00, "4000": -1_000_00, "4100": -25_00,
                               "5000": 300_00, "2100": -275_00}  # fmt: skip
    assert breaches() == []


def test_a_month_waits_for_its_cutoff(database, partners):
    sign(partners.redis, "revenue_share_platform", deal=Deal(cutoff_days=5))
    sign(partners.pinecone, "revenue_share_platform")

    opened = settle_period(period=SEPTEMBER, **BY)

    assert [run.agreement.code for run in opened.runs] == ["pinecone-revenue-share-platform"]
    [(agreement, why)] = opened.refused
    assert "awaited until 2026-10-06 00:00" in why
    with pytest.raises(TooEarly):
        open_run(agreement_id=agreement.id, period=SEPTEMBER, **BY)
    assert Agreement.objects.count() == 2


def test_two_people_enter_what_runs_freeze(database, partners):
    """Also by SQL: no row without another person's approval of exactly these figures."""
    facts = {"day": date(2026, 9, 30), "base": "USD", "quote": "EUR", "rate": Decimal("0.92")}
    asked = ask_fx_rate(**facts, **BY)
    assert ask_fx_rate(**facts, **BY).id == asked.id and not FxRate.objects.exists()
    with pytest.raises(SamePerson, match="asked for this exchange rate"):
        approve_request(request_id=asked.id, actor=PREPARER.upper(), now=NOW)
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        FinanceRequest.objects.filter(pk=asked.id).update(approved_by=PREPARER)
    with pytest.raises(IntegrityError, match="second person"), transaction.atomic():
        FxRate.objects.create(id=asked.id, entered_by=PREPARER, entered_at=NOW, **facts)
    assert [one.kind for one in exceptions(NOW)] == ["entry"]
    for _ in range(2):
        approve_request(request_id=asked.id, actor=APPROVER, now=NOW)
    assert [(row.id, row.entered_by) for row in FxRate.objects.all()] == [(asked.id, PREPARER)]
    with pytest.raises(WrongState, match="has approved this exchange rate"):
        decline_request(request_id=asked.id, reason="no", actor=APPROVER, now=NOW)

    other = ask_tax_rate(country="GB", label="VAT", percent=Decimal(20), valid_from=JANUARY, **BY)
    FinanceRequest.objects.filter(pk=other.id).update(approved_by=APPROVER)
    with pytest.raises(IntegrityError, match="as it was asked"), transaction.atomic():
        TaxRate.objects.create(id=other.id, country="GB", label="VAT", percent=Decimal(19),
                               valid_from=JANUARY, entered_by=PREPARER, entered_at=NOW)  # fmt: skip
    third = ask_tax_rate(country="DE", label="VAT", percent=Decimal(19), valid_from=JANUARY, **BY)
    for _ in range(2):
        decline_request(request_id=third.id, reason="16 until June", actor=PREPARER, now=NOW)
    with pytest.raises(WrongState, match="declined this tax rate"):
        approve_request(request_id=third.id, actor=APPROVER, now=NOW)
    with database.psql("settle") as login, pytest.raises(psycopg.errors.RestrictViolation):
        login.execute("update billing_financerequest set facts = '{}'")
    assert not TaxRate.objects.exists()


def test_usage_is_taxed_apart_through_the_books(database, partners):
    """acme's 100.01 used at a reduced 7 % (7.00), though fees would carry 20 %; the share takes
    the tax along: 30 % of 107.01 is 32.10. Two notes take back all of it."""
    redis = partners.redis
    deal = Deal(share_after=("credits",), tax="charged", base_yearly_minor=1200_00)
    sign(redis, "revenue_share_platform", deal=deal)
    record(hit(redis, "2026-09-10", "acme", 50_005))
    acme = customer_id(redis, "acme")
    enter_tax_rate(country="GB", label="VAT", percent=Decimal(20), valid_from=JANUARY, **BY)
    known = {"partner_id": redis.id, "valid_from": JANUARY, **BY}
    enter_tax_status(customer_id=acme, treatment="standard", country="GB", **known)
    enter_tax_status(customer_id=acme, treatment="reduced", country="GB", percent=Decimal(7),
                     charges="usage", **known)  # fmt: skip
    enter_tax_status(treatment="reverse_charge", country="GB", **known)
    database.login("settle")

    settle()

    assert documents(redis) == [
        (INVOICE, "acme", 107_01), ("partner_invoice", "", 100_00), (STATEMENT, "", 32_10),
    ]  # fmt: skip
    invoice = Document.objects.get(kind=INVOICE)
    assert document_taxes(invoice)[0].percent == "7"
    assert balances(redis)["2200"] == -7_00
    database.login("owner")
    for net in (60_00, 40_01):
        issue_credit_note(document_id=invoice.id, credit=Credit(f"{net}", "x", net_minor=net), **BY)
    assert sum(CarriedItem.objects.values_list("amount_minor", flat=True)) == -32_10
    assert "2200" not in balances(redis) and breaches() == []


def test_a_partner_is_charged_and_paid_under_two_statuses(database, partners):
    """20 % on its base fee of 100.00, and of the 30.00 it is paid 15 % is withheld; a general
    status alone would have been both. A statement waits for one that is about it."""
    redis = partners.redis
    sign(redis, "revenue_share_platform", deal=Deal(tax="charged", base_yearly_minor=1200_00))
    record(hit(redis, "2026-09-10", "acme", 50_005))
    known = {"partner_id": redis.id, "valid_from": JANUARY, **BY}
    enter_tax_rate(country="GB", label="VAT", percent=Decimal(20), valid_from=JANUARY, **BY)
    enter_tax_status(customer_id=customer_id(redis, "acme"), treatment="none", **known)
    enter_tax_status(treatment="standard", country="GB", charges="fixed", **known)
    database.login("settle")
    assert "no tax status of what it is paid" in review().popitem()[1].reason
    database.login("owner")
    enter_tax_status(treatment="withholding", percent=Decimal(15), charges="share", **known)
    database.login("settle")

    settle()

    assert documents(redis) == [
        (INVOICE, "acme", 100_01), ("partner_invoice", "", 120_00), (STATEMENT, "", 25_50),
    ]  # fmt: skip
    assert balances(redis)["2200"] == -20_00 - 4_50
    assert breaches() == []


def test_what_finance_can_not_enter(database, partners):
    day = {"day": date(2026, 9, 30), **BY}
    for base, quote, rate in (("USD", "USD", 1), ("USD", "XXX", 1), ("USD", "EUR", 0),
                              ("USD", "EUR", "NaN")):  # fmt: skip
        with pytest.raises(BadMoney):
            enter_fx_rate(base=base, quote=quote, rate=Decimal(rate), **day)
    status = {"partner_id": partners.redis.id, "valid_from": JANUARY, **BY}
    for wrong in ({"treatment": "guess"}, {"treatment": "withholding"}, {"treatment": "standard"},
                  {"treatment": "exempt", "percent": Decimal(3)},
                  {"treatment": "exempt", "country": "de"}, {"treatment": "reduced"},
                  {"treatment": "none", "charges": "usage"},
                  {"treatment": "exempt", "charges": "some"},
                  {"treatment": "exempt", "charges": "share", "customer_id": status["partner_id"]},
                  ):  # fmt: skip
        with pytest.raises(BadTerms):
            enter_tax_status(**wrong, **status)
    with pytest.raises(BadTerms):
        enter_tax_rate(country="GB", label="VAT", percent=Decimal(101), valid_from=JANUARY, **BY)
    enter_fx_rate(base="USD", quote="EUR", rate=Decimal(1), **day)
    enter_tax_status(treatment="exempt", **status)
    with database.psql("settle") as settlement:
        for table in ("billing_fxrate", "billing_taxstatus"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                settlement.execute(f"update {table} set entered_by = 'me'")
    with database.psql() as boss, pytest.raises(psycopg.errors.RestrictViolation):
        boss.execute("update billing_fxrate set rate = 3")


def test_the_share_falls_due_on_what_customers_paid(database, partners):
    """September's 100.01: 40.00 paid in October, the rest in November; 30 % of each follows."""
    redis = partners.redis
    sign(redis, "revenue_share_platform", deal=Deal(share_base="collected"))
    record(hit(redis, "2026-09-10", "acme", 50_005))
    database.login("settle")
    settle()
    invoice = Document.objects.get(kind=INVOICE)
    for day, amount in (("2026-10-05", 40_00), ("2026-11-05", 60_01)):
        record_document_event(document_id=invoice.id, kind="paid", amount_minor=amount,
                              source_id=day, actor=PREPARER, now=utc(day))  # fmt: skip

    settle(parse_month("2026-10"), utc("2026-12-02"))
    settle(parse_month("2026-11"), utc("2026-12-02"))

    statements = Document.objects.filter(kind=STATEMENT).order_by("id")
    assert [row.statement["shares_minor"] for row in statements] == [0, 12_00, 18_00]
    assert balances(redis) == {"1100": 100_01, "4000": -100_01, "5000": 30_00, "2100": -30_00}
    assert breaches() == []
