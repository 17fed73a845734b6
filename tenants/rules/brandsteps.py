"""The brand's own steps: one seed colour becomes fills, tints, links, lines and panels."""

from __future__ import annotations

from tenants.rules.colour import (
    Ink,
    contrast,
    distance,
    luminance,
    paint,
    reach,
    read_oklch,
    worst_contrast,
)
from tenants.rules.neutrals import Mode, readable

# Step -> (contrast with the card, share of the seed's chroma).
LADDER = {
    1: (1.03, 0.14),
    2: (1.06, 0.22),
    3: (1.12, 0.34),
    4: (1.20, 0.46),
    5: (1.32, 0.58),
    6: (1.50, 0.70),
    7: (2.00, 0.85),
    8: (3.10, 1.00),
}
TEXT_ON_FILL = 4.5
# A fill must stand out from the card: a little in light (its edge and its text carry it, so that
# yellow stays yellow), clearly in dark, where a navy button would otherwise vanish.
FILL_FLOOR: dict[Mode, float] = {"light": 1.2, "dark": 3.0}
PALE_FILL = 0.93
PANEL_STEP = 0.06
NEARLY_BLACK = 0.22
# Two series nearer than this look alike.
CONFUSED = 6.0


def brand_ink(seed: str, mode: Mode) -> Ink:
    """The ink of the seed with its chroma held between 0.04 and 0.20 (greys stay grey)."""
    _, ink = read_oklch(seed)
    if ink.chroma == 0:
        return ink
    held = Ink(ink.hue, min(max(ink.chroma, 0.04), 0.20))
    return held.scaled(0.9) if mode == "dark" else held


def fill(seed: str, mode: Mode, card: str) -> str:
    """Step 9, the fill of buttons: the seed itself where it can be used, else its neighbour.

    A grey or black brand turns nearly white in dark mode: a mid-grey button reads as disabled.
    """
    _, ink = read_oklch(seed)
    if contrast(seed, card) < FILL_FLOOR[mode]:
        if mode == "dark" and ink.chroma == 0:
            return paint(PALE_FILL, ink)
        return _usable(reach(FILL_FLOOR[mode], (card,), ink, darker=mode == "light"))
    return _usable(seed)


def _usable(colour: str) -> str:
    """`colour`, moved in lightness as little as possible until text on it can be read."""
    lightness, ink = read_oklch(colour)
    step = -0.005 if luminance(colour) < 0.18 else 0.005
    while contrast(readable(colour), colour) < TEXT_ON_FILL and 0 < lightness < 1:
        lightness += step
        colour = paint(lightness, ink)
    return colour


def nudged(ground: str, amount: float) -> str:
    """`ground` moved by `amount` of lightness away from the text on it, so contrast only grows.

    A pale ground has no room left above and moves down; its dark text has contrast to spare.
    """
    lightness, ink = read_oklch(ground)
    text_is_white = luminance(readable(ground)) > 0.5
    if text_is_white and lightness < NEARLY_BLACK:
        # Darker would not be seen here, and white on it has contrast to spare.
        return paint(NEARLY_BLACK + amount, ink)
    downwards = text_is_white or lightness > 0.9
    return paint(lightness - amount if downwards else lightness + amount, ink)


def brand_tokens(seed: str, mode: Mode, shell: dict[str, str]) -> dict[str, str]:
    """`brand-1..12`, `on-brand`, `link`, `focus`, `chart-1`, `panel-a/b`, `on-panel`."""
    card, darker, ink = shell["surface-1"], mode == "light", brand_ink(seed, mode)
    found = {
        f"brand-{step}": reach(target, (card,), ink.scaled(share), darker=darker)
        for step, (target, share) in LADDER.items()
    }
    nine = fill(seed, mode, card)
    found["brand-9"], found["brand-10"] = nine, nudged(nine, 0.04)
    found["brand-active"] = nudged(nine, 0.07)
    found["on-brand"] = readable(nine)
    grounds = (*(shell[f"surface-{i}"] for i in range(3)), found["brand-3"])
    found["brand-11"] = _itself_or(nine, 4.6, grounds, ink, darker=darker)
    found["brand-12"] = reach(7.2, grounds, ink.scaled(0.7), darker=darker)
    found["link"] = found["brand-11"] if ink.chroma else shell["text-1"]
    pages = tuple(shell[f"surface-{i}"] for i in range(4))
    found["focus"] = _itself_or(nine, 3.1, pages, ink, darker=darker)
    found["chart-1"] = _itself_or(nine, 3.05, pages[1:2], ink, darker=darker)
    found["chart-1-soft"] = found["brand-6"]
    return found | _panel(nine, ink, mode)


def _itself_or(
    nine: str, target: float, grounds: tuple[str, ...], ink: Ink, *, darker: bool
) -> str:
    """The fill itself where it keeps `target` on every ground, else the nearest that does."""
    if worst_contrast(nine, grounds) >= target:
        return nine
    return reach(target, grounds, ink, darker=darker)


def _panel(nine: str, ink: Ink, mode: Mode) -> dict[str, str]:
    """The large panel beside a login: the fill in light, its deep shade in dark."""
    if mode == "dark":
        deep = ink.scaled(0.55)
        return {"panel-a": paint(0.34, deep), "panel-b": paint(0.24, deep), "on-panel": "#FFFFFF"}
    return {"panel-a": nine, "panel-b": nudged(nine, PANEL_STEP), "on-panel": readable(nine)}


def accent_tokens(accent: str, mode: Mode, found: dict[str, str]) -> dict[str, str]:
    """`accent-soft`, `accent-text` (badges) and, with an accent, `chart-2`, the second series.

    Without an accent badges are of the brand itself. An accent that could be taken for the first
    series leaves the second as it is.
    """
    if not accent:
        return {"accent-soft": found["brand-3"], "accent-text": found["brand-11"]}
    card, darker, ink = found["surface-1"], mode == "light", brand_ink(accent, mode)
    soft = reach(LADDER[3][0], (card,), ink.scaled(LADDER[3][1]), darker=darker)
    grounds = (card, soft)
    text = _itself_or(accent, 4.6, grounds, ink, darker=darker)
    second = _itself_or(accent, 3.05, (card,), ink, darker=darker)
    if distance(second, found["chart-1"]) < CONFUSED:
        second = found["chart-2"]
    return {"accent-soft": soft, "accent-text": text, "chart-2": second}
