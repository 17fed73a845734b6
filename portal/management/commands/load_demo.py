"""`manage.py load_demo`: the demo's partners, people, traffic and settled months."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cache_api.models import Customer
from portal.demo import furnishing, outside, papers, paying, settling, steps, summary
from tenants import schema
from tenants.models import Partner


class Command(BaseCommand):
    """Prints the time of each step. A second run changes nothing."""

    help = "Load the demo through the same actions a real install uses. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        """Each step, then the summary file."""
        if not settings.DEMO:
            raise CommandError("This is a real install (DEMO=0): the demo is not loaded into it.")
        before = summary.read()
        if not before and steps.strangers():
            raise CommandError(
                "Here are partners or staff who are not the demo's: it is not loaded beside them. "
                "Set DEMO=0 to start this install, or another DATA_DIR for a demo."
            )
        calendar = steps.Calendar.at(timezone.now(), steps.first_month())
        password = _password(before) or f"demo-{secrets.token_urlsafe(9)}"
        partners = self._timed(
            "partners", lambda: steps.open_partners(kek=settings.KEK, now=calendar.now)
        )
        self._timed(
            "agreements", lambda: steps.sign_agreements(partners=partners, calendar=calendar)
        )
        self._timed(
            "amendments", lambda: steps.amend_agreements(partners=partners, calendar=calendar)
        )
        self._timed("people", lambda: steps.add_people(partners=partners, password=password,
                                                       now=calendar.now))  # fmt: skip
        self._timed("traffic", lambda: steps.generate_traffic(partners=partners, calendar=calendar))
        paying.give_payout_details(partners=partners, calendar=calendar, kek=settings.KEK)
        self._timed("settlement", lambda: settling.settle_months(calendar=calendar))
        self._timed("papers", lambda: papers.make_papers(calendar=calendar))
        self._timed("furnishing", lambda: furnishing.furnish(partners=partners, calendar=calendar))
        self._timed("outside", lambda: outside.answer(partners=partners, calendar=calendar,
                                                      kek=settings.KEK))  # fmt: skip
        keys = self._timed("keys", lambda: steps.make_keys(
            partners=partners, now=calendar.now,
            known={row["slug"]: row["api_key"] for row in before.get("partners", [])}))  # fmt: skip
        summary.write(password=password, keys=keys, customer_ids=_customer_ids(partners))

    def _timed(self, name: str, step: Callable[[], Any]) -> Any:
        began = time.monotonic()
        result = step()
        count = f" ({result})" if isinstance(result, int) else ""
        self.stdout.write(f"  {name:12} {time.monotonic() - began:6.1f} s{count}")
        self.stdout.flush()
        return result


def _password(before: dict[str, Any]) -> str | None:
    logins = before.get("console", {}).get("logins", [])
    return logins[0]["password"] if logins else None


def _customer_ids(partners: dict[str, Partner]) -> dict[str, dict[str, str]]:
    ids = {}
    for slug, partner in partners.items():
        with schema.in_partner(partner):
            rows = Customer.objects.values_list("external_id", "id")
            ids[slug] = {external_id: str(row_id) for external_id, row_id in rows}
    return ids
