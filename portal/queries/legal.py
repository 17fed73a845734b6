"""Legal texts of a partner's portal: its own, or the start that we can write."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from babel import Locale
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from portal.words import legal as words
from tenants import queries
from tenants.later import later
from tenants.models import LegalText
from tenants.rules.brand import Brand
from tenants.rules.legal import KINDS, About, start

if TYPE_CHECKING:
    import markdown_it
else:
    markdown_it = later("markdown_it")


# No HTML, no pictures: what a partner writes is words. Links to scripts are never made.
@cache
def _markdown() -> markdown_it.MarkdownIt:
    return markdown_it.MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


@lru_cache(maxsize=256)
def _rendered(text: str) -> str:
    """As HTML; a text is set once, not for each of its readers."""
    return str(_markdown().render(text))


@dataclass(frozen=True)
class Legal:
    """One text as it is shown; `own`: the partner's, `link`: it lies on the partner's own site."""

    kind: str
    text: str
    number: int = 0
    own: LegalText | None = None
    link: str = ""

    @property
    def title(self) -> Any:
        """Its heading."""
        return words.TITLES[self.kind]

    @property
    def explained(self) -> Any:
        """What it is for."""
        return words.EXPLAINED[self.kind]

    @property
    def is_shown(self) -> bool:
        """Whether visitors find it."""
        return bool(self.text or self.link)

    @property
    def html(self) -> SafeString:
        """The text as a page has it."""
        return mark_safe(_rendered(self.text))  # noqa: S308 - HTML in it is escaped


def legal_texts(partner_id: uuid.UUID, brand: Brand) -> list[Legal]:
    """All of them, in the menu's order: two queries."""
    own = queries.legal_texts(partner_id)
    about = _about(partner_id, brand)
    links = {"terms": brand.terms_url, "privacy": brand.privacy_url}
    found = []
    for kind in KINDS:
        row = own.get(kind)
        link = "" if row and row.text else links.get(kind, "")
        text = row.text if row and row.text else start(kind, about, _sentences())
        found.append(Legal(kind, text, row.number if row else 0,
                           row if row and row.text else None, link))  # fmt: skip
    return found


def _sentences() -> dict[str, str]:
    return {name: str(text) for name, text in words.STARTS.items()}


def _about(partner_id: uuid.UUID, brand: Brand) -> About:
    _number, company = queries.company(partner_id)
    platform = settings.PLATFORM_PARTY
    return About(
        product=brand.product_name, legal_name=brand.legal_name, address=company.address,
        country=_country(company.country), tax_id=company.tax_id,
        email=brand.support_email or company.email or str(platform["email"]),
        support=brand.support_url, platform_name=str(platform["legal_name"]),
        platform_country=_country(str(platform["country"])),
    )  # fmt: skip


def _country(code: str) -> str:
    names = Locale.parse(get_language() or "en", sep="-").territories
    return str(names.get(code, code))
