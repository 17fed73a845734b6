"""A document in its addressee's language: the file that knows the catalogue for papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import get_language, gettext

from billing.rules.page import document_page
from billing.rules.paper_words import SENTENCES, WORDS
from tenants.rules.sayings import shape

_WORDS = frozenset(WORDS)


def page_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """`document_page` with its words in the document's own language."""
    with translation.override(document["language"]):
        return document_page(document, on_paper)


def on_paper(text: str) -> str:
    """An English text of a document in the active language; what is not the engine's stays."""
    if (get_language() or "en").startswith("en") or not text:
        return text
    if text in _WORDS:
        return gettext(text)
    for sentence in SENTENCES:
        found = shape(sentence.msgid).fullmatch(text)
        if found:
            facts = {name: on_paper(fact) for name, fact in found.groupdict().items()}
            return gettext(sentence.msgid) % facts
    return _behind(text, ": ") or _behind(text, " (") or text


def _behind(text: str, mark: str) -> str:
    """The text with what stands before `mark` told, where that is the engine's."""
    before, found, rest = text.partition(mark)
    said = on_paper(before) if found else before
    return "" if said == before else f"{said}{mark}{rest}"
