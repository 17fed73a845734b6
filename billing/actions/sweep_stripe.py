"""The clock's turn at Stripe: what is to be shown there is written down, what is due is queued."""

from datetime import datetime

from billing.actions.push import sweep_intents
from billing.actions.remote_intents import want_credit_notes, want_invoices
from billing.actions.stripe_events import sweep_events


def sweep_stripe(*, now: datetime) -> int:
    """Want invoices and credit notes, queue intents and notices; how many. Safe to repeat."""
    want_invoices(now=now)
    want_credit_notes(now=now)
    return sweep_intents(now=now) + sweep_events(now=now)
