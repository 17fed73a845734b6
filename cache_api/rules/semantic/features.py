"""What a text holds that an answer depends on: numbers, quotes, code, names, words. Pure.

Linear in the text's length, which `eligible` bounds.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cache_api.rules.semantic import lexicon

_TOKEN = re.compile(
    r"""
    (?P<code>`[^`]+`)
    |(?P<address>(?:https?://|www\.)\S++|[\w.+-]++@[\w.-]++)
    |(?P<quote>"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?<!\w)['‘][^'’]*['’](?!\w))
    |(?P<number>(?:(?<![^\s(])[-−])?\d+(?:[.,:/]\d+)*)
    |(?P<word>[^\W\d_][^\W_]*(?:['’´`][^\W\d_]+)*)
    |(?P<stop>[.!?]+(?=\s|\Z))
    |(?P<symbol>[^\w\s]|_)
    """,
    re.VERBOSE,
)
_INNER_WORD = re.compile(r"\w+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_PUNCTUATION = frozenset(".,;:!?'\"-–—()/&…’‘“”´`")


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer  # noqa: PLC0415 - 2 MB of languages, for who matches by meaning

    return snowballstemmer.stemmer("english")


@dataclass(slots=True)
class Features:
    """One text taken apart. Lists keep the text's order; words are lower case."""

    text: str
    tokens: list[str] = field(default_factory=list)  # every word, "isn't" as "is"
    words: list[str] = field(default_factory=list)  # stems of those that say what is asked for
    names: set[str] = field(default_factory=set)  # words written like names
    has_proper_name: bool = False  # one Like this: somebody or something that may act
    acronyms: set[str] = field(default_factory=set)  # "US", which is not "us"
    numbers: list[tuple[str, str]] = field(default_factory=list)  # number, unit ("" = none)
    quotes: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)  # code spans, symbols of code and formulas
    addresses: list[str] = field(default_factory=list)  # links and e-mail addresses
    negated: list[str] = field(default_factory=list)  # what follows each negation ("" = nothing)
    roles: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # (stem, class) → roles


@lru_cache(maxsize=4096)
def features(text: str) -> Features:
    """The features of a text. Shared between callers: read only."""
    return _Reader(text).found


class _Reader:
    """Takes a text's tokens in order; there is a method for each kind."""

    def __init__(self, text: str) -> None:
        self.found = Features(text)
        self._is_shouted = text.isupper()
        self._before = "stop"  # the kind of the token before
        self._unit = ""  # a currency sign that waits for its number
        self._roles: dict[str, str] = {}  # what the words before say of the next one
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or ""
            getattr(self, f"_{kind}")(match[0])
            self._before = kind
        self._stop("")

    def _code(self, raw: str) -> None:
        self.found.code.append(raw.strip("`"))

    def _address(self, raw: str) -> None:
        self.found.addresses.append(raw.rstrip(".,;:!?)"))

    def _quote(self, raw: str) -> None:
        self.found.quotes.append(raw[1:-1].strip())
        self._give_roles("")
        self.found.words += map(_stem, _INNER_WORD.findall(raw.lower()))

    def _number(self, raw: str) -> None:
        self.found.numbers.append((_plain(raw), self._unit))
        self._unit = ""

    def _stop(self, raw: str) -> None:
        self._give_roles("")  # "… where from?": said of whatever is asked for

    def _symbol(self, raw: str) -> None:
        unit = lexicon.UNITS.get(raw)
        if unit is None:
            if raw not in _PUNCTUATION:
                self.found.code.append(raw)
        elif not self._measures(unit):
            self._unit = unit

    def _word(self, raw: str) -> None:
        found = self.found
        word, negated = _uncontracted(raw.lower().replace("’", "'").replace("`", "'"))
        unit, number = lexicon.UNITS.get(word), lexicon.NUMBERS.get(word)
        found.tokens.append(word)
        if negated or word in lexicon.NEGATIONS:
            found.negated.append("")
        self._unit = ""
        if number is not None:
            self._number(number)
        elif unit is None or not self._measures(unit):
            self._note_name(raw, word)
            self._note(word)

    def _measures(self, unit: str) -> bool:
        """Whether the unit belongs to the number before it."""
        if self._before != "number" or self.found.numbers[-1][1]:
            return False
        self.found.numbers[-1] = (self.found.numbers[-1][0], unit)
        return True

    def _note_name(self, raw: str, word: str) -> None:
        """Capitals where no sentence starts, or within a word. A shouted text has none."""
        if self._is_shouted:
            return
        if word in lexicon.COMMON:
            if len(raw) > 1 and raw.isupper():
                self.found.acronyms.add(raw)
                self._give_roles(raw)
        elif raw[1:] != raw[1:].lower() or (self._before != "stop" and raw[0] != raw[0].lower()):
            self.found.names.add(word)
            self.found.has_proper_name |= raw.istitle()

    def _note(self, word: str) -> None:
        found, role = self.found, lexicon.ROLES.get(word)
        if role is not None:
            self._roles[role[0]] = role[1]
        elif word not in lexicon.COMMON and word not in lexicon.NEGATIONS:
            stem = _stem(lexicon.FORMS.get(word, word))
            found.words.append(stem)
            if found.negated and not found.negated[-1]:
                found.negated[-1] = stem
            self._give_roles(stem)

    def _give_roles(self, stem: str) -> None:
        for kind, role in self._roles.items():
            self.found.roles.setdefault((stem, kind), set()).add(role)
        self._roles = {}


def _uncontracted(word: str) -> tuple[str, bool]:
    """("isn't") → ("is", True); ("i'm") → ("i", False)."""
    if word.endswith("n't"):
        word = word[:-3] + "nt"
    verb = lexicon.CONTRACTIONS.get(word, word)
    return verb.partition("'")[0], verb != word


def _plain(number: str) -> str:
    """1,000.50 → 1000.5"""
    plain = _THOUSANDS.sub("", number.replace("−", "-"))
    return plain.rstrip("0").rstrip(".") if _DECIMAL.fullmatch(plain) else plain
