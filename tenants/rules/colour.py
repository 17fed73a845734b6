"""sRGB hex colours, WCAG contrast and the search for a colour that reaches a contrast.

Colours travel as `#RRGGBB` text: what is measured is what is shipped, after rounding to 8 bits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import cos, radians, sin
from typing import NamedTuple

from coloraide import Color
from coloraide.spaces.oklab import LMS_TO_XYZD65, OKLAB_TO_LMS3, oklab_to_xyz_d65
from coloraide.spaces.srgb import inverse_eotf_srgb
from coloraide.spaces.srgb_linear import xyz_to_lin_srgb

from tenants.rules.sayings import Said

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
            Said(
                "%(text)s is not a colour. Write it as # and six hexadecimal digits, like #10A37F.",
                text=f"{text!r}",
            )
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


@lru_cache(maxsize=4096)
def read_oklch(colour: str) -> tuple[float, Ink]:
    """Lightness (0..1) and ink of a hex colour; a grey has chroma 0 and hue 0."""
    lightness, chroma, hue = Color(colour).convert("oklch").coords(nans=False)
    if chroma < NEUTRAL_CHROMA:
        return lightness, Ink(0.0, 0.0)
    return lightness, Ink(hue, chroma)


def paint(lightness: float, ink: Ink) -> str:
    """The hex colour of an OKLCH value, brought into sRGB by giving up chroma, not hue."""
    lightness = min(max(lightness, 0.0), 1.0)
    linear = xyz_to_lin_srgb(oklab_to_xyz_d65([lightness, *_axes(ink)]))
    if min(linear) >= 0 and max(linear) <= 1:  # nothing to give up: a tenth of what fitting costs
        return "#" + "".join(f"{int(c * 255 + 0.5):02X}" for c in inverse_eotf_srgb(linear))
    return fitted(lightness, ink)


def fitted(lightness: float, ink: Ink) -> str:
    """The same, asked of the library whatever the colour is."""
    colour = Color("oklch", [lightness, ink.chroma, ink.hue])
    srgb = colour.fit("srgb", method="raytrace", pspace="oklch").convert("srgb")
    return srgb.to_string(hex=True, upper=True, fit="clip")


def _axes(ink: Ink) -> tuple[float, float]:
    """OKLAB's a and b."""
    turn = radians(ink.hue)
    return ink.chroma * cos(turn), ink.chroma * sin(turn)


def reach(target: float, grounds: tuple[str, ...], ink: Ink, *, darker: bool) -> str:
    """The colour of `ink` nearest to `grounds` in lightness with contrast >= `target` to each.

    `darker` says on which side of the grounds to look. Where that side ends before the target is
    reached, its extreme (black or white) is returned; the caller's pairs are checked by a test.
    """
    lights = [luminance(ground) for ground in grounds]
    edge = min(lights) if darker else max(lights)
    (a, b), weights = _axes(ink), LMS_TO_XYZD65[1]
    cones = [a * one + b * other for _, one, other in OKLAB_TO_LMS3]

    def is_enough(light: float) -> bool:
        """On the wrong side the contrast is below 1."""
        one, other = (edge, light) if darker else (light, edge)
        return (one + 0.05) / (other + 0.05) >= target

    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        # The search runs on bare unclipped numbers, a fraction of what fitting each colour costs.
        light = sum(w * (middle + cone) ** 3 for w, cone in zip(weights, cones, strict=True))
        low, high = (middle, high) if is_enough(max(light, 0.0)) == darker else (low, middle)
    lightness = low if darker else high
    step = -0.003 if darker else 0.003
    colour = paint(lightness, ink)
    while 0.0 < lightness < 1.0 and not is_enough(luminance(colour)):
        lightness += step
        colour = paint(lightness, ink)
    return colour


def distance(one: str, other: str) -> float:
    """How far apart two colours look (Delta E OK x 100; about 2 is just noticeable)."""
    return float(Color(one).delta_e(other, method="ok")) * 100
