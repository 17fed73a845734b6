"""Internal cost and margin per agreement; and wholesale at the retail price of the event's time."""

from billing.actions.rate_cards import create_rate_card, publish_rate_version
from billing.models import DocumentLine, RateCard
from billing.queries.margins import margins
from tenants.schema import in_console
from tests.billing.people import APPROVER, PREPARER, RETAIL, utc
from tests.billing.world import SEPTEMBER, breaches, documents, hit, record, settle, sign

CACHED = {"key": "cached", "meter": "cached_requests", "mode": "per_unit"}


def internal(currency="USD"):
    return create_rate_card(
        code="cost", name="Cost", currency=currency, audience="internal", actor=PREPARER,
        approved_by=APPROVER,
        rates=[{**CACHED, "unit_price": "0.0001"}], valid_from=utc("2026-01-01"),
        now=utc("2026-01-01"),
    )  # fmt: skip


def test_margin_is_our_net_less_the_usage_at_cost(database, partners):
    """Redis: 50,005 requests until 16 September at 0.0001, 50,000 later ones at 0.0002, and as
    many on the 11th that came late: by the rollups first, then by the events of each run."""
    sign(partners.redis, "revenue_share_platform")
    sign(partners.pinecone, "revenue_share_platform")
    publish_rate_version(
        card_id=internal().id, rates=[{**CACHED, "unit_price": "0.0002"}], actor=PREPARER,
        approved_by=APPROVER,
        valid_from=utc("2026-09-16"), now=utc("2026-01-01"),
    )  # fmt: skip
    record(hit(partners.redis, "2026-09-10", "acme", 50_005),
           hit(partners.redis, "2026-09-16", "acme", 50_000))  # fmt: skip
    database.login("settle")
    settle()
    database.login("owner")
    [_, first] = margins(SEPTEMBER)
    record(hit(partners.redis, "2026-09-11", "acme", 50_000))
    # The first run's own hours are those of its events: the rollups have grown.
    assert margins(SEPTEMBER)[1] == first
    database.login("settle")
    settle()
    database.login("web")

    with in_console():
        pinecone, redis = margins(SEPTEMBER)

    assert (first.net_minor, first.cost_minor, first.margin_minor) == (140_01, 15_00, 125_01)
    assert (redis.net_minor, redis.cost_minor, redis.margin_minor) == (210_01, 20_00, 190_01)
    assert redis.margin_bps == 9047
    assert (pinecone.net_minor, pinecone.cost_minor, pinecone.margin_bps) == (0, 0, None)


def test_without_a_fitting_cost_card_the_reason_is_given(database, partners):
    sign(partners.redis, "revenue_share_platform")
    record(hit(partners.redis, "2026-09-10", "acme", 50_005))
    database.login("settle")
    settle()
    database.login("owner")
    assert "No internal cost card" in margins(SEPTEMBER)[0].why
    internal("EUR")
    [row] = margins(SEPTEMBER)
    assert (row.cost_minor, "in EUR, not USD" in row.why) == (None, True)


def test_wholesale_takes_the_retail_price_of_the_events_time(database, partners):
    """Until 16 September 0.002, then 0.004: half of 100.00 and half of 200.00."""
    sign(partners.redis, "wholesale")
    publish_rate_version(
        card_id=RateCard.objects.get().id, actor=PREPARER,
        approved_by=APPROVER, valid_from=utc("2026-09-16"),
        rates=[{**RETAIL[0], "unit_price": "0.004"}, *RETAIL[1:]], now=utc("2026-09-01"),
    )  # fmt: skip
    record(hit(partners.redis, "2026-09-15T23:59:59", "acme", 50_000),
           hit(partners.redis, "2026-09-16", "acme", 50_000))  # fmt: skip
    database.login("settle")

    settle()

    assert documents(partners.redis) == [("partner_invoice", "", 150_00)]
    retail = DocumentLine.objects.filter(kind="wholesale_retail", amount_minor__gt=0)
    assert sorted(row.amount_minor for row in retail) == [100_00, 200_00]
    assert breaches() == []
