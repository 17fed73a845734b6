"""What waits at Stripe, what differs there, and where an invoice can be paid."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from billing.models import ConnectedAccount, RemoteDifference, RemoteIntent, StripeEvent


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


@dataclass(frozen=True)
class Onboarding:
    """How far a partner's account at Stripe is: what was asked, what there is, where to go on."""

    asked: RemoteIntent | None
    account: ConnectedAccount | None
    link: RemoteIntent | None


def onboarding(partner_id: uuid.UUID, now: datetime) -> Onboarding:
    """The newest account of a partner and an address to go on at, if one holds: three queries."""
    mine = RemoteIntent.objects.filter(partner_id=partner_id).order_by("-created_at")
    asked = mine.filter(kind=RemoteIntent.Kind.ACCOUNT).first()
    if asked is None:  # one that was adopted: named before it could be connected here
        own = ConnectedAccount.objects.filter(partner_id=partner_id).order_by("-seen_at").first()
        return Onboarding(None, own, None)
    account = ConnectedAccount.objects.filter(remote_id=asked.remote_id or "-").first()
    link = mine.filter(kind=RemoteIntent.Kind.ACCOUNT_LINK, facts__account=str(asked.id)).first()
    return Onboarding(asked, account, link if link and link_holds(link, now) else None)


def link_holds(link: RemoteIntent, now: datetime) -> bool:
    """Whether an address waits to be made, or was made and is not over."""
    if link.state == RemoteIntent.State.SENT:
        return int(link.steps["expires_at"]) > now.timestamp()
    return link.state == RemoteIntent.State.PENDING


def pay_url(document_id: uuid.UUID) -> str:
    """Stripe's page to pay an invoice, '' when there is none (yet)."""
    rows = RemoteIntent.objects.filter(key=f"invoice {document_id}", state="sent")
    return rows.values_list("url", flat=True).first() or ""
