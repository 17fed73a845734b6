"""What a partner may word itself in its mails: subjects of some, and a footer below all. Pure.

A subject's holes are written {name}; only those of its kind. Where nothing was written our words
stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FOOTER = "footer"
DOCUMENT, REMINDER, INVITATION = "document", "reminder", "invitation"
# Kind → the holes its text may have; the footer has none.
HOLES: dict[str, tuple[str, ...]] = {
    DOCUMENT: ("paper", "number", "brand", "period", "amount", "due"),
    REMINDER: ("paper", "number", "brand", "due", "open", "nth"),
    INVITATION: ("brand", "who"),
    FOOTER: (),
}
LONGEST = {FOOTER: 500}
LONGEST_SUBJECT, MOST_LINES = 120, 6
_HOLE = re.compile(r"\{([^{}]*)\}")


class BadMailText(ValueError):
    """A text that cannot be kept; `code`: unknown, long, control, lines, hole; `hole` names it."""

    def __init__(self, code: str, hole: str = "") -> None:
        super().__init__(code)
        self.code, self.hole = code, hole


def checked(kind: str, text: str) -> str:
    """The text trimmed, with plain line ends; '' is our words again. Raises BadMailText."""
    if kind not in HOLES:
        raise BadMailText("unknown")
    found = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(found) > LONGEST.get(kind, LONGEST_SUBJECT):
        raise BadMailText("long")
    if not all(line.isprintable() for line in found.split("\n")):
        raise BadMailText("control")
    if found.count("\n") >= (MOST_LINES if kind == FOOTER else 1):
        raise BadMailText("lines")
    if kind != FOOTER:
        _check_holes(kind, found)
    return found


def _check_holes(kind: str, text: str) -> None:
    for hole in _HOLE.findall(text):
        if hole not in HOLES[kind]:
            raise BadMailText("hole", f"{{{hole}}}")
    stray = re.search(r"[{}]", _HOLE.sub("", text))
    if stray:
        raise BadMailText("hole", stray[0])


def filled(text: str, facts: Mapping[str, object]) -> str:
    """The text with its holes filled; one whose fact is missing is left out. Facts are not read
    for holes."""
    return _HOLE.sub(lambda hole: str(facts.get(hole[1], "")), text)


def key(kind: str, language: str) -> str:
    """How a text is known among a partner's."""
    return f"{kind} {language}"


def subject(
    texts: Mapping[str, str], kind: str, language: str, facts: Mapping[str, object], otherwise: str
) -> str:
    """The partner's subject in that language, filled, on one line; `otherwise` where there is
    none."""
    own = texts.get(key(kind, language), "")
    return " ".join(filled(own, facts).split()) if own else otherwise


def footer(texts: Mapping[str, str], language: str) -> str:
    """The partner's footer in that language; '' for none."""
    return texts.get(key(FOOTER, language), "")
