"""Words of terms: the figures that an amendment changes, and what some of them may be."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.words import DEAL_KINDS

# By the label that `billing.rules.figures` gives them, and what some of them are.
FIGURES: dict[str, Any] = {
    "Base fee a year": _("Base fee a year"), "Base fee invoiced": _("Base fee invoiced"),
    "Price per unit": _("Price per unit"), "Partner's share": _("Partner's share"),
    "Wholesale factor": _("Wholesale factor"), "Fee a year": _("Fee a year"),
    "Part of the savings": _("Part of the savings"), "At most a month": _("At most a month"),
    "Minimum a month": _("Minimum a month"), "Usage at most a month": _("Usage at most a month"),
    "Payment within days": _("Payment within days"), "Minimum payout": _("Minimum payout"),
    "Proof of concept until (UTC)": _("Proof of concept until (UTC)"),
    "Term in months from the start": _("Term in months from the start"),
    "Tax on documents": _("Tax on documents"),
    "Claims of both sides are netted": _("Claims of both sides are netted"),
    "Statements are self-billed invoices": _("Statements are self-billed invoices"),
    "Usage awaited for days": _("Usage awaited for days"),
    "Statements can be disputed for days (0: as usual)":
        _("Statements can be disputed for days (0: as usual)"),
    "Fee invoiced": _("Fee invoiced"),
    "Wholesale discounts": _("Wholesale discounts"), "A discount is of": _("A discount is of"),
    "Another plan and its fee a year": _("Another plan and its fee a year"),
    "Kind of deal": _("Kind of deal"), "Customers are invoiced by": _("Customers are invoiced by"),
    "We collect in our own name (no: as the partner's agent)":
        _("We collect in our own name (no: as the partner's agent)"),
    "Sales to customers are": _("Sales to customers are"),
    "The share is taken of": _("The share is taken of"),
    "Half a cent goes to": _("Half a cent goes to"),
    "Credit notes are taken off before the share":
        _("Credit notes are taken off before the share"),
    "Payment fees are taken off before the share":
        _("Payment fees are taken off before the share"),
    "Refunds are taken off before the share": _("Refunds are taken off before the share"),
    "Tax is taken off before the share": _("Tax is taken off before the share"),
    "monthly": _("monthly"), "quarterly": _("quarterly"), "yearly": _("yearly"),
    "yes": _("yes"), "no": _("no"), "none": _("none"), "charged": _("charged"),
    "volume": _("the whole value"), "graduated": _("each step's own part"),
    "platform": _("us"), "partner": _("the partner"),
    "portal": _("invoiced in the portal"), "reported": _("reported by the partner"),
    "invoiced": _("what customers are invoiced"), "collected": _("what customers have paid"),
    **DEAL_KINDS,
}  # fmt: skip
# What is seldom amended, by what it is about.
GROUPS: dict[str, Any] = {
    "deal": _("Kind of deal, prices, who invoices …"),
    "share": _("What the share is taken of …"),
    "more": _("More of the terms …"),
}


def figure(label: str) -> str:
    """A figure's label in the reader's language; a plan's name stays behind it."""
    name, bracket, plan = label.partition(" (")
    if label not in FIGURES and name in FIGURES:
        return f"{FIGURES[name]}{bracket}{plan}"
    return str(FIGURES.get(label, label))
