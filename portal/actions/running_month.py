"""Work out the running month and keep it, so that pages find it: workers only."""

from __future__ import annotations

import uuid
from dataclasses import astuple, replace
from datetime import datetime, timedelta

from billing.actions.running_months import keep_running_month
from billing.rules.periods import month_of
from cache_api.queries import usage_summary
from portal.queries.estimates import (
    Estimate,
    Terms,
    figures_of,
    kept_month,
    rated_month,
    terms_in_force,
)
from tenants.queries import partner_by_id
from tenants.schema import in_partner

# A younger one is not worked out again; nor, up to the second age, one without new usage.
FRESH, REPEATED = timedelta(minutes=2), timedelta(minutes=15)


def estimate_month(*, partner_id: uuid.UUID, now: datetime) -> Estimate | None:
    """The month of `now`, rated where that is due, and kept; None without terms in force.

    Rates the usage as a run would, without writing more. Safe to repeat.
    """
    partner = partner_by_id(partner_id)
    if partner is None:
        return None
    with in_partner(partner):
        terms = terms_in_force(partner_id, now)
        return _estimated(partner_id, terms, now) if terms else None


def _estimated(partner_id: uuid.UUID, terms: Terms, now: datetime) -> Estimate:
    period = month_of(now)
    found = kept_month(terms, period)
    age = now - found.as_of if found and found.as_of else None
    if found and age is not None and age <= FRESH:
        return found
    used = tuple(astuple(usage_summary(period.start, now)))
    if found and age is not None and age <= REPEATED and tuple(found.usage) == used:
        return found
    made = replace(rated_month(terms, period), as_of=now, usage=used)
    keep_running_month(
        partner_id=partner_id, agreement_id=terms.agreement_id, period_start=period.start,
        figures=figures_of(made), now=now,
    )  # fmt: skip
    return made
