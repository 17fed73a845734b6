"""What rules and actions say, in the language of whoever reads it: the one way for every door."""

from __future__ import annotations

from functools import cache

from django.utils.translation import get_language, gettext
from django.utils.translation.trans_real import translation

from portal.words.codes import in_words
from tenants.rules.sayings import Said, pieces, saying, shape

# A sentence with less text of its own would be recognised in what somebody typed.
LEAST_LETTERS = 10
LONGEST = 2_000  # what is longer than any sentence of ours is not looked at


def told(what: Exception | str) -> str:
    """The text of an error, or a text; translated where it is a `Said`, else as it is."""
    text = saying(what) if isinstance(what, Exception) else what
    if not isinstance(text, Said):
        return text
    facts = {name: told(fact) if isinstance(fact, (Said, Exception)) else in_words(name, fact)
             for name, fact in text.facts.items()}  # fmt: skip
    return gettext(text.msgid) % facts if facts else gettext(text.msgid)


def retold(text: str) -> str:
    """`told`, also of a sentence that a row kept as English text: recognised by its words.

    What no sentence of ours is (a person's reason, a bank's answer) stays as it is.
    """
    return told(text if isinstance(text, Said) else recognised(text))


def recognised(text: str) -> str:
    """A text as the `Said` it came from, if it came from one; the longest sentence decides."""
    if not isinstance(text, str) or " " not in text or len(text) > LONGEST:
        return text
    plain, holed = _sentences(get_language() or "en")
    if text in plain:
        return Said(text)
    for msgid, around in holed:
        if all(piece in text for piece in around):
            found = shape(msgid).fullmatch(text)
            if found:
                facts = {name: recognised(fact) for name, fact in found.groupdict().items()}
                return Said(msgid, **facts)
    return text


@cache
def _sentences(language: str) -> tuple[frozenset[str], list[tuple[str, list[str]]]]:
    """All texts of a language: those without holes, and those with them and what is around."""
    held = translation(language)._catalog  # type: ignore[attr-defined]
    texts = {key for key, _said in held.items() if isinstance(key, str) and " " in key}
    holed = [(text, pieces(text)) for text in texts if "%(" in text]
    holed = [one for one in holed if len("".join(one[1]).replace(" ", "")) >= LEAST_LETTERS]
    holed.sort(key=lambda one: (-len("".join(one[1])), one[0]))
    return frozenset(texts), holed
