"""Two partners with people and customers: one month issued, the next ended but not begun.

The browser's clock is the real one, so the months are the two before today.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.actions.agreements import sign_agreement
from billing.rules.periods import Period, month_of, previous_month
from cache_api.actions.announce_customer import announce_customer
from cache_api.models import Customer
from tenants import schema
from tenants.accounts.models import User
from tenants.models import Partner
from tests.billing import world
from tests.billing.people import APPROVER, PREPARER, retail_card

PASSWORD = "correct horse battery"
CONSOLE, REDIS, PINECONE = (
    "console.agentcache.localhost",
    "cache.redis.localhost",
    "cache.pinecone.localhost",
)
CUSTOMERS = {"acme": "Acme Robotics", "zeta": "Zeta Health"}
# Hits of acme and zeta in each month, at $0.002 each; Redis Labs earns 30 % of the invoices.
FIRST_HITS = {"acme": 50_000, "zeta": 25_000}
SECOND_HITS = {"acme": 61_725, "zeta": 10_000}


@dataclass(frozen=True)
class Months:
    """`issued` is final; `waiting` has ended and no run of it exists; `now` is in the next."""

    issued: Period
    waiting: Period
    now: datetime


def months(now: datetime) -> Months:
    """The two months before the running one."""
    waiting = previous_month(month_of(now))
    return Months(previous_month(waiting), waiting, now)


def build(partners: list[Partner], when: Months) -> None:
    """All of it through the product's own actions; Django is connected as the owner."""
    for partner in partners:
        _open_business(partner, when)
        _people_of(partner)
        _usage(partner, when)
    with schema.in_public():
        for name in ("petra", "anton"):
            User.objects.create_user(f"{name}@agentcache.example", PASSWORD, name=name.title(),
                                     role="finance_approver")  # fmt: skip
    world.settle(when.issued, when.now)


def _open_business(partner: Partner, when: Months) -> None:
    with schema.in_partner(partner):
        for external_id, name in CUSTOMERS.items():
            announce_customer(partner_id=partner.id, external_id=external_id, name=name,
                              actor=PREPARER, now=when.issued.start)  # fmt: skip
    sign_agreement(
        partner_id=partner.id, template="revenue_share_platform", starts_at=when.issued.start,
        retail_card_id=retail_card().id, created_by=PREPARER, approved_by=APPROVER,
        now=when.issued.start,
    )  # fmt: skip


def _people_of(partner: Partner) -> None:
    with schema.in_partner(partner):
        acme = Customer.objects.get(external_id="acme").id
        for email, role, customer in (
            ("ada@partner.example", "admin", None),
            ("grace@partner.example", "analyst", None),
            ("carl@acme.example", "customer_owner", acme),
        ):
            User.objects.create_user(email, PASSWORD, role=role, customer_id=customer)


def _usage(partner: Partner, when: Months) -> None:
    spots = [(when.issued.start + timedelta(days=9, hours=8), FIRST_HITS),
             (when.waiting.start + timedelta(days=11, hours=14), SECOND_HITS),
             (when.now - timedelta(hours=26), {"acme": 900, "zeta": 300}),
             (when.now - timedelta(hours=2), {"acme": 400})]  # fmt: skip
    facts = {"latency_us": 900, "cost_saved_micros": 2500, "bytes": 1300, "provider": "openai"}
    for at, hits in spots:
        for name, quantity in hits.items():
            world.record(
                world.hit(partner, f"{at:%Y-%m-%dT%H:%M}", name, quantity, **facts),
                world.hit(partner, f"{at:%Y-%m-%dT%H:%M}", name, quantity // 4, outcome="miss",
                          model="gpt-4o", latency_us=1900),
                now=when.now,
            )  # fmt: skip
