"""E-mail addresses as somebody pastes them: one a line, or apart by commas and semicolons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr

MOST = 50  # addresses of one paste: each of them gets a mail while the sender waits
_ADDRESS = re.compile(
    r"[a-z0-9!#$%&\'*+/=?^_`{|}~.-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
_LONGEST = 254


@dataclass(frozen=True)
class Pasted:
    """What a paste holds: `good` lower-case addresses, each once, in their order; `bad` the rest
    with the line they stand on, counted from 1."""

    good: tuple[str, ...]
    bad: tuple[tuple[int, str], ...]


def pasted(text: str) -> Pasted:
    """Read a paste; `Ada Lovelace <ada@example.com>` is an address too."""
    good: dict[str, None] = {}
    bad: list[tuple[int, str]] = []
    for number, piece in _pieces(text):
        address = (parseaddr(piece)[1] if "<" in piece else piece).strip().lower()
        if is_address(address):
            good[address] = None
        else:
            bad.append((number, piece[:80]))
    return Pasted(tuple(good), tuple(bad))


def is_address(text: str) -> bool:
    """Whether mail could go there: lower case, no dot at an end, none twice in a row."""
    name = text.partition("@")[0]
    is_dotted_well = not name.startswith(".") and not name.endswith(".") and ".." not in name
    return len(text) <= _LONGEST and bool(_ADDRESS.fullmatch(text)) and is_dotted_well


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for piece in re.split(r"[,;]", line):
            if piece.strip():
                yield number, piece.strip()
