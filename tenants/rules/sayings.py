"""Sentences of rules and actions that a person reads, each in English and ready for translation.

An error carries one instead of plain text; the door that shows it says it in the reader's language
(`portal.words.told`). To logs, programs and the audit log it is the English text. Pure.
"""

import re
from functools import cache
from typing import Any

_HOLE = re.compile(r"%\((\w+)\)s")


class Said(str):
    """An English text that remembers its sentence and its facts.

    `msgid` has holes as `%(name)s` where there are facts, and is found by `manage.py texts`; a
    fact may be a Said itself.
    """

    __slots__ = ("facts", "msgid")
    msgid: str
    facts: dict[str, Any]

    def __new__(cls, msgid: str, **facts: Any) -> "Said":
        """The sentence with its facts filled in."""
        made = super().__new__(cls, msgid % facts if facts else msgid)
        made.msgid, made.facts = msgid, facts
        return made


def saying(error: Exception) -> str:
    """What an error says: a Said where it carries one, else its text."""
    if error.args and isinstance(error.args[0], Said):
        return error.args[0]
    return str(error)


@cache
def shape(msgid: str) -> re.Pattern[str]:
    """A sentence as a pattern that gives its facts back; a hole that stands twice is the same."""
    parts, seen = [], set()
    for place, part in enumerate(_HOLE.split(msgid)):
        if place % 2 == 0:
            parts.append(re.escape(part.replace("%%", "%")))
        elif part in seen:
            parts.append(f"(?P={part})")
        else:
            parts.append(f"(?P<{part}>.*?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)


def pieces(msgid: str) -> list[str]:
    """What a sentence says around its holes."""
    return [piece.replace("%%", "%") for piece in _HOLE.split(msgid)[::2]]
