"""Pairs whose truth is known by construction: a question, and the same with one thing edited."""

import re
from collections.abc import Callable

Edit = Callable[[str], str | None]


def _swap(*pairs: tuple[str, str]) -> Edit:
    """Replace the first word of a pair that occurs by its partner, either way."""
    words = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b")

    def edit(text: str) -> str | None:
        edited = pattern.sub(lambda found: words[found[0]], text, count=1)
        return edited if edited != text else None

    return edit


def _number(text: str) -> str | None:
    edited = re.sub(r"\d+", lambda found: str(int(found[0]) * 10 + 5), text, count=1)
    return edited if edited != text else None


def _negated(text: str) -> str | None:
    verbs = r"\b(is|are|was|were|do|does|did|has|have|can|could|will|would)\b( I| you| it| my)?"
    if re.search(r"n't\b|n’t\b|\bnot\b|cannot", text, re.I):
        edited = re.sub(r"n't\b|n’t\b| not\b", "", text, count=1, flags=re.I)
        return edited if edited != text else None
    edited = re.sub(verbs, r"\1\2 not", text, count=1)
    return edited if edited != text else None


def _turned(text: str) -> str | None:
    edited = re.sub(r"\bfrom\b", "to", text, count=1)
    return edited if edited != text else None


def _contracted(text: str) -> str | None:
    edited = re.sub(r"\b(is|are|was|do|does|did|has|have|would|could) not\b", r"\1n't", text)
    return edited if edited != text else None


def _asked_politely(text: str) -> str | None:
    starts = re.match(r"(How|Where|When|Why|What) ", text)
    return f"Hello, please tell me: {text[0].lower()}{text[1:]}" if starts else None


# Name → (edit, whether the stored answer still serves the edited question).
EDITS: dict[str, tuple[Edit, bool]] = {
    "another number": (_number, False),
    "negated, or no longer": (_negated, False),
    "another currency": (_swap(("USD", "EUR"), ("GBP", "AUD"), ("euros", "pounds")), False),
    "another name": (
        _swap(("Visa", "Mastercard"), ("Apple", "Google"), ("US", "UK"), ("EU", "US"),
              ("Europe", "China")), False,
    ),
    "another direction": (_turned, False),
    "another thing": (
        _swap(("virtual", "physical"), ("card", "account"), ("transfer", "refund"),
              ("lost", "found"), ("PIN", "passcode")), False,
    ),
    "another question word": (_swap(("How", "Why"), ("Where", "When")), False),
    "lower case, no signs": (lambda text: re.sub(r"[?!.]+\s*$", "", text).lower(), True),
    "asked politely": (_asked_politely, True),
    "contracted": (_contracted, True),
}  # fmt: skip
