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
    asked = _asked(partner_id)
    if asked is None:  # one that was adopted: named before it could be connected here
        account = _adopted(partner_id)
        name = account.remote_id if account else ""
    else:
        account = ConnectedAccount.objects.filter(remote_id=asked.remote_id or "-").first()
        name = str(asked.id)
    links = RemoteIntent.objects.filter(
        partner_id=partner_id, kind=RemoteIntent.Kind.ACCOUNT_LINK, facts__account=name
    )
    link = links.order_by("-created_at").first() if name else None
    return Onboarding(asked, account, link if link and link_holds(link, now) else None)


def account_to_go_on(partner_id: uuid.UUID) -> str:
    """The account that a way to Stripe is for: the intent to open it, else Stripe's own id of one
    that was adopted; '' without any."""
    if asked := _asked(partner_id):
        return str(asked.id)
    adopted = _adopted(partner_id)
    return adopted.remote_id if adopted else ""


def _asked(partner_id: uuid.UUID) -> RemoteIntent | None:
    rows = RemoteIntent.objects.filter(partner_id=partner_id, kind=RemoteIntent.Kind.ACCOUNT)
    return rows.order_by("-created_at").first()


def _adopted(partner_id: uuid.UUID) -> ConnectedAccount | None:
    return ConnectedAccount.objects.filter(partner_id=partner_id).order_by("-seen_at").first()


def link_holds(link: RemoteIntent, now: datetime) -> bool:
    """Whether an address waits to be made, or was made and is not over."""
    if link.state == RemoteIntent.State.SENT:
        return int(link.steps["expires_at"]) > now.timestamp()
    return link.state == RemoteIntent.State.PENDING


def pay_url(document_id: uuid.UUID) -> str:
    """Stripe's page to pay an invoice, '' when there is none (yet)."""
    rows = RemoteIntent.objects.filter(key=f"invoice {document_id}", state="sent")
    return rows.values_list("url", flat=True).first() or ""
