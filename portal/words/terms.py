"""Words of terms: the figures that an amendment changes, and what some of them may be."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.words import DEAL_KINDS

# What some of the figures may be; their labels are said by `billing.rules.figures`.
FIGURES: dict[str, Any] = {
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
