"""`python -m bench.soak.world MONTHS`: people, prices, agreements and past usage; prints months.

A process of its own: Django reads DATA_DIR when it is set up, and the caller has another one.
"""

import json
import os
import random
import sys
import uuid
from datetime import UTC, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("AC_DB_LOGIN", "owner")

import django

django.setup()

from billing.actions.agreements import sign_agreement  # noqa: E402
from billing.actions.rate_cards import create_rate_card  # noqa: E402
from billing.rules.periods import Period, add_months, month_of  # noqa: E402
from cache_api.actions.record_events import record_events  # noqa: E402
from cache_api.rules.events import UsageEvent  # noqa: E402
from portal.demo.cast import CONSOLE_PEOPLE  # noqa: E402
from portal.demo.steps import APPROVER, CARDS, PREPARER  # noqa: E402
from tenants.accounts.models import User  # noqa: E402
from tenants.models import Partner  # noqa: E402
from tenants.rules.ids import uuid7_at  # noqa: E402

CUSTOMERS = 5


def main(count: int) -> list[str]:
    """The months (YYYY-MM, the oldest first) that have usage and terms to settle."""
    now = datetime.now(UTC)
    months = [month_of(add_months(month_of(now).start, -back)) for back in range(count, 0, -1)]
    for email, name, role in CONSOLE_PEOPLE:
        User.objects.get_or_create(email=email, defaults={"name": name, "role": role})
    name, rates = CARDS["retail"]
    start = months[0].start
    card = create_rate_card(code="retail", name=name, currency="USD", rates=rates,
                            valid_from=start, actor=PREPARER,
                            approved_by=APPROVER, now=start)  # fmt: skip
    for partner in Partner.objects.order_by("slug"):
        sign_agreement(partner_id=partner.id, template="revenue_share_platform", starts_at=start,
                       now=start, created_by=PREPARER, approved_by=APPROVER,
                       retail_card_id=card.id)  # fmt: skip
        events = [_hits(partner.id, month, n) for month in months for n in range(CUSTOMERS)]
        done = record_events(events=events, source="soak", now=now)
        assert done.inserted == len(events), done
    return [f"{month.start:%Y-%m}" for month in months]


def _hits(partner_id: uuid.UUID, month: Period, number: int) -> UsageEvent:
    """A customer's hits of one day as one event, so that every month has sums of its own."""
    at = month.start + timedelta(days=number + 1)
    return UsageEvent(
        event_id=uuid7_at(int(at.timestamp() * 1000), os.urandom(10)), partner_id=partner_id,
        customer=f"customer-{number}", kind="lookup", outcome="hit", livemode=True, model="gpt-4",
        quantity=random.randrange(1_000, 900_000),
    )  # fmt: skip


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1])), sys.stdout)
