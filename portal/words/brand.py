"""What the editor says about a colour: where it meets what, how well it reads, what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants.rules.colour import contrast
from tenants.rules.palette import Tokens, declared_pairs

# Front and back of what people see of a brand, in the order in which they meet it.
SHOWN: tuple[tuple[str, str, str | Promise], ...] = (
    ("on-brand", "brand-9", gettext_lazy("Button text on the button")),
    ("on-brand", "brand-10", gettext_lazy("The same under the pointer")),
    ("link", "surface-1", gettext_lazy("Links on panels")),
    ("brand-11", "brand-3", gettext_lazy("The current page in the menu")),
    ("brand-12", "surface-1", gettext_lazy("Tinted headings")),
    ("on-panel", "panel-a", gettext_lazy("The panel beside sign-in")),
    ("focus", "surface-0", gettext_lazy("The ring around what has the focus")),
    ("chart-1", "surface-1", gettext_lazy("The main series of charts")),
    ("chart-2", "surface-1", gettext_lazy("The second series")),
    ("accent-text", "accent-soft", gettext_lazy("Badges")),
    ("on-danger", "danger-fill", gettext_lazy("Buttons that destroy")),
)


@dataclass(frozen=True)
class Row:
    """A pair in one mode: its colours, the contrast it has and the one it must have."""

    name: str
    front: str
    back: str
    ratio: str
    needed: str
    holds: bool


def contrast_rows(tokens: Tokens) -> list[tuple[Row, Row]]:
    """The pairs people see, each in light and in dark."""
    needed = {(pair.front, pair.back): pair.ratio for pair in declared_pairs()}
    return [
        (_row(tokens["light"], needed, *pair), _row(tokens["dark"], needed, *pair))
        for pair in SHOWN
    ]


def _row(
    mode: Mapping[str, str], needed: Mapping[tuple[str, str], float], front: str, back: str,
    name: Any,
) -> Row:  # fmt: skip
    ratio, least = contrast(mode[front], mode[back]), needed[front, back]
    # Cut, not rounded: 4.499 must not read as 4.5.
    return Row(str(name), mode[front], mode[back], f"{int(ratio * 10) / 10:.1f}", f"{least:g}",
               ratio >= least)  # fmt: skip


def adjusted(tokens: Tokens) -> list[str]:
    """One sentence for each thing that is not the seed itself."""
    return [_sentence(note, tokens) for note in tokens["notes"]] or [
        _("Your colour is used as it is, for buttons, links and charts, in light and dark.")
    ]


def _sentence(note: Mapping[str, str], tokens: Tokens) -> str:
    mode = {"light": _("light"), "dark": _("dark")}.get(note["mode"], "")
    facts: dict[str, Any] = {"seed": tokens["seed"], "colour": note["colour"], "mode": mode}
    if note["code"] == "fill_moved":
        return _("%(seed)s does not carry readable text or vanishes on %(mode)s pages: buttons "
                 "there are %(colour)s.") % facts  # fmt: skip
    if note["code"] == "link_moved":
        side = tokens[note["mode"]]  # type: ignore[literal-required]
        ratio = contrast(side["link"], side["surface-1"])
        return _("Your colour is used for fills; links on %(mode)s pages use the step %(colour)s "
                 "(%(ratio)s:1).") % {**facts, "ratio": f"{int(ratio * 10) / 10:.1f}"}  # fmt: skip
    return _("Your colour is near red: buttons that destroy are an outline with an icon, so that "
             "your own never read as a warning.")  # fmt: skip
