"""Tokens written down: as the stylesheet that pages link, and as plain hex values for PDFs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tenants.rules.brand import FONTS, initial
from tenants.rules.neutrals import MODES, Mode
from tenants.rules.palette import Tokens

HASH_LENGTH = 16


def css_text(tokens: Tokens, font: str = "inter") -> str:
    """The stylesheet of a brand: light by default, dark when the system asks, either on request.

    A page's choice is `<html data-theme="light|dark">`; without it the system decides. The text
    depends on tokens and `font` (a name of `brand.FONTS`) alone, so that its hash can name it.
    """
    light, dark = (_block(tokens, mode) for mode in MODES)
    return _font(font) + (
        f":root,:root[data-theme=light]{{{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=dark]{{{dark}}}\n"
    )


def _font(font: str) -> str:
    if font == "inter":
        return ""
    family = FONTS[font] if font == "system" else f'"{FONTS[font]}"'
    return f":root{{--font-brand:{family};}}\n"


def css_hash(css: str) -> str:
    """The name of a stylesheet in its address: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(css.encode()).hexdigest()[:HASH_LENGTH]


def _block(tokens: Tokens, mode: Mode) -> str:
    values = "".join(f"--{name}:{value};" for name, value in sorted(tokens[mode].items()))
    return f"color-scheme:{mode};{values}"


def pdf_hex(tokens: Tokens) -> dict[str, str]:
    """The few colours of a document on white paper: keys `rule`, `fill`, `on_fill`, `ink`,
    `muted`, `hairline`, `tint`.

    `rule` keeps 3:1 on paper; text keeps 4.5:1 on paper and on `tint`; `on_fill` on `fill`.
    """
    light = tokens["light"]
    return {
        "rule": light["chart-1"],
        "fill": light["brand-9"],
        "on_fill": light["on-brand"],
        "ink": "#0B0D12",
        "muted": light["text-2"],
        "hairline": light["border-1"],
        "tint": light["brand-2"],
    }


def icon_svg(light: Mapping[str, str], letter: str) -> str:
    """The site's icon, an SVG file: the first letter of the product on the brand's fill.

    `light` are the brand's light tokens.
    """
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="7" fill="{light["brand-9"]}"/>'
        '<text x="16" y="22.5" font-family="Inter,system-ui,sans-serif" font-size="19" '
        f'font-weight="600" text-anchor="middle" fill="{light["on-brand"]}">'
        f"{initial(letter)}</text></svg>"
    )
