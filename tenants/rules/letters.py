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


def letter_css(light: Mapping[str, str], plate: bool) -> str:
    """The stylesheet of a letter in plain hex colours; it is inlined before the mail is sent.

    Every pair is one of `palette.declared_pairs`: text on surfaces, `on-brand` on the fill.
    """
    font = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
    ground = "#14161A" if plate else light["surface-1"]
    return (
        f"body{{margin:0;background:{light['surface-0']};}}"
        f".around{{background:{light['surface-0']};padding:24px 8px;}}"
        f".letter{{width:100%;max-width:600px;background:{light['surface-1']};"
        f"border:1px solid {light['border-1']};border-radius:8px;border-collapse:separate;"
        f"font:400 15px/24px {font};color:{light['text-1']};text-align:left;}}"
        f".rule{{background:{light['chart-1']};font-size:0;line-height:4px;"
        "border-radius:8px 8px 0 0;}"
        ".head{padding:24px 32px 0;font-size:16px;}.body{padding:8px 32px 16px;}"
        f".logo{{height:28px;width:auto;background:{ground};padding:6px;border-radius:6px;}}"
        ".icon{vertical-align:middle;border-radius:6px;}p{margin:16px 0;}"
        f"a{{color:{light['link']};}}"
        f".button{{display:inline-block;padding:10px 18px;border-radius:6px;font-weight:600;"
        f"text-decoration:none;background:{light['brand-9']};color:{light['on-brand']};"
        f"border:1px solid {light['chart-1']};}}"
        f".quiet{{font-size:13px;line-height:20px;color:{light['text-3']};word-break:break-all;}}"
        f".foot{{padding:16px 32px 24px;font-size:13px;line-height:20px;color:{light['text-3']};"
        f"border-top:1px solid {light['border-1']};}}"
    )
