"""What a visitor of a host sees while the portal itself is gone: pages written beforehand.

Caddy shows them (`docs/deploy/Caddyfile`); here nobody runs by then. Each is whole in itself: its
colours, its logo and its icon are inside.
"""

import hashlib
from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation

from tenants import queries, resolve
from tenants.gateways.page_folder import PageFolder
from tenants.resolve import Resolved
from tenants.rules import brandcss
from tenants.rules.palette import Tokens

TEMPLATE = "errors/holding.html"


def write_holding_pages(*, folder: Path) -> int:
    """Have `<host>.<language>.html` of each served host in `folder`, and no other file there.

    How many were written. Public schema, web or worker. Safe to repeat, by several at once too:
    what is there as it should be is not written again. Raises OSError.
    """
    pages, owners, written, names = PageFolder(folder), resolve.served(), 0, set()
    for language in dict(settings.LANGUAGES):
        with translation.override(language):
            # Changes with the template and with its words, whosever page it is.
            ours = _rendered(resolve.CONSOLE)
            for owner in owners:
                names.add(name := f"{owner.host}.{language}.html")
                head = f"<!doctype html><!-- {_digest(ours + repr(owner.brand))} -->\n"
                if not pages.starts_with(name, head):
                    pages.write(name, head + _rendered(owner))
                    written += 1
    pages.keep_only(names)
    return written


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _rendered(owner: Resolved) -> str:
    brand = owner.brand
    tokens = Tokens(seed="", light=dict(brand.light), dark=dict(brand.dark), notes=[])
    colours = brandcss.css_text(tokens, brand.font)
    icon = brandcss.icon_svg(brand.light, brand.letter)
    return render_to_string(TEMPLATE, {
        "brand": brand,
        "css": _address("text/css", (colours + _sheet()).encode()),
        "logo_light": _inline(owner, brand.logo_light),
        "logo_dark": _inline(owner, brand.logo_dark or brand.logo_light),
        "icon": _inline(owner, brand.icon) or _address("image/svg+xml", icon.encode()),
    })  # fmt: skip


@lru_cache(maxsize=1)
def _sheet() -> str:
    return Path(str(finders.find("css/holding.css"))).read_text()


def _inline(owner: Resolved, name: str) -> str:
    """A kept picture as an address that holds it; "" for none."""
    found: Any = name and owner.partner_id and queries.brand_file(owner.partner_id, name)
    return _address(found.media_type, bytes(found.content)) if found else ""


def _address(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"
