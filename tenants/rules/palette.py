"""One seed colour becomes the design tokens of a brand, light and dark, contrast guaranteed.

`declared_pairs()` is the promise: every pair of tokens that meets on a page, with the contrast it
keeps. A property test holds it for thousands of seeds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypedDict

from tenants.rules.brandsteps import accent_tokens, brand_tokens
from tenants.rules.colour import Ink, clean_hex, distance, luminance, read_oklch
from tenants.rules.neutrals import MODES, Mode, chart_sequence, meanings, readable, shell

AGENTCACHE_SEED = "#0B6B63"
RED_HUE, RED_REACH = 27.0, 25.0
VISIBLE_SHIFT = 2.0


class Tokens(TypedDict):
    """Both modes of a brand: token name (without dashes) to `#RRGGBB`; `notes`: see `_notes`."""

    seed: str
    light: dict[str, str]
    dark: dict[str, str]
    notes: list[dict[str, str]]


class Pair(NamedTuple):
    """Two tokens that meet on a page and the contrast that they keep."""

    front: str
    back: str
    ratio: float


def tokens_for(seed_hex: str, accent_hex: str = "") -> Tokens:
    """The tokens of the brand whose colour is `seed_hex` (`#RRGGBB`), its second one `accent_hex`.

    The same colours give the same tokens. Raises ValueError for what is not a hex colour.
    """
    seed, accent = clean_hex(seed_hex), clean_hex(accent_hex) if accent_hex else ""
    light, dark = (_mode_tokens(seed, accent, mode) for mode in MODES)
    return {"seed": seed, "light": light, "dark": dark, "notes": _notes(seed, light, dark)}


@lru_cache(maxsize=1)
def default_tokens() -> Tokens:
    """AgentCache's own brand: the console, and pages whose partner is not known."""
    return tokens_for(AGENTCACHE_SEED)


def stands_out(light: float, ground: str) -> float:
    """The contrast of a picture with the mean luminance `light` (0 to 1) on a ground."""
    low, high = sorted((light, luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def looks_red(seed_hex: str) -> bool:
    """Whether a button in this colour could be taken for a destructive one."""
    _, ink = read_oklch(clean_hex(seed_hex))
    away = abs(ink.hue - RED_HUE) % 360
    return ink.chroma > 0.04 and min(away, 360 - away) < RED_REACH


def _mode_tokens(seed: str, accent: str, mode: Mode) -> dict[str, str]:
    _, ink = read_oklch(seed)
    found = shell(mode, Ink(ink.hue, ink.chroma))
    found |= brand_tokens(seed, mode, found) | meanings(mode) | chart_sequence(mode)
    found |= accent_tokens(accent, mode, found)
    found["chart-miss"] = found["border-2"]
    # A red brand's own button is red: its dangerous one is an outline with an icon instead.
    outlined = looks_red(seed)
    found["danger-fill"] = found["surface-1"] if outlined else found["danger"]
    found["on-danger"] = found["danger-text"] if outlined else readable(found["danger"])
    return found


def _notes(seed: str, light: dict[str, str], dark: dict[str, str]) -> list[dict[str, str]]:
    """What differs from the seed: `code` (fill_moved, link_moved, danger_outlined), `mode` and
    the `colour` used instead; the page that shows them has the words."""
    notes = []
    for mode, tokens in (("light", light), ("dark", dark)):
        if distance(seed, tokens["brand-9"]) >= VISIBLE_SHIFT:
            notes.append({"code": "fill_moved", "mode": mode, "colour": tokens["brand-9"]})
        if tokens["link"] != tokens["brand-9"]:
            notes.append({"code": "link_moved", "mode": mode, "colour": tokens["link"]})
    if looks_red(seed):
        notes.append({"code": "danger_outlined", "mode": "both", "colour": light["danger"]})
    return notes


def declared_pairs() -> tuple[Pair, ...]:
    """Every pair of tokens that meets on a page, with its least contrast, the same in both modes.

    Text keeps 4.5 (WCAG 1.4.3), edges of controls, focus and chart strokes 3 (1.4.11).
    """
    grounds = [f"surface-{i}" for i in range(4)]
    pairs = [Pair("text-1", ground, 7.0) for ground in grounds]
    pairs += [Pair(text, ground, 4.5) for text in ("text-2", "text-3") for ground in grounds]
    pairs += [Pair("text-1", f"brand-{step}", 4.5) for step in (1, 2, 3, 4)]
    pairs += [Pair("link", ground, 4.5) for ground in (*grounds[:3], "brand-3")]
    pairs += [Pair("brand-11", ground, 4.5) for ground in (*grounds[:3], "brand-2", "brand-3")]
    pairs += [Pair("brand-12", ground, 7.0) for ground in (*grounds[:3], "brand-3")]
    pairs += [Pair("on-brand", fill, 4.5) for fill in ("brand-9", "brand-10", "brand-active")]
    pairs += [Pair("on-panel", panel, 4.5) for panel in ("panel-a", "panel-b")]
    pairs += [Pair("accent-text", "accent-soft", 4.5)]
    pairs += [Pair("focus", ground, 3.0) for ground in grounds]
    pairs += [Pair("border-2", ground, 3.0) for ground in grounds[:3]]
    pairs += [Pair("brand-8", "surface-1", 3.0), Pair("on-danger", "danger-fill", 4.5)]
    for name in ("ok", "warn", "danger", "info"):
        pairs += [Pair(name, ground, 3.0) for ground in (*grounds[:3], f"{name}-soft")]
        pairs += [Pair(f"{name}-text", g, 4.5) for g in (*grounds[:3], f"{name}-soft")]
        pairs += [Pair("text-1", f"{name}-soft", 7.0)]
    pairs += [Pair(f"chart-{number}", "surface-1", 3.0) for number in range(1, 9)]
    return (*pairs, Pair("chart-miss", "surface-1", 3.0))
