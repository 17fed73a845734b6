"""Finance enters tax and exchange rates where they are missing; what is left of a month."""

from datetime import date

import pytest

from billing.actions.open_runs import settle_period
from billing.actions.rate_cards import create_rate_card
from billing.actions.settle import settle_run
from billing.models import FinanceRequest, FxRate, TaxRate, TaxStatus
from cache_api.models import Customer
from tenants import schema
from tests.billing import world
from tests.billing.people import APPROVER, PREPARER, utc
from tests.portal.console.cast import run_of, signed_in
from tests.portal.views.cast import text


def settled(database, partner):
    database.login("settle")
    with schema.in_public():
        for run in settle_period(period=world.SEPTEMBER, actor=PREPARER, now=world.NOW).runs:
            settle_run(run_id=run.id, partner_id=run.partner_id, now=world.NOW)
    database.login("web")
    return run_of(partner)


def approved():
    """The last page that the approver sees after entering all that waits, oldest first."""
    approver = signed_in("finance_approver")
    with schema.in_console():
        waiting = list(FinanceRequest.objects.filter(approved_by="", declined_by=""))
    for one in waiting:
        page = approver.post(f"/rates/{one.id}/", follow=True)
    return page


@pytest.fixture
def abroad(console, database):
    """Redis' acme wants its invoices in euros."""
    database.login("owner")
    with schema.in_partner(console.redis):
        Customer.objects.filter(external_id="acme").update(billing={"currency": "EUR"})
    database.login("web")
    return console


def test_prices_are_asked_for_and_published_by_two(console):
    preparer = signed_in("finance_preparer")
    assert "cached: cached_requests 0.002" in text(preparer.get("/prices/"))
    facts = {"code": "retail", "currency": "USD", "audience": "everyone", "day": "2027-01-01"}
    new = {"prefix": "retail", **{f"retail-{name}": value for name, value in facts.items()}}

    wrong = preparer.post("/prices/ask/", {**new, "retail-lines": "wishes 1"})
    assert wrong.status_code == 400 and "Line 1" in text(wrong)
    page = preparer.post("/prices/ask/", {**new, "retail-lines": "cached_requests 0.003"},
                         follow=True)  # fmt: skip
    assert "A second person publishes it" in text(page) and "waits for a second person" in text(
        page
    )
    with schema.in_console():
        waiting = FinanceRequest.objects.get(approved_by="")
    approver = signed_in("finance_approver")
    done = approver.post(f"/rates/{waiting.id}/", {"back": "prices"}, follow=True)

    assert done.redirect_chain[-1][0] == "/prices/"
    assert "cached_requests 0.003" in text(done) and "later" in text(done)
    listed = {"code": "cost", "name": "Cost", "currency": "USD", "audience": "internal",
              "day": "2027-01-01", "lines": "lookups 0.0001"}  # fmt: skip
    assert "Cost" in text(preparer.post("/prices/ask/", listed, follow=True))


def test_a_missing_exchange_rate_is_named_entered_and_the_run_goes_on(abroad, database):
    assert settled(database, abroad.redis).state == "parked"
    preparer = signed_in("finance_preparer")
    queue = preparer.get("/finance/exceptions/")
    assert b'href="/rates/"' in queue.content and "Enter it" in text(queue)
    page = preparer.get("/rates/")
    assert "billed in EUR" in text(page) and "30 Sep 2026" in text(page)
    assert b'value="2026-09-30"' in page.content and b'value="EUR"' in page.content

    rate = {"day": "2026-09-30", "base": "usd", "quote": "eur", "rate": "0.92"}
    for _ in range(2):
        done = preparer.post("/rates/fx/", rate, follow=True)
        assert "A second person enters it" in text(done) and "in force" not in text(done)
    assert "To be entered (exchange rate): USD EUR 2026-09-30" in text(
        preparer.get("/finance/exceptions/")
    )
    done = approved()
    assert "Entered." in text(done) and "USD/EUR 0.92 in force" in text(done)
    again = preparer.post("/rates/fx/", rate)
    assert again.status_code == 400 and "is the rate of 2026-09-30 already" in text(again)

    with schema.in_console():
        assert FxRate.objects.count() == 1
    assert settled(database, abroad.redis).state == "in_review"
    assert "Runs that wait for a rate" not in text(preparer.get("/rates/"))


def test_a_correction_replaces_and_the_history_stays(console):
    preparer = signed_in("finance_preparer")
    for rate in ("0.92", "0.93"):
        preparer.post("/rates/fx/", {"day": "2026-09-30", "base": "USD", "quote": "EUR",
                                     "rate": rate})  # fmt: skip
        approved()
    tax = {"country": "de", "label": "VAT"}
    preparer.post("/rates/tax/", {**tax, "percent": "19", "valid_from": "2026-01-01"})
    preparer.post("/rates/tax/", {**tax, "percent": "100", "valid_from": "2027-01-01"})

    approved()
    page = text(preparer.get("/rates/"))

    assert "USD/EUR 0.93 in force" in page and "USD/EUR 0.92 replaced" in page
    assert "DE VAT 100 % 1 Jan 2027 from that day on" in page
    assert "DE VAT 19 % 1 Jan 2026 in force" in page


def test_a_status_names_its_party_by_what_people_call_it(console):
    preparer = signed_in("finance_preparer")
    status = {"slug": "redis-labs", "external_id": "acme", "treatment": "standard",
              "country": "gb", "valid_from": "2026-01-01"}  # fmt: skip
    preparer.post("/rates/status/", status)
    preparer.post("/rates/status/", {**status, "external_id": "", "treatment": "withholding",
                                     "country": "", "percent": "15"})  # fmt: skip
    preparer.post("/rates/status/", {**status, "treatment": "reduced", "charges": "usage",
                                     "percent": "7"})  # fmt: skip
    approved()

    with schema.in_console():
        rows = [(row.customer_id is None, row.treatment, row.country + row.charges, row.valid_from)
                for row in TaxStatus.objects.filter(partner_id=console.redis.id)]  # fmt: skip
    day = date(2026, 1, 1)
    assert sorted(rows) == [(False, "reduced", "GBusage", day), (False, "standard", "GB", day),
                            (True, "withholding", "", day)]  # fmt: skip
    page = text(preparer.get("/rates/"))
    assert "Redis Labs Withholding (partners), 15 %" in page
    assert "Reduced rate (GB), 7 % Usage alone" in page


@pytest.mark.parametrize(
    ("url", "given", "told"),
    [
        ("fx", {"day": "2026-09-30", "base": "USD", "quote": "USD", "rate": "1"}, "needs no rate"),
        ("fx", {"day": "2026-09-30", "base": "USD", "quote": "EUR", "rate": "0"}, "above zero"),
        ("fx", {"day": "soon", "base": "USD", "quote": "XXQ", "rate": "1"}, "valid date"),
        ("tax", {"country": "D1", "label": "VAT", "percent": "101", "valid_from": "2026-01-01"},
         "less than or equal to 100"),
        ("status", {"slug": "redis-labs", "external_id": "nobody", "treatment": "exempt",
                    "valid_from": "2026-01-01"}, "has no customer"),
        ("status", {"slug": "redis-labs", "treatment": "withholding", "valid_from": "2026-01-01"},
         "percentage goes with withholding"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(readable, url, given, told):
    answer = signed_in("finance_preparer").post(f"/rates/{url}/", given)
    assert answer.status_code == 400 and told in text(answer)
    with schema.in_console():
        counts = FxRate.objects.count(), TaxRate.objects.count(), TaxStatus.objects.count()
    assert counts == (0, 0, 0)


def test_nobody_approves_alone_and_a_refusal_says_why(console):
    approver = signed_in("finance_approver")
    approver.post("/rates/fx/", {"day": "2026-09-30", "base": "USD", "quote": "EUR", "rate": "9"})
    with schema.in_console():
        asked = FinanceRequest.objects.get(approved_by="")
    assert "a second person approves it" in text(approver.get("/rates/"))
    assert "cannot approve it" in text(approver.post(f"/rates/{asked.id}/", follow=True))
    assert "Say why" in text(approver.post(f"/rates/{asked.id}/", {"act": "decline"}, follow=True))
    other = signed_in("superadmin")
    done = other.post(f"/rates/{asked.id}/", {"act": "decline", "reason": "0.9"}, follow=True)
    assert "Declined." in text(done) and "Waiting for a second person" not in text(done)
    with schema.in_console():
        assert not FxRate.objects.exists()


def test_an_auditor_reads_and_enters_nothing(readable):
    auditor = signed_in("auditor")
    assert "Enter an exchange rate" not in text(auditor.get("/rates/"))


def test_the_margin_of_a_month_by_agreement(console, database):
    """Redis: charged 102.01, shared 30.60, 51,005 requests at 0.0001 cost 5.10: 66.31 are left."""
    preparer = signed_in("finance_preparer")
    assert "Nothing is rated" in text(preparer.get("/finance/margins/?month=2026-09"))
    settled(database, console.redis)
    assert "No internal cost card" in text(preparer.get("/finance/margins/?month=2026-09"))
    database.login("owner")
    create_rate_card(
        code="cost", name="Cost", currency="USD", audience="internal", actor=PREPARER,
        approved_by=APPROVER,
        rates=[{"key": "cached", "meter": "cached_requests", "mode": "per_unit",
                "unit_price": "0.0001"}],
        valid_from=utc("2026-01-01"), now=utc("2026-01-01"),
    )  # fmt: skip
    database.login("web")

    page = text(preparer.get("/finance/margins/?month=2026-09"))

    assert "$102.01 $30.60 $5.10 $66.31 92.85 %" in page
    assert "$1,000.00 $200.00 $50.00 $750.00 93.75 %" in page
