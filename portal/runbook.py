"""docs/operating.md as a page, so that an alarm can name the part of it that helps."""

from __future__ import annotations

import itertools
import re
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from tenants.later import later

if TYPE_CHECKING:
    import markdown_it
    from markdown_it.token import Token
else:
    markdown_it = later("markdown_it")

_WORD = re.compile(r"[^\w\- ]")


def slug(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return _WORD.sub("", heading.lower()).strip().replace(" ", "-")


@cache
def as_html() -> SafeString:
    """The manual with anchors at its headings; read once. HTML in it would be shown as text."""
    parser = markdown_it.MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse((settings.BASE_DIR / "docs" / "operating.md").read_text())
    for token, inside in itertools.pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug(inside.content))
        inside.children = [one for one in inside.children or [] if not _leads_away(one)] or None
    return mark_safe(parser.renderer.render(tokens, parser.options, {}))  # noqa: S308 - our own file


def _leads_away(token: Token) -> bool:
    """A link to another manual, which is not served here: its words stay, its tags go."""
    if token.type == "link_open":
        _open.append(not str(token.attrGet("href")).startswith(("#", "https://")))
        return _open[-1]
    return token.type == "link_close" and _open.pop()


_open: list[bool] = []  # links do not nest


@cache
def anchors() -> frozenset[str]:
    """Every anchor of the manual."""
    return frozenset(re.findall(r'<h\d id="([^"]+)"', as_html()))
