"""What the billing facts of a customer are called."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

MEMBERS: dict[str, Any] = {
    "legal_name": _("Legal name"),
    "address": _("Address"),
    "country": _("Country"),
    "tax_id": _("Tax ID"),
    "email": _("Billing e-mail"),
    "contacts": _("Further billing contacts"),
    "reference": _("Buyer reference"),
    "purchase_order": _("Purchase order"),
    "language": _("Language of invoices"),
    "currency": _("Currency"),
}
