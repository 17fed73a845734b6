"""What two texts must have in common before one's answer may serve the other, however near their
vectors are. Pure.

Embeddings hardly see a changed number, a negation or another name, and those are what an answer
turns on. Rule of thumb: whatever of the question could stand in the answer must be the same.
Every guard is symmetric.
"""

import unicodedata
from collections.abc import Callable

from cache_api.rules.semantic import lexicon
from cache_api.rules.semantic.features import Features

MAX_LENGTH_RATIO = 2.0
Guard = Callable[[Features, Features], bool]


def tripped(stored: Features, asked: Features) -> str | None:
    """The first guard (a key of GUARDS) that keeps the stored answer back, or None."""
    for name, (holds, _) in GUARDS.items():
        if not holds(stored, asked):
            return name
    return None


def _length(one: Features, other: Features) -> bool:
    shorter, longer = sorted((len(one.text), len(other.text)))
    return longer <= MAX_LENGTH_RATIO * shorter


def _script(one: Features, other: Features) -> bool:
    return scripts(one.text) == scripts(other.text)


def scripts(text: str) -> set[str]:
    """The writing systems of a text: "LATIN" and whatever its other letters belong to."""
    if text.isascii():
        return {"LATIN"}
    letters = {char for char in text if char.isalpha()}
    return {"LATIN"} | {unicodedata.name(char, "?").partition(" ")[0] for char in letters}


def _names(one: Features, other: Features) -> bool:
    return (
        one.acronyms == other.acronyms
        and one.names.issubset(other.tokens)
        and other.names.issubset(one.tokens)
    )


def _roles(one: Features, other: Features) -> bool:
    a, b = one.roles, other.roles
    return all(a[word] == b[word] for word in a.keys() & b.keys())


def _order(one: Features, other: Features) -> bool:
    """Who did what to whom is in the order, at the latest where somebody is named."""
    is_named = one.has_proper_name or other.has_proper_name
    if is_named and set(one.words) == set(other.words):
        return one.words == other.words
    return one.tokens == other.tokens or sorted(one.tokens) != sorted(other.tokens)


def _words(one: Features, other: Features) -> bool:
    return set(one.words) == set(other.words) != set()


def _language(one: Features, other: Features) -> bool:
    return _unread(one) == _unread(other)


def _unread(text: Features) -> list[str]:
    """Words that English would pass over, in a text that is not evidently English."""
    words = set(text.tokens)
    if words & lexicon.ENGLISH and not words & lexicon.FOREIGN:
        return []
    return [word for word in text.tokens if word in lexicon.SHARED]


def _same(member: str) -> Guard:
    return lambda one, other: bool(getattr(one, member) == getattr(other, member))


# Name → (whether it lets the pair pass, what it asks of a pair). In order of cost.
GUARDS: dict[str, tuple[Guard, str]] = {
    "length": (_length, "Neither text is more than twice as long as the other."),
    "numbers": (_same("numbers"), "The same numbers with the same units, in the same order."),
    "negation": (_same("negated"), "The same negated, in the same order."),
    "quotes": (_same("quotes"), "The same quoted texts, letter by letter."),
    "code": (_same("code"), "The same code spans and the same symbols of code or formulas."),
    "addresses": (_same("addresses"), "The same links and e-mail addresses."),
    "names": (_names, "What one writes like a name, the other mentions."),
    "roles": (_roles, "No word has another direction (from, to) or owner (my, your)."),
    "order": (_order, "Not the same words in another order."),
    "words": (_words, "The same words, but for those that do not change what is asked for."),
    "language": (_language, "Not in English, also the little words that English passes over."),
    "script": (_script, "The same writing systems."),
}
