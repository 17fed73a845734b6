"""Words for the codes that stand in sentences of rules: what is in which state, and may do what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal import words
from portal.words.audit import ACTS

_STATES: Mapping[str, Any] = ACTS | {
    code: word.label
    for table in (words.DISPUTE_STATES, words.PAYOUT_STATES, words.RUN_STATES)
    for code, word in table.items()
}
# What a run or a payout can do, or cannot.
_VERBS: Mapping[str, Any] = {
    "collect": _("collect usage"), "freeze": _("be frozen"), "rate": _("be rated"),
    "submit": _("be submitted"), "approve": _("be approved"), "reject": _("be sent back"),
    "withdraw": _("lose its approval"), "issue": _("be issued"), "deliver": _("be delivered"),
    "close": _("be closed"), "resume": _("be resumed"), "park": _("be parked"),
    "hold": _("be put on hold"), "release": _("be released"), "send": _("be sent"),
    "settle": _("arrive"), "fail": _("fail"), "reverse": _("come back"),
    "cancel": _("be cancelled"),
}  # fmt: skip
_STANDINGS: Mapping[str, Any] = {
    "pending": _("waiting"), "sent": _("sent"), "needs_review": _("to be looked at"),
}  # fmt: skip
# The hole of a sentence → what its codes are called.
HOLES: Mapping[str, Mapping[str, Any]] = {
    "state": _STATES, "standing": _STANDINGS, "verb": _VERBS, "possible": _VERBS,
}  # fmt: skip


def in_words(hole: str, fact: Any) -> Any:
    """A fact as the middle of a sentence says it: `in review` of `in_review`, also of several after
    commas. What is no code of that hole stays as it is."""
    table, codes = HOLES.get(hole, {}), str(fact).split(", ")
    if not all(code in table for code in codes):
        return fact
    said = (str(table[code]) for code in codes)
    return ", ".join(one[:1].lower() + one[1:] for one in said)
