"""Sentences of rules and actions that a person reads, each in English and ready for translation.

An error carries one instead of plain text; the door that shows it says it in the reader's language
(`portal.words.told`). To logs, programs and the audit log it is the English text. Pure.
"""

from typing import Any


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
