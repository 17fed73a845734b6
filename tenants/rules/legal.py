"""Texts that a portal shows under its partner's name: which there are, and what we can write. Pure.

A partner's own text goes before our start; ours says only what the product does and whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LONGEST = 60_000
# Markdown takes the longer for each of these the more there are: a page of nothing else would keep
# whoever reads it waiting for half a minute, and the server with them.
MARKS = frozenset("[]*_!|`<&\\~")
MOST_MARKS, MOST_LINES = 3_000, 3_000
# Path segment → whether we can write a start for it; terms are the partner's to make.
KINDS = {"imprint": True, "privacy": True, "subprocessors": True, "terms": False}


class BadLegal(ValueError):
    """A text that cannot be kept; `code`: unknown, long, control, marks."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class About:
    """Facts of the partner and of us that the starts are written from."""

    product: str
    legal_name: str
    address: str
    country: str
    tax_id: str
    email: str
    support: str
    platform_name: str
    platform_country: str
    region: str = ""


def checked_text(kind: str, text: str) -> str:
    """The text with plain line ends. Raises BadLegal."""
    if kind not in KINDS:
        raise BadLegal("unknown")
    found = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(found) > LONGEST:
        raise BadLegal("long")
    if any(ord(one) < 32 and one not in "\n\t" for one in found):
        raise BadLegal("control")
    if sum(map(found.count, MARKS)) > MOST_MARKS or found.count("\n") > MOST_LINES:
        raise BadLegal("marks")
    return found


def start(kind: str, about: About, words: Mapping[str, str]) -> str:
    """Our start of a text in Markdown; '' where we have none. `words` are its sentences by name."""
    if not KINDS.get(kind):
        return ""
    facts = {name: _plain(value) for name, value in vars(about).items()}
    lines = {"imprint": _imprint, "privacy": _named, "subprocessors": _named}[kind]
    return lines(kind, facts, words)


def _imprint(_kind: str, facts: Mapping[str, str], words: Mapping[str, str]) -> str:
    told = [f"**{facts['legal_name']}**", *facts["address"].splitlines(), facts["country"]]
    rows = [(words["tax_id"], facts["tax_id"]), (words["email"], facts["email"]),
            (words["support"], facts["support"])]  # fmt: skip
    known = [f"{name}: {value}" for name, value in rows if value]
    return "  \n".join([one for one in told if one]) + "\n\n" + "  \n".join(known)


def _named(kind: str, facts: Mapping[str, str], words: Mapping[str, str]) -> str:
    return words[kind] % facts


def _plain(text: str) -> str:
    """A fact as words: nothing of it is read as Markdown."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>#|!" else one for one in text)
