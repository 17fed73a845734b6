"""Plans end to end: published, joined, billed by, with two partners who have one each."""

import json
import uuid
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from billing.actions import plans as actions
from billing.actions.errors import TermsInTheWay
from billing.models import Document, PlanAssignment, Rate, RateCardVersion
from billing.queries import plans as found
from billing.queries.plan_money import plans_money
from billing.rules.plans import BadPlan, Offer
from cache_api.models import Customer
from portal.tasks import begin_plans
from tenants import schema
from tenants.models import AuditEntry
from tests.billing.people import utc
from tests.billing.world import NOW, customer, documents, hit, record, settle, sign

AUGUST, SEPTEMBER, OCTOBER = utc("2026-08-01"), utc("2026-09-01"), utc("2026-10-01")
IN_AUGUST = utc("2026-08-10T12")
WHO = {"actor": "owner@redis.example"}
GROWTH = Offer(Decimal(49), 10_000, Decimal(3), Decimal("0.02"))
DEARER = Offer(Decimal(59), 20_000, Decimal(4), lookups=30_000)


def published(partner, offer=GROWTH, starts=AUGUST, now=IN_AUGUST, name="Growth"):
    """A plan of the partner's with its first version."""
    with schema.in_partner(partner):
        plan = actions.create_plan(partner_id=partner.id, name=name, currency="USD", offer=offer,
                                   now=now, **WHO)  # fmt: skip
        return plan, actions.publish_plan(plan_id=plan.pk, starts_at=starts, now=now, **WHO)


def again(partner, plan, offer, starts, now=IN_AUGUST):
    with schema.in_partner(partner):
        actions.change_draft(plan_id=plan.pk, offer=offer, now=now, **WHO)
        return actions.publish_plan(plan_id=plan.pk, starts_at=starts, now=now, **WHO)


def move(partner, name, version, starts, now=IN_AUGUST):
    with schema.in_partner(partner):
        return actions.move_customer(
            partner_id=partner.id, customer_id=Customer.objects.get(external_id=name).pk,
            version_id=version and version.pk, starts_at=starts, now=now, **WHO,
        )  # fmt: skip


def quota(partner, name):
    with schema.in_partner(partner):
        return Customer.objects.get(external_id=name).quota


@pytest.fixture
def signed(database, partners):
    """Two partners with a share of what we collect; acme, beta, gamma and idle at both."""
    for partner in partners:
        sign(partner, "revenue_share_platform")
        for name in ("acme", "beta", "gamma", "idle"):
            customer(partner, name)
    database.login("web")
    return partners, database


def test_each_customer_is_billed_by_the_version_it_is_on(signed):
    """September, retail 0.002. acme stays on v1: 49 + 5,000 × 0.003 = 64.00. beta joins v2:
    59 + 5,000 × 0.004 = 79.00. idle on v1: 49.00. gamma by the card: 1,000 × 0.002 = 2.00.
    Together 194.00, of which Redis has 30 % of each: 19.20 + 23.70 + 14.70 + 0.60 = 58.20.
    Pinecone's acme, without a plan, pays 15,000 × 0.002 = 30.00, of which 20 %."""
    (redis, pinecone), database = signed
    plan, first = published(redis)
    published(pinecone, DEARER)
    move(redis, "acme", first, AUGUST)
    move(redis, "idle", first, AUGUST)
    second = again(redis, plan, DEARER, SEPTEMBER)
    move(redis, "beta", second, SEPTEMBER)
    database.login("recorder")
    record(hit(redis, "2026-09-10", "acme", 15_000), hit(redis, "2026-09-10", "beta", 25_000),
           hit(redis, "2026-09-10", "gamma", 1_000), hit(pinecone, "2026-09-10", "acme", 15_000),
           )  # fmt: skip
    database.login("settle")

    settle()

    assert documents(redis) == [
        ("customer_invoice", "acme", 64_00), ("customer_invoice", "beta", 79_00),
        ("customer_invoice", "gamma", 2_00), ("customer_invoice", "idle", 49_00),
        ("payout_statement", "", 58_20),
    ]  # fmt: skip
    assert documents(pinecone) == [
        ("customer_invoice", "acme", 30_00), ("payout_statement", "", 6_00),
    ]  # fmt: skip
    acme = Document.objects.get(partner_id=redis.id, customer_external_id="acme")
    lines = json.loads(bytes(acme.canonical))["lines"]
    assert "Monthly fee" in {line["description"] for line in lines}

    # acme and idle pay 49.00 each and beta 59.00; 30 % of 192.00 and of 2.00.
    with schema.in_partner(redis):
        money = plans_money(redis.id, found.plans(redis.id, NOW), "USD")
    assert [(row.plan and row.plan.name, row.mrr_minor, row.billed_minor, row.earned_minor,
             row.margin_percent) for row in money.rows] == [
        ("Growth", 157_00, 192_00, 57_60, 30), (None, 0, 2_00, 60, 30),
    ]  # fmt: skip

    # What was billed stays: a move now begins where nothing is issued.
    database.login("web")
    with pytest.raises(BadPlan, match="is over"):
        move(redis, "acme", second, SEPTEMBER, now=NOW)
    with pytest.raises(TermsInTheWay, match="issued already"):
        move(redis, "acme", second, SEPTEMBER, now=utc("2026-09-30T12"))


def test_a_published_version_moves_nobody_and_quotas_follow_the_month(signed):
    """v2 stops at 30,000 lookups; beta is moved in August for September: the quota waits."""
    (redis, pinecone), database = signed
    plan, first = published(redis)
    assert move(redis, "acme", first, AUGUST) and not move(redis, "acme", first, AUGUST)
    second = again(redis, plan, DEARER, SEPTEMBER)
    assert move(redis, "beta", second, SEPTEMBER)

    with schema.in_partner(redis):
        [shown] = found.plans(redis.id, IN_AUGUST)
        [later] = found.plans(redis.id, utc("2026-09-03"))
    assert (shown.current.number, shown.customers, shown.staying) == (1, 1, 0)
    assert (later.current.number, later.customers, later.staying) == (2, 2, 1)
    with schema.in_partner(pinecone):
        assert found.plans(pinecone.id, IN_AUGUST) == []
    with pytest.raises(BadPlan, match="cannot be joined"):
        move(redis, "gamma", first, SEPTEMBER)
    with pytest.raises(BadPlan, match="cannot be joined"):
        move(redis, "gamma", second, AUGUST)

    assert quota(redis, "beta") is None
    database.login("settle")
    assert begin_plans() == 1 and begin_plans() == 0
    assert quota(redis, "beta") == {"month": 30_000, "hard": False}
    assert quota(pinecone, "beta") is None


def test_the_last_word_holds_and_a_customer_can_go_back(signed):
    (redis, _), _database = signed
    plan, first = published(redis, DEARER)
    move(redis, "acme", first, AUGUST)
    assert quota(redis, "acme") == {"month": 30_000, "hard": False}
    second = again(redis, plan, GROWTH, SEPTEMBER)
    move(redis, "acme", second, SEPTEMBER)
    move(redis, "acme", None, AUGUST)

    with schema.in_partner(redis):
        assert found.plan_prices(redis.id, AUGUST) == found.plan_prices(redis.id, SEPTEMBER) == ()
        verbs = list(AuditEntry.objects.filter(verb="customer.plan").values_list("data", flat=True))
    assert quota(redis, "acme") is None
    assert [one["plan"] for one in verbs] == ["Growth v1", "Growth v2", ""]


@pytest.mark.parametrize(("change", "error"), [
    ({"starts_at": utc("2026-09-02")}, "first of a month"),
    ({"starts_at": utc("2026-07-01")}, "is over"),
    ({"version_id": uuid.uuid4()}, "does not exist"),
    ({"customer_id": uuid.uuid4()}, "does not exist"),
])  # fmt: skip
def test_a_move_that_cannot_be_is_refused(signed, change, error):
    (redis, _pinecone), _database = signed
    _plan, version = published(redis)
    with schema.in_partner(redis):
        given = {"customer_id": Customer.objects.get(external_id="acme").pk,
                 "version_id": version.pk, "starts_at": AUGUST, **change}  # fmt: skip
        with pytest.raises(BadPlan, match=error):
            actions.move_customer(partner_id=redis.id, now=IN_AUGUST, **WHO, **given)
        assert not PlanAssignment.objects.exists()


def test_the_database_keeps_partners_apart(signed):
    """Another's version, a price on our public list, a changed price: refused by the database."""
    (redis, pinecone), _database = signed
    _plan, theirs = published(pinecone)
    published(redis)
    with schema.in_partner(redis):
        public = RateCardVersion.objects.get(card__code="retail")
        with pytest.raises(BadPlan, match="does not exist"):
            actions.publish_plan(plan_id=theirs.plan_id, starts_at=AUGUST, now=IN_AUGUST, **WHO)
        rate = {"key": "x", "meter": "stores", "mode": "flat", "unit_price": "1"}
        for wrong in (
            lambda: PlanAssignment.objects.create(
                partner_id=redis.id, customer_id=uuid.uuid4(), version_id=theirs.pk,
                starts_at=AUGUST, assigned_by="x", assigned_at=IN_AUGUST),
            lambda: Rate.objects.create(partner_id=redis.id, version=public, position=9, key="x",
                                        meter="stores", mode="flat", price=1, definition=rate),
            lambda: Rate.objects.filter(partner_id=redis.id).update(price=0),
        ):  # fmt: skip
            refused = pytest.raises(DatabaseError, match=r"another partner|permission denied")
            with refused, transaction.atomic():
                wrong()
