"""How an invoice can be paid: to whom it is owed decides, whatever brand the invoice wears."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from billing.models import Document, PayoutDetails
from billing.queries.documents import DocumentRow
from billing.queries.parties import PLATFORM_ISSUER
from billing.queries.payouts import usable_details
from billing.queries.remote import pay_url
from billing.rules.sealing import CannotOpen, unseal
from tenants.rules.datakeys import parse_kek


@dataclass(frozen=True)
class WayToPay:
    """`url` Stripe's page; `iban` the account to transfer to, with the reference to give."""

    holder: str
    iban: str
    bic: str
    reference: str
    url: str = ""


def way_to_pay(row: DocumentRow) -> WayToPay | None:
    """How to pay what is open on an invoice; None when nothing is, or no way is known.

    Our own invoices show our account and Stripe's page; those a partner issues show the partner's
    account and never ours.
    """
    if row.kind == Document.Kind.PAYOUT_STATEMENT or row.due_minor <= row.paid_minor:
        return None
    issuer = Document.objects.values_list("issuer", flat=True).get(pk=row.id)
    if issuer != PLATFORM_ISSUER:
        return _partners_account(row.partner_id, row)
    ours = settings.PLATFORM_ACCOUNT
    url = pay_url(row.id) if settings.STRIPE_API_KEY else ""
    if not url and not ours["iban"]:
        return None
    return WayToPay(row.seller_name, ours["iban"], ours["bic"], row.number, url)


def _partners_account(partner_id: uuid.UUID, row: DocumentRow) -> WayToPay | None:
    details = usable_details(partner_id, timezone.now())
    if details is None or details.kind != PayoutDetails.Kind.BANK:
        return None
    try:
        iban = unseal(parse_kek(settings.KEK), bytes(details.sealed), partner_id)
    except CannotOpen:
        return None
    return WayToPay(details.holder, iban, details.bic, row.number)
