"""A partner's own account at Stripe: asked for by an owner, kept as Stripe tells it."""

import re
import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.actions.remote_intents import want_account, want_account_link
from billing.gateways.stripe_api import Stripe
from billing.models import ConnectedAccount, RemoteIntent
from billing.queries.remote import account_to_go_on
from billing.rules.errors import WrongState
from tenants import audit
from tenants.rules.sayings import Said
from tenants.tasking import enqueue_on_commit

LOOK_TASK = "billing.look_at_account"
_COUNTRY = re.compile(r"[A-Z]{2}")


def connect_account(
    *, partner_id: uuid.UUID, country: str, return_url: str, refresh_url: str, actor: str,
    now: datetime,
) -> RemoteIntent:  # fmt: skip
    """Ask for an account in `country` and an address to tell Stripe about its owner.

    The caller has made sure of the person. Raises WrongState (no country). Safe to repeat:
    one account for a country, and an address that holds is kept. Returns the address's intent.
    """
    country = country.strip().upper()
    if not _COUNTRY.fullmatch(country):
        raise WrongState(Said("Country: two letters, as in DE or US."))
    with transaction.atomic():
        account = want_account(partner_id=partner_id, country=country, now=now)
        audit.record(actor=actor, verb="payoutaccount.asked", target=account.label, at=now,
                     partner_id=partner_id, data={"intent": str(account.id)})  # fmt: skip
        return want_account_link(partner_id=partner_id, account=str(account.id), now=now,
                                 return_url=return_url, refresh_url=refresh_url)  # fmt: skip


def renew_link(
    *, partner_id: uuid.UUID, return_url: str, refresh_url: str, now: datetime
) -> RemoteIntent:
    """A new address for the account asked for last, else for one that was taken over.

    Raises WrongState when there is neither.
    """
    account = account_to_go_on(partner_id)
    if not account:
        raise WrongState(Said("No account was asked for yet."))
    return want_account_link(partner_id=partner_id, account=account, return_url=return_url,
                             refresh_url=refresh_url, now=now)  # fmt: skip


def ask_look(*, partner_id: uuid.UUID) -> int:
    """Queue a look at the partner's accounts; how many."""
    rows = ConnectedAccount.objects.filter(partner_id=partner_id)
    for remote_id in rows.values_list("remote_id", flat=True):
        enqueue_on_commit(LOOK_TASK, partner_id=str(partner_id), remote_id=remote_id)
    return len(rows)


def keep_account(
    *, partner_id: uuid.UUID, remote: dict[str, Any], now: datetime
) -> ConnectedAccount:
    """Keep what Stripe says of an account now. Safe to repeat; an older look is not kept."""
    facts = {
        "country": remote.get("country") or "", "seen_at": now,
        "details_submitted": bool(remote.get("details_submitted")),
        "payouts_enabled": bool(remote.get("payouts_enabled")),
        "missing": (remote.get("requirements") or {}).get("currently_due") or [],
    }  # fmt: skip
    row, created = ConnectedAccount.objects.get_or_create(
        remote_id=remote["id"], defaults={"partner_id": partner_id, "created_at": now, **facts}
    )
    if not created:
        ConnectedAccount.objects.filter(pk=row.pk, seen_at__lte=now).update(**facts)
        row.refresh_from_db()
    return row


def look_at_account(remote_id: str, stripe: Stripe, now: datetime) -> str:
    """Fetch one of our accounts and keep it (a notice, a return from Stripe, the daily look)."""
    row = ConnectedAccount.objects.filter(remote_id=remote_id).first()
    if row is None:
        return "not one of our accounts"
    remote = stripe.fetch("accounts", remote_id)
    row = keep_account(partner_id=row.partner_id, remote=remote, now=now)
    return "payouts enabled" if row.payouts_enabled else f"{len(row.missing)} facts are missing"


def require_ready(partner_id: uuid.UUID, account: str) -> None:
    """Raises WrongState unless it is the partner's own account and Stripe pays out from it."""
    row = ConnectedAccount.objects.filter(partner_id=partner_id, remote_id=account).first()
    if row is None:
        raise WrongState(
            Said(
                "This Stripe account is not connected. Connect one on this page first; finance "
                "takes over an account that was approved before (`manage.py adopt_accounts`)."
            )
        )
    if not row.payouts_enabled:
        raise WrongState(Said("Stripe does not pay out from this account yet: go on there first."))
