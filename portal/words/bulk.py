"""What happens to how many customers, in words: before it is done, and after."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cache_api.rules.bulk import Outcome
from portal.words.told import told

SUSPEND, RESUME, PLAN = "suspend", "resume", "plan"
VERBS = {
    SUSPEND: gettext_lazy("Suspend"),
    RESUME: gettext_lazy("Resume"),
    PLAN: gettext_lazy("Change the plan"),
}
TITLES = {
    SUSPEND: gettext_lazy("Suspend customers?"),
    RESUME: gettext_lazy("Resume customers?"),
    PLAN: gettext_lazy("Change the plan of customers?"),
}
_WILL: dict[str, Callable[[int], str]] = {
    SUSPEND: lambda n: ngettext("%(n)s customer is suspended.",
                                "%(n)s customers are suspended.", n),
    RESUME: lambda n: ngettext("%(n)s customer is resumed.", "%(n)s customers are resumed.", n),
    PLAN: lambda n: ngettext("%(n)s customer changes its plan.",
                             "%(n)s customers change their plan.", n),
}  # fmt: skip
SHOWN = 10  # refused customers that a message names


def outcome_lines(verb: str, outcome: Outcome) -> list[str]:
    """How many change and how many are so already; nothing of those that cannot be."""
    changed, same = len(outcome.changed), len(outcome.same)
    lines = [_WILL[verb](changed) % {"n": changed}]
    if same:
        lines.append(ngettext("%(n)s is so already: nothing changes for it.",
                              "%(n)s are so already: nothing changes for them.", same)
                     % {"n": same})  # fmt: skip
    return lines


def refused_text(outcome: Outcome) -> str:
    """Who could not be, and why: the first ten; '' for nobody."""
    refused = outcome.refused
    if not refused:
        return ""
    named = " ".join(f"{name}: {told(why)}" for name, why in refused[:SHOWN])
    count = ngettext("%(n)s customer was left as it is.", "%(n)s customers were left as they are.",
                     len(refused)) % {"n": len(refused)}  # fmt: skip
    more = len(refused) - SHOWN
    return f"{count} {named}" + (_(" And %(n)s more.") % {"n": more} if more > 0 else "")
