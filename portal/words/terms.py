"""Words of terms: the figures that an amendment changes, and what some of them may be."""

from typing import Any

from django.utils.translation import gettext_lazy as _

# By the label that `billing.rules.amending` gives them.
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
    "monthly": _("monthly"), "quarterly": _("quarterly"), "yearly": _("yearly"),
    "yes": _("yes"), "no": _("no"), "none": _("none"), "charged": _("charged"),
}  # fmt: skip


def figure(label: str) -> str:
    """A figure's label in the reader's language; a plan's name stays behind it."""
    name, bracket, plan = label.partition(" (")
    if label not in FIGURES and name in FIGURES:
        return f"{FIGURES[name]}{bracket}{plan}"
    return str(FIGURES.get(label, label))
