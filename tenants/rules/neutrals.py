"""The calm shell: surfaces, borders, text and the fixed meanings (good, caution, danger, note)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from tenants.rules.colour import BLACK, INK, WHITE, Ink, contrast, paint, reach

Mode = Literal["light", "dark"]
MODES: tuple[Mode, Mode] = ("light", "dark")

# Lightness of the surfaces (page, card, subtle, inset) and of the hairline border.
SURFACES: dict[Mode, tuple[float, float, float, float]] = {
    "light": (0.981, 1.0, 0.965, 0.938),
    "dark": (0.165, 0.198, 0.238, 0.282),
}
HAIRLINE: dict[Mode, float] = {"light": 0.906, "dark": 0.325}
TEXT_TARGETS = {"text-1": 12.0, "text-2": 6.2, "text-3": 4.6}
CONTROL_EDGE = 3.05


class Meaning(NamedTuple):
    """A colour that means the same under every brand."""

    name: str
    hue: float
    chroma: float


MEANINGS = (
    Meaning("ok", 152.0, 0.13),
    Meaning("warn", 72.0, 0.13),
    Meaning("danger", 27.0, 0.19),
    Meaning("info", 250.0, 0.14),
)
# Hue, chroma and contrast with the card: lightness alternates so that no two neighbours of the
# sequence depend on hue alone.
CHART_INKS = (
    (250.0, 0.14, 4.6),
    (62.0, 0.13, 3.1),
    (178.0, 0.10, 4.4),
    (345.0, 0.15, 3.3),
    (110.0, 0.11, 5.6),
    (300.0, 0.13, 3.6),
    (40.0, 0.08, 6.6),
)
TINTED = Ink(260.0, 0.0025)


def surfaces(mode: Mode, ink: Ink) -> dict[str, str]:
    """`surface-0..3` and `border-1`, with a breath of the brand's hue; a grey brand stays grey."""
    faint = Ink(ink.hue, min(ink.chroma, 0.0025 if mode == "light" else 0.006))
    found = {f"surface-{i}": paint(light, faint) for i, light in enumerate(SURFACES[mode])}
    found["border-1"] = paint(HAIRLINE[mode], faint)
    return found


def shell(mode: Mode, ink: Ink) -> dict[str, str]:
    """The neutral tokens of one mode: surfaces, borders, text."""
    found = surfaces(mode, ink)
    grounds = tuple(found[f"surface-{i}"] for i in range(4))
    faint = Ink(ink.hue, min(ink.chroma, 0.012))
    darker = mode == "light"
    for name, target in TEXT_TARGETS.items():
        found[name] = reach(target, grounds, faint, darker=darker)
    found["border-2"] = reach(CONTROL_EDGE, grounds[:3], faint, darker=darker)
    return found


@lru_cache(maxsize=2)
def meanings(mode: Mode) -> dict[str, str]:
    """`ok`, `ok-soft`, `ok-text` and so on: solved once per mode, equal under every brand."""
    plain = surfaces(mode, TINTED)
    grounds = tuple(plain[f"surface-{i}"] for i in range(3))
    darker = mode == "light"
    found: dict[str, str] = {}
    for name, hue, chroma in MEANINGS:
        soft = paint(0.955 if darker else 0.265, Ink(hue, 0.028 if darker else 0.045))
        ink = Ink(hue, chroma)
        found[name] = reach(3.3, (*grounds, soft), ink, darker=darker)
        found[f"{name}-soft"] = soft
        found[f"{name}-text"] = reach(5.0, (*grounds, soft), ink, darker=darker)
    return found


@lru_cache(maxsize=2)
def chart_sequence(mode: Mode) -> dict[str, str]:
    """`chart-2` to `chart-8`: the series after the brand's own, equal under every brand."""
    card = paint(SURFACES[mode][1], TINTED)
    return {
        f"chart-{number}": reach(target, (card,), Ink(hue, chroma), darker=mode == "light")
        for number, (hue, chroma, target) in enumerate(CHART_INKS, start=2)
    }


def readable(ground: str) -> str:
    """White or ink, whichever reads better on `ground`; pure black where ink falls short."""
    best = max((WHITE, INK), key=lambda ink: contrast(ink, ground))
    return best if contrast(best, ground) >= 4.5 else BLACK
