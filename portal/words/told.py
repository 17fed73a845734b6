"""What rules and actions say, in the language of whoever reads it: the one way for every door."""

from __future__ import annotations

from django.utils.translation import gettext

from tenants.rules.sayings import Said, saying


def told(what: Exception | str) -> str:
    """The text of an error, or a text; translated where it is a `Said`, else as it is."""
    text = saying(what) if isinstance(what, Exception) else what
    if not isinstance(text, Said):
        return text
    facts = {name: told(fact) if isinstance(fact, (Said, Exception)) else fact
             for name, fact in text.facts.items()}  # fmt: skip
    return gettext(text.msgid) % facts if facts else gettext(text.msgid)
