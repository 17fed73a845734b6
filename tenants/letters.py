"""Mails under a partner's brand: the plain text stays, beside it the same words as a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from tenants.later import later
from tenants.rules import letters, mail_texts
from tenants.rules.brand import Brand

if TYPE_CHECKING:
    import css_inline
else:
    css_inline = later("css_inline")


def reading(language: str) -> override:
    """Texts are in this language as long as it lasts; of one that is not offered (or "": none was
    chosen), in the installation's."""
    offered = dict(settings.LANGUAGES)
    return override(language if language in offered else settings.LANGUAGE_CODE)


def with_footer(text: str, brand: Brand) -> str:
    """A mail's plain text with the partner's footer in the language being read."""
    own = mail_texts.footer(brand.mail_texts, get_language() or "en")
    return f"{text.rstrip()}\n\n-- \n{own}\n" if own else text


def letter_html(*, brand: Brand, home: str, subject: str, text: str) -> str:
    """The text of a mail as HTML in one column; `home` is the host's base address, from which
    its logo comes. All styles are inline, as most mail programs know no others; those of the dark
    and of a phone stay in the head."""
    language = get_language() or "en"
    found = letters.blocks(text)
    html = render_to_string("mail/letter.html", {
        "brand": brand, "home": home, "subject": subject, "blocks": found,
        "button": letters.button_at(found), "action": _("Open the page"),
        "language": language, "footer": mail_texts.footer(brand.mail_texts, language),
    })  # fmt: skip
    plates = (brand.plate_light, brand.plate_dark)
    inliner = css_inline.CSSInliner(
        extra_css=letters.letter_css(brand.light, brand.dark, plates),
        keep_at_rules=True, load_remote_stylesheets=False,
    )  # fmt: skip
    return str(inliner.inline(html))
