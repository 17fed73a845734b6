"""What the explorer's short names are called on its page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

DIMENSIONS: dict[str, Any] = {
    "customer": _("Customer"),
    "model": _("Model"),
    "provider": _("Provider"),
    "region": _("Region"),
    "key": _("API key"),
    "tag": _("Tag"),
    "overflow": _("Overflow reason"),
    "reason": _("Reason of the miss"),
}
UNITS: dict[str, Any] = {
    "hour": _("by hour"), "day": _("by day"), "week": _("by week"), "month": _("by month"),
}  # fmt: skip
COMPARE: dict[str, Any] = {
    "previous": _("compared with before"),
    "year": _("compared with a year ago"),
    "none": _("not compared"),
}
SORTS: dict[str, Any] = {
    "lookups": _("most lookups"), "hits": _("most hits"), "saved": _("most saved"),
    "bytes": _("most data"),
}  # fmt: skip
# What a request asked for.
VERBS: dict[str, Any] = {
    "lookup": _("Lookup"), "store": _("Store"), "feedback": _("Feedback"),
}  # fmt: skip
LABELS: dict[str, dict[str, Any]] = {
    "overflow": {
        "": _("not told"),
        "miss": _("not in the primary cache"),
        "capacity": _("primary cache full"),
        "slow": _("primary cache slow"),
        "error": _("primary cache failed"),
    },
    "reason": {
        "not_found": _("not seen before"),
        "expired": _("expired"),
        "key_mismatch": _("another key's entry"),
        "not_canonical": _("no exact form"),
        "shadow": _("semantic match withheld to be judged"),
        "guarded": _("semantic match refused by a guard"),
        "unavailable": _("cache was not reachable"),
    },
}


def label(by: str, text: str, name: str = "") -> Any:
    """What a group is called: its word, its name, its own label, or that none was given."""
    return LABELS.get(by, {}).get(text) or name or text or _("not given")
