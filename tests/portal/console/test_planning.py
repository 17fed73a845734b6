"""Projections, what-if and why a month differs, on the console."""

import pytest

from billing.models import Agreement, Document, SettlementRun
from billing.queries.channel_revenue import live_scenario
from billing.rules.templates import Deal
from tenants import schema
from tenants.models import Partner
from tests.billing import world
from tests.billing.people import utc
from tests.billing.rules.trust.files import independent
from tests.conftest import fresh_database, two_partners
from tests.portal.console.cast import signed_in
from tests.portal.console.conftest import clock, used
from tests.portal.views.cast import NOW, text

AUGUST = world.parse_month("2026-08")


def agreement(partner):
    with schema.in_console():
        return Agreement.objects.get(partner_id=partner.id)


def settle_two_months(database):
    """August (half of September's usage) and September, both issued."""
    used(database)
    redis, pinecone = two_partners()
    world.record(world.hit(redis, "2026-08-10T08:00", "acme", 25_000),
                 world.hit(pinecone, "2026-08-10T08:00", "acme", 500_000))  # fmt: skip
    database.login("settle")
    world.settle(AUGUST)
    world.settle()
    database.login("web")


@pytest.fixture(scope="module")
def shared_months(django_db_blocker):
    with fresh_database(django_db_blocker) as database, clock():
        database.fill(settle_two_months)
        database.login("web")
        yield two_partners(), database


@pytest.fixture
def two_months(shared_months):
    """Two issued months, for tests that change nothing: one a module."""
    with clock():
        yield shared_months[0]


def test_the_scenarios_stand_beside_the_live_one(two_months):
    page = text(signed_in("sre").get("/projections/"))

    assert "ARR $10,238.46 $1,375,000 $7,050,000 $52,000,000" in page
    for figure in ("$1,375,000.00", "$7,050,000.00", "$52,000,000.00", "$800,000", "58.2 %"):
        assert figure in page, figure
    assert "Live: August 2026 to September 2026" in page
    assert "Partners signed goal: 10 or more missed 2 missed 3 met 12 missed 5" in page
    assert "A cloud provider goal: at least one missed no missed no met yes met yes" in page


def test_live_figures_are_what_is_ours_of_the_issued_months_as_a_year(two_months):
    with schema.in_console():
        live = live_scenario(NOW)

    # Redis: $50.00 and $102.01 less 30 %; Pinecone: twice $1,000.00 less 20 %. Twelve halves.
    ours = {line.label: line.each_minor for line in live.scenario.lines}
    assert ours == {"Pinecone": 6 * 2 * 800_00, "Redis Labs": 6 * (35_00 + 71_41)}
    assert live.scenario.metrics.partners == 2 and len(live.months) == 2


def test_a_month_that_is_not_issued_whole_does_not_count(database, partners):
    database.fill(settle_two_months)
    world.record(world.hit(partners.redis, "2026-10-01T08:00", "acme", 9_000_000))
    database.login("settle")
    world.review(world.parse_month("2026-10"), utc("2026-11-02"))
    database.login("web")

    with schema.in_console():
        assert len(live_scenario(utc("2026-11-03")).months) == 2


def test_what_ended_is_no_recurring_revenue(two_months):
    with schema.in_console():
        assert live_scenario(utc("2025-12-31")).scenario.lines == ()


def test_before_anything_is_issued_signed_base_fees_count(database, partners):
    redis, pinecone = partners
    world.sign(redis, "oem", deal=Deal(base_yearly_minor=100_000_00))
    Partner.objects.filter(pk=pinecone.id).update(kind="direct")
    world.sign(pinecone, "direct")
    database.login("web")
    with schema.in_console():
        live = live_scenario(NOW)

    assert live.scenario.metrics.partner_minor == 100_000_00 and not live.months
    assert live.scenario.metrics.partners == 1


def test_the_difference_to_last_month_adds_up_on_the_runs_page(two_months):
    run = run_of_month(two_months.redis)
    client = signed_in("auditor")

    assert f'hx-get="/finance/runs/{run.id}/difference/"' in client.get(
        f"/finance/runs/{run.id}/").content.decode()  # fmt: skip
    part = client.get(f"/finance/runs/{run.id}/difference/", headers={"HX-Request": "true"})
    page = text(part)

    # $50.00 → $102.01: acme 25,000 → 50,005 and zeta 1,000 are 51,005 of one price.
    assert "August 2026 $50.00" in page and "September 2026 $102.01" in page
    assert "Volume more or less of the same +$52.01" in page
    assert "<html" not in part.content.decode()
    whole = client.get(f"/finance/runs/{run.id}/difference/")
    assert "add up to the cent" in text(whole)


def run_of_month(partner, month="2026-09-01"):
    with schema.in_console():
        return SettlementRun.objects.get(partner_id=partner.id, period_start=utc(month))


def test_the_first_month_has_nothing_to_compare_with(two_months):
    run = run_of_month(two_months.redis, "2026-08-01")

    page = text(signed_in("auditor").get(f"/finance/runs/{run.id}/difference/"))
    assert "Nothing to compare with" in page
    deal = agreement(two_months.redis)
    october = signed_in("auditor").get(f"/finance/preview/{deal.id}/difference/?month=2026-10")
    assert "October 2026 $0.00" in text(october)


def test_what_if_re_rates_a_settled_month_and_writes_nothing(shared_months, two_months):
    database = shared_months[1]
    deal = agreement(two_months.redis)
    before = world.fingerprint(database)
    client = signed_in("finance_preparer")
    path = f"/finance/what-if/{deal.id}/?month=2026-09"

    signed = text(client.get(path))
    cut = text(client.get(f"{path}&ask=1&share=25&price.cached=0.001"))
    kind = text(client.get(f"{path}&ask=1&template=wholesale&factor=40"))

    assert "frozen usage" in signed and "Billed $102.01 $102.01 –" in signed
    # 50.005 → $50.01 and $1.00 of zeta; 25 % of them are $12.50 and $0.25.
    assert "Billed $102.01 $51.01 −$51.00" in cut and "s share $30.60 $12.75 −$17.85" in cut
    assert "Cached requests acme $100.01 $50.01 −$50.00" in cut
    assert "Billed $102.01 $40.80" in kind and "wholesale factor 40 %" in kind
    assert world.fingerprint(database) == before


def test_what_if_says_what_does_not_fit(two_months):
    deal = agreement(two_months.redis)
    client = signed_in("finance_preparer")
    path = f"/finance/what-if/{deal.id}/?month=2026-09&ask=1"

    assert "has no wholesale factor" in text(client.get(f"{path}&factor=40"))
    assert "less than or equal to 100" in text(client.get(f"{path}&share=101"))
    assert "is not a month" in text(client.get(f"/finance/what-if/{deal.id}/?month=never"))
    nothing = text(client.get(f"/finance/what-if/{deal.id}/?month=2024-01"))
    assert "This can not be rated" in nothing


def test_a_month_that_is_not_settled_is_re_rated_from_usage_as_it_is(two_months):
    deal = agreement(two_months.redis)

    page = text(signed_in("auditor").get(f"/finance/what-if/{deal.id}/?month=2026-07"))

    assert "usage as it is now" in page and "Billed $0.00" in page


def test_the_console_drills_into_any_partners_document(two_months, tmp_path):
    with schema.in_console():
        paper = Document.objects.filter(
            partner_id=two_months.redis.id, kind="payout_statement", period_start=utc("2026-09-01")
        ).get()
    client = signed_in("auditor")

    line = text(client.get(f"/documents/{paper.id}/lines/1/"))
    assert "50,005 × $0.002 = $100.01" in line and "Sum of the days 50,005" in line
    assert "Redis Labs" in line and "adds up" in line
    archive = client.get(f"/documents/{paper.id}/archive")
    (tmp_path / "a.zip").write_bytes(b"".join(archive.streaming_content))
    assert independent().verify(tmp_path / "a.zip").ok
    page = client.get(f"/documents/{paper.id}/").content.decode()
    assert f"/documents/{paper.id}/lines/1/" in page and f"/documents/{paper.id}/archive" in page
