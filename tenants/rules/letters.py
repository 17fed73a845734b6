"""A plain text mail in blocks, so that it can be shown with a button; and its colours. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_LINK = re.compile(r"https?://\S+")


class Block(NamedTuple):
    """A paragraph of text, or a line that is nothing but a link."""

    text: str
    link: str = ""


def blocks(text: str) -> list[Block]:
    """The paragraphs of a text (parted by empty lines), with lone links apart."""
    found: list[Block] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines: list[str] = []
        for line in paragraph.strip().splitlines():
            if _LINK.fullmatch(line.strip()):
                found += [Block("\n".join(lines))] if lines else []
                found.append(Block("", line.strip()))
                lines = []
            else:
                lines.append(line)
        found += [Block("\n".join(lines))] if lines else []
    return found


def button_at(found: list[Block]) -> int:
    """Which block (from 1) is the letter's one button: the only lone link; 0 for none."""
    links = [at for at, block in enumerate(found, start=1) if block.link]
    return links[0] if len(links) == 1 else 0


def letter_css(light: Mapping[str, str], dark: Mapping[str, str], plates: tuple[bool, bool]) -> str:
    """The stylesheet of a letter in plain hex colours; it is inlined before the mail is sent, but
    for its @media rules: those stay, for programs that know them.

    `plates`: whether the logo needs a ground of its own, in light and in dark. Every pair is one
    of `palette.declared_pairs`: text on surfaces, `on-brand` on the fill.
    """
    font = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
    return (
        "body{margin:0;}.around{padding:24px 8px;}"
        ".letter{width:100%;max-width:600px;border-radius:8px;border-collapse:separate;"
        f"font:400 15px/24px {font};text-align:left;}}"
        ".rule{font-size:0;line-height:4px;border-radius:8px 8px 0 0;}"
        ".head{padding:24px 32px 0;font-size:16px;}.body{padding:8px 32px 16px;}"
        ".logo{height:28px;width:auto;padding:6px;border-radius:6px;}"
        ".icon{vertical-align:middle;border-radius:6px;}p{margin:16px 0;overflow-wrap:anywhere;}"
        ".button{display:inline-block;padding:10px 18px;border-radius:6px;font-weight:600;"
        "text-decoration:none;}"
        ".quiet{font-size:13px;line-height:20px;word-break:break-all;}"
        ".foot{padding:16px 32px 24px;font-size:13px;line-height:20px;}"
        + _colours(light, "#14161A" if plates[0] else light["surface-1"])
        + "@media (max-width:480px){.head,.body,.foot{padding-left:20px!important;"
        "padding-right:20px!important;}}"
        "@media (prefers-color-scheme:dark){"
        + _colours(dark, "#FFFFFF" if plates[1] else dark["surface-1"], "!important")
        + "}"
    )


def _colours(tokens: Mapping[str, str], ground: str, weight: str = "") -> str:
    """Every rule of a letter that names a colour; `ground` is the logo's. `weight` lets a rule
    win over what is inlined."""
    rules = (
        ("body,.around", "background", tokens["surface-0"]),
        (".letter", "background", tokens["surface-1"]),
        (".letter", "border", f"1px solid {tokens['border-1']}"),
        (".letter", "color", tokens["text-1"]),
        (".rule", "background", tokens["chart-1"]),
        (".logo", "background", ground),
        ("a", "color", tokens["link"]),
        (".button", "background", tokens["brand-9"]),
        (".button", "color", tokens["on-brand"]),
        (".button", "border", f"1px solid {tokens['chart-1']}"),
        (".quiet", "color", tokens["text-3"]),
        (".foot", "color", tokens["text-3"]),
        (".foot", "border-top", f"1px solid {tokens['border-1']}"),
    )
    return "".join(f"{where}{{{what}:{value}{weight};}}" for where, what, value in rules)
