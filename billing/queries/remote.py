"""What waits at Stripe, what differs there, and where an invoice can be paid."""

import uuid
from dataclasses import dataclass

from django.db.models import Count

from billing.models import RemoteDifference, RemoteIntent, StripeEvent


@dataclass(frozen=True)
class StripeDesk:
    """Everything the console shows of Stripe; `counts` by state of the intents."""

    counts: dict[str, int]
    review: tuple[RemoteIntent, ...]
    waiting: tuple[RemoteIntent, ...]
    differences: tuple[RemoteDifference, ...]
    events: tuple[StripeEvent, ...]


def stripe_desk(limit: int = 50) -> StripeDesk:
    """Intents that need a person or wait, open differences, the last notices: five queries."""
    counted = RemoteIntent.objects.values("state").annotate(n=Count("id")).order_by("state")
    return StripeDesk(
        {row["state"]: int(row["n"]) for row in counted},
        tuple(RemoteIntent.objects.filter(state="needs_review")[:limit]),
        tuple(RemoteIntent.objects.filter(state="pending").order_by("next_try_at")[:limit]),
        tuple(RemoteDifference.objects.filter(gone_at=None)[:limit]),
        tuple(StripeEvent.objects.order_by("-received_at")[:20]),
    )


def pay_url(document_id: uuid.UUID) -> str:
    """Stripe's page to pay an invoice, '' when there is none (yet)."""
    rows = RemoteIntent.objects.filter(key=f"invoice {document_id}", state="sent")
    return rows.values_list("url", flat=True).first() or ""
