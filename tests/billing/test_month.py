"""A worked month per kind of agreement, from events to documents and journal, checkable by hand.

Retail: $0.002 a cached request, $0.02 a GB served (10^9 bytes), lookups and stores free.
"""

import json

from billing.models import AgreementVersion, Document, DocumentLine, JournalEntry, SettlementRun
from billing.rules.templates import Deal
from tests.billing.world import balances, customer, documents, hit, record, settle, sign

INVOICE, PARTNER_INVOICE, STATEMENT = "customer_invoice", "partner_invoice", "payout_statement"


def totals(run: SettlementRun) -> tuple[int, int, int, int]:
    run.refresh_from_db()
    return run.gross_minor, run.net_minor, run.share_minor, run.shadow_minor


def test_revenue_share_collected_by_us(database, partners):
    """acme: 50,005 × 0.002 = 100.01; 30 % is 30.00 / 70.01. tiny: 1 × 0.002 rounds to 0.00.
    big: 1,000 × 0.002 = 2.00 and 100 GB × 0.02 = 2.00, of which 1.20. Pinecone has 20 %."""
    redis, pinecone = partners
    sign(redis, "revenue_share_platform")
    sign(pinecone, "revenue_share_platform")
    record(
        hit(redis, "2026-09-01T00:00:00", "acme", 50_000),
        hit(redis, "2026-09-30T23:59:59", "acme", 5),
        hit(redis, "2026-10-01T00:00:00", "acme", 999),
        hit(redis, "2026-09-10", "tiny"),
        hit(redis, "2026-09-10", "big", 1_000, bytes=100_000_000),
        hit(redis, "2026-09-10", "big", 7, livemode=False),
        hit(redis, "2026-09-10", "big", 70, outcome="miss"),
        hit(pinecone, "2026-09-10", "acme", 500_000),
    )
    database.login("settle")

    settle()

    assert documents(redis) == [
        (INVOICE, "acme", 100_01),
        (INVOICE, "big", 4_00),
        (INVOICE, "tiny", 0),
        (STATEMENT, "", 31_20),
    ]
    assert documents(pinecone) == [(INVOICE, "acme", 1_000_00), (STATEMENT, "", 200_00)]
    assert totals(SettlementRun.objects.get(partner_id=redis.id)) == (104_01, 72_81, 31_20, 0)
    assert balances(redis) == {"1100": 104_01, "4000": -104_01, "5000": 31_20, "2100": -31_20}
    invoice = Document.objects.get(partner_id=redis.id, customer_external_id="acme")
    body = json.loads(bytes(invoice.canonical))
    assert (body["brand"]["name"], body["seller"]["legal_name"]) == (
        "Redis Edge Cache",
        "AgentCache, Inc.",
    )
    numbers = Document.objects.filter(kind=INVOICE).values_list("number", flat=True)
    assert sorted(numbers) == [f"INV-2026-00000{n}" for n in (1, 2, 3, 4)]


def test_revenue_share_as_agent_books_only_our_part(database, partners):
    sign(partners.redis, "revenue_share_platform", deal=Deal(principal=False))
    record(hit(partners.redis, "2026-09-10", "acme", 50_005))
    database.login("settle")

    settle()

    assert balances(partners.redis) == {"1100": 100_01, "4000": -70_01, "2100": -30_00}


def test_revenue_share_collected_by_the_partner(database, partners):
    """Our rating is the deemed sale: 100.01, of which a 60 % partner keeps 60.01 and owes 40.00."""
    redis = partners.redis
    sign(redis, "revenue_share_partner", deal=Deal(share_bps=6000))
    record(hit(redis, "2026-09-10", "acme", 50_005), hit(redis, "2026-09-10", "big", 1_000))
    database.login("settle")

    settle()

    owed = [row for row in documents(redis) if row[0] == PARTNER_INVOICE]
    assert owed == [(PARTNER_INVOICE, "", 40_00 + 80)]
    sold = {row[1]: row[2] for row in documents(redis) if row[0] == INVOICE}
    assert sold == {"acme": 100_01, "big": 2_00}
    mine = Document.objects.filter(kind=INVOICE)
    assert {(row.issuer, row.seller_name) for row in mine} == {("redis-labs", "Redis Labs Ltd")}
    assert balances(redis) == {"1110": 40_80, "4000": -40_80}
    assert totals(SettlementRun.objects.get()) == (102_01, 40_80, 61_21, 0)


def test_oem_licence(database, partners):
    """$50,000 a year in monthly parts and 12,345,678 × 0.001 = 12,345.68."""
    redis = partners.redis
    sign(redis, "oem", retail_card_id=None, deal=Deal(base_yearly_minor=50_000_00))
    record(hit(redis, "2026-09-10", "acme", 12_345_000), hit(redis, "2026-09-11", "big", 678))
    database.login("settle")

    settle()

    # September is the ninth part: cumulative 37,500.00 less 33,333.33.
    assert documents(redis) == [(PARTNER_INVOICE, "", 4_166_67 + 12_345_68)]
    assert balances(redis) == {"1110": 16_512_35, "4100": -4_166_67, "4110": -12_345_68}


def test_wholesale_pays_half_of_retail(database, partners):
    """Retail 50,005 × 0.002 = 100.01; half is 50.005, rounded once to 50.01."""
    redis = partners.redis
    sign(redis, "wholesale")
    record(hit(redis, "2026-09-10", "acme", 50_000), hit(redis, "2026-09-10", "big", 5))
    database.login("settle")

    settle()

    assert documents(redis) == [(PARTNER_INVOICE, "", 50_01)]
    lines = DocumentLine.objects.filter(document__partner_id=redis.id).exclude(amount_minor=0)
    assert sorted((line.kind, line.amount_minor) for line in lines) == [
        ("wholesale_factor", -50_00),
        ("wholesale_retail", 100_01),
    ]
    assert balances(redis) == {"1110": 50_01, "4200": -50_01}


def test_direct_customers_pay_their_plan_and_their_usage(database, partners):
    """$75,000 and $10,000 a year in monthly parts; idle has a plan and no usage."""
    redis = partners.redis
    sign(redis, "direct")
    customer(redis, "acme", plan="enterprise")
    customer(redis, "idle", plan="mid-market")
    record(hit(redis, "2026-09-10", "acme", 1_000), hit(redis, "2026-09-10", "free", 500))
    database.login("settle")

    settle()

    assert documents(redis) == [
        (INVOICE, "acme", 6_250_00 + 2_00),
        (INVOICE, "free", 1_00),
        (INVOICE, "idle", 833_33),
    ]
    assert totals(SettlementRun.objects.get()) == (7_086_33, 7_086_33, 0, 0)


def test_a_proof_of_concept_that_ends_inside_the_month(database, partners):
    """Until 15 September 05:00 everything is shown and nothing owed; after it 30 %, although the
    type's default is 20 %. One hour before and at the boundary decide."""
    redis, pinecone = partners
    sign(pinecone, "poc", "2026-03-15T05:00")
    record(
        hit(pinecone, "2026-09-15T04:59:59", "acme", 1_000_000),
        hit(pinecone, "2026-09-15T05:00:00", "acme", 50_005),
        hit(redis, "2026-09-15", "acme", 3),
    )
    database.login("settle")

    settle()

    assert documents(pinecone) == [(INVOICE, "acme", 100_01), (STATEMENT, "", 30_00)]
    assert totals(SettlementRun.objects.get()) == (100_01, 70_01, 30_00, 2_000_00)
    assert Document.objects.get(kind=INVOICE).shadow_minor == 2_000_00
    discount = DocumentLine.objects.get(document__kind=INVOICE, kind="poc_discount")
    assert discount.amount_minor == -2_000_00


def test_a_proof_of_concept_month_owes_nothing_and_posts_nothing(database, partners):
    sign(partners.pinecone, "poc", "2026-08-01")
    record(hit(partners.pinecone, "2026-09-10", "acme", 1_000_000))
    database.login("settle")

    settle()

    assert documents(partners.pinecone) == [(INVOICE, "acme", 0), (STATEMENT, "", 0)]
    statement = Document.objects.get(kind=STATEMENT)
    assert (statement.shadow_minor, statement.statement["closing_minor"]) == (2_000_00, 0)
    assert JournalEntry.objects.count() == 0


def test_base_fee_and_revenue_share_in_one_agreement(database, partners):
    """$100,000 a year beside 30 %: customers pay 100.01, the partner 8,333.33 and earns 30.00."""
    redis = partners.redis
    sign(redis, "revenue_share_platform", deal=Deal(base_yearly_minor=100_000_00))
    record(hit(redis, "2026-09-10", "acme", 50_005))
    database.login("settle")

    settle()

    found = {(kind, total) for kind, _who, total in documents(redis)}
    # Months of a yearly fee are rounded cumulatively: the ninth is 75,000.00 less 66,666.67.
    assert found == {(INVOICE, 100_01), (PARTNER_INVOICE, 8_333_33), (STATEMENT, 30_00)}
    assert AgreementVersion.objects.get().components.count() == 2
