"""What the code's short names are called on a page, and the tone of their chip."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Word(NamedTuple):
    """A label, and the chip tone it is shown in ('' neutral)."""

    label: Any
    tone: str = ""


RUN_STATES: dict[str, Word] = {
    "not_started": Word(_("Not started")),
    "open": Word(_("Open"), "info"),
    "collecting": Word(_("Collecting"), "info"),
    "frozen": Word(_("Frozen"), "info"),
    "rated": Word(_("Rated"), "info"),
    "in_review": Word(_("In review"), "warn"),
    "approved": Word(_("Approved"), "brand"),
    "issued": Word(_("Issued"), "ok"),
    "delivered": Word(_("Delivered"), "ok"),
    "closed": Word(_("Closed"), "ok"),
    "parked": Word(_("Parked"), "danger"),
}
PARTNER_STATES: dict[str, Word] = {
    "requested": Word(_("Requested"), "info"),
    "provisioning": Word(_("Opening"), "info"),
    "active": Word(_("Active"), "ok"),
    "suspended": Word(_("Suspended"), "warn"),
    "closed": Word(_("Closed")),
    "failed": Word(_("Opening failed"), "danger"),
}
PARTNER_KINDS: dict[str, Any] = {
    "general_cache": _("General cache"),
    "vector_db": _("Vector database"),
    "llm_provider": _("LLM provider"),
    "cloud": _("Cloud provider"),
    "direct": _("Our own customers"),
}
DEAL_KINDS: dict[str, Any] = {
    "revenue_share": _("Revenue share"),
    "oem": _("OEM licence"),
    "wholesale": _("Wholesale"),
    "direct": _("Direct"),
}
PAPER_KINDS: dict[str, Any] = {
    "customer_invoice": _("Customer invoice"),
    "credit_note": _("Credit note"),
    "partner_invoice": _("Partner invoice"),
    "payout_statement": _("Payout statement"),
}
EXCEPTIONS: dict[str, Word] = {
    "breach": Word(_("Does not add up"), "danger"),
    "parked": Word(_("Parked"), "danger"),
    "dead_letter": Word(_("Not recorded"), "warn"),
    "late": Word(_("Late"), "warn"),
}
OPENING_STEPS: dict[str, Any] = {
    "database role": _("Database role of its own"),
    "schema": _("Schema of its own"),
    "tables": _("Tables"),
    "rights": _("Rights"),
    "data key": _("Data key, wrapped by the platform key"),
    "brand": _("Brand from the seed colour"),
    "first owner": _("Account of the first owner"),
    "activate": _("Hosts go live"),
}


def word(table: dict[str, Word], name: str) -> Word:
    """The entry of `name`; an unknown name is shown as it is."""
    return table.get(name) or Word(name.replace("_", " "))
