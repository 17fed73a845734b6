"""sRGB hex colours, WCAG contrast and the search for a colour that reaches a contrast.

Colours travel as `#RRGGBB` text: what is measured is what is shipped, after rounding to 8 bits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import cos, radians, sin
from typing import NamedTuple

from coloraide import Color
from coloraide.spaces.oklab import oklab_to_xyz_d65

HEX = re.compile(r"#[0-9A-Fa-f]{6}")
WHITE, INK, BLACK = "#FFFFFF", "#0B0D12", "#000000"
NEUTRAL_CHROMA = 0.02


class Ink(NamedTuple):
    """Hue (degrees) and chroma (OKLCH) that a ladder of lightnesses shares."""

    hue: float
    chroma: float

    def scaled(self, factor: float) -> Ink:
        """The same hue with its chroma multiplied by `factor`."""
        return Ink(self.hue, self.chroma * factor)


def clean_hex(text: str) -> str:
    """`text` as upper-case `#RRGGBB`.

    Raises ValueError naming the value when it is not six hexadecimal digits after a `#`.
    """
    value = text.strip()
    if not HEX.fullmatch(value):
        raise ValueError(
            f"{text!r} is not a colour. Write it as # and six hexadecimal digits, like #10A37F."
        )
    return value.upper()


@lru_cache(maxsize=4096)
def luminance(colour: str) -> float:
    """WCAG relative luminance, 0 (black) to 1 (white)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4) for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.x contrast ratio of two hex colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def worst_contrast(colour: str, grounds: tuple[str, ...]) -> float:
    """The lowest contrast of `colour` with any of `grounds`."""
    return min(contrast(colour, ground) for ground in grounds)


def read_oklch(colour: str) -> tuple[float, Ink]:
    """Lightness (0..1) and ink of a hex colour; a grey has chroma 0 and hue 0."""
    lightness, chroma, hue = Color(colour).convert("oklch").coords(nans=False)
    if chroma < NEUTRAL_CHROMA:
        return lightness, Ink(0.0, 0.0)
    return lightness, Ink(hue, chroma)


def paint(lightness: float, ink: Ink) -> str:
    """The hex colour of an OKLCH value, brought into sRGB by giving up chroma, not hue."""
    colour = Color("oklch", [min(max(lightness, 0.0), 1.0), ink.chroma, ink.hue])
    srgb = colour.fit("srgb", method="raytrace", pspace="oklch").convert("srgb")
    return srgb.to_string(hex=True, upper=True, fit="clip")


def _side_contrast(light: float, grounds: tuple[str, ...], *, darker: bool) -> float:
    """Contrast of luminance `light` with `grounds`, below 1 on the wrong side of them."""
    lights = [luminance(ground) for ground in grounds]
    if darker:
        return (min(lights) + 0.05) / (light + 0.05)
    return (light + 0.05) / (max(lights) + 0.05)


def reach(target: float, grounds: tuple[str, ...], ink: Ink, *, darker: bool) -> str:
    """The colour of `ink` nearest to `grounds` in lightness with contrast >= `target` to each.

    `darker` says on which side of the grounds to look. Where that side ends before the target is
    reached, its extreme (black or white) is returned; the caller's pairs are checked by a test.
    """
    low, high = 0.0, 1.0
    turn = radians(ink.hue)
    a, b = ink.chroma * cos(turn), ink.chroma * sin(turn)
    for _ in range(10):
        middle = (low + high) / 2
        # The search runs on bare unclipped numbers, a twentieth of what fitting each colour costs.
        light = oklab_to_xyz_d65([middle, a, b])[1]
        enough = _side_contrast(max(light, 0.0), grounds, darker=darker) >= target
        low, high = (middle, high) if enough == darker else (low, middle)
    lightness = low if darker else high
    step = -0.003 if darker else 0.003
    colour = paint(lightness, ink)
    while 0.0 < lightness < 1.0 and (
        _side_contrast(luminance(colour), grounds, darker=darker) < target
    ):
        lightness += step
        colour = paint(lightness, ink)
    return colour


def distance(one: str, other: str) -> float:
    """How far apart two colours look (Delta E OK x 100; about 2 is just noticeable)."""
    return float(Color(one).delta_e(other, method="ok")) * 100
