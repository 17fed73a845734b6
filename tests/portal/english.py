"""What of a page in another language is still English, and which names of the code show through."""

import re
from functools import cache
from html.parser import HTMLParser

from babel.messages.pofile import read_po
from django.conf import settings

# No German word is written like one of these.
WORDS = frozenset(re.findall(r"\w+", """
    the of and is are to for with your you this that not were has have from its our which can be
    been there their when what where who how does nothing nobody each every must after before
    please by it or if on
"""))  # fmt: skip
READ = (
    "title",
    "aria-label",
    "placeholder",
    "alt",
    "data-label",
    "data-copied",
    "aria-description",
)
UNREAD = ("script", "style", "code", "pre", "kbd", "template", "textarea")
VOID = ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
# What is written so in German as well; ids hold words by chance.
NAMES = re.compile(r"Single Sign-on|Proof of Concept|Powered by \w+|Isle of Man|Port of Spain|"
                   r"IT-Abteilung|[\w-]+(?:\.[\w-]+)+|\S+@\S+|\{\w+\}|\S*\d\S*")  # fmt: skip


class _Texts(HTMLParser):
    """The texts of a page that somebody reads or hears, but what is marked as English or code."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: set[str] = set()

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        hidden = tag in UNREAD or "mono" in (named.get("class") or "").split()
        hidden = (hidden or self.is_hidden) if "lang" not in named else named["lang"] != "de"
        if not hidden:
            self.found |= {str(named[name]) for name in READ if named.get(name)}
        if tag not in VOID:
            self.open.append((tag, hidden))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        while self.open:
            if self.open.pop()[0] == tag:
                break

    def handle_data(self, data):
        if data.strip() and not self.is_hidden:
            self.found.add(data)

    @property
    def is_hidden(self) -> bool:
        return bool(self.open) and self.open[-1][1]


def texts(html: str) -> set[str]:
    """Every text node and every attribute that is read out, spaces collapsed."""
    page = _Texts()
    page.feed(html)
    return {" ".join(one.split()) for one in page.found}


@cache
def _translated() -> frozenset[str]:
    """English texts that are written otherwise in German, and are no German text themselves."""
    path = settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        held = [one for one in read_po(file, locale="de") if one.id and isinstance(one.id, str)]
    german = {one.string for one in held}
    return frozenset(one.id for one in held if one.id != one.string and one.id not in german)


def left(html: str) -> set[str]:
    """The texts of a German page that are English sentences, English words of ours, or codes."""
    return {one for one in texts(html) if is_english(one) or CODE.fullmatch(one)}


def is_english(text: str) -> bool:
    """Whether a text is one of ours untranslated, or holds a word that only English has."""
    words = set(re.findall(r"[^\W\d_]+", NAMES.sub("", text).lower()))
    return text in _translated() or (len(words) > 1 and bool(words & WORDS))
