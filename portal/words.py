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
DISPUTE_STATES: dict[str, Word] = {
    "open": Word(_("Open"), "warn"),
    "upheld": Word(_("Upheld"), "ok"),
    "rejected": Word(_("Rejected")),
    "withdrawn": Word(_("Withdrawn")),
}
DISPUTE_ENTRIES: dict[str, Any] = {
    "said": _("wrote"),
    "taken": _("took it over"),
    "upheld": _("upheld it"),
    "rejected": _("rejected it"),
    "withdrawn": _("withdrew it"),
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
TEMPLATES: dict[str, Any] = {
    "revenue_share_platform": _("Revenue share, we collect"),
    "revenue_share_partner": _("Revenue share, the partner collects"),
    "poc": _("Proof of concept, then revenue share"),
    "oem": _("OEM licence"),
    "wholesale": _("Wholesale"),
    "direct": _("Direct customers"),
}
PHASES: dict[str, Word] = {
    "proposed": Word(_("proposed"), "warn"),
    "current": Word(_("in force"), "ok"),
    "coming": Word(_("to come"), "info"),
    "ended": Word(_("ended")),
    "declined": Word(_("declined"), "danger"),
}
PAPER_STATES: dict[str, Word] = {
    "": Word(_("not written")),
    "draft": Word(_("written"), "info"),
    "sent": Word(_("sent"), "warn"),
    "signed": Word(_("signed"), "ok"),
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
    "renewal": Word(_("Term ends"), "info"),
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
