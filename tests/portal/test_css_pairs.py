"""Whatever pair of colours a stylesheet sets is a promise of the palette, and so kept."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from tenants.rules.palette import declared_pairs

SHEETS = sorted((Path(settings.BASE_DIR) / "static" / "css").glob("*.css"))
PROMISED = {(pair.front, pair.back): pair.ratio for pair in declared_pairs()}
TEXT, STROKE = 4.5, 3.0
TOKEN = r"var\(--([a-z0-9-]+)\)"
# Pictures on a ground of their own, which no text stands on.
FRAMES = {"step__dot"}
GROUNDS = ("surface-0", "surface-1", "surface-2")


def rules(sheet):
    """(selector, declarations) of every rule, comments and at-rules stripped."""
    css = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)
    css = css.split("@layer print")[0]
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        yield " ".join(selector.split()), body


def declared(body, name):
    return re.findall(rf"(?:^|[;\s]){name}:[^;]*?{TOKEN}", body)


def pairs():
    for sheet in SHEETS:
        for selector, body in rules(sheet):
            fronts = declared(body, "color")
            backs = declared(body, "background(?:-color)?")
            for front in fronts:
                for back in backs:
                    yield sheet.name, selector, front, back


@pytest.mark.parametrize("found", list(pairs()), ids=lambda one: f"{one[1]}"[:60])
def test_text_and_ground_of_one_rule_are_a_promised_pair(found):
    _sheet, selector, front, back = found
    if any(frame in selector for frame in FRAMES):
        return
    assert PROMISED.get((front, back), 0) >= TEXT, f"{selector}: {front} on {back}"


def test_the_sheets_do_set_pairs():
    """Else the test above would pass on a regular expression that finds nothing."""
    found = {(front, back) for _sheet, _selector, front, back in pairs()}
    assert len(found) >= 12 and {("on-brand", "brand-9"), ("accent-text", "accent-soft")} <= found


def test_every_text_colour_is_promised_on_the_grounds_of_pages():
    """A rule without a ground of its own stands on a page, a panel or a subtle surface."""
    bare = {
        (selector, front)
        for sheet in SHEETS
        for selector, body in rules(sheet)
        for front in declared(body, "color")
        if not declared(body, "background(?:-color)?")
    }
    found = [
        (selector, front, ground)
        for selector, front in sorted(bare)
        if front.startswith(("text", "link", "brand-11", "brand-12", "ok-", "warn-", "danger-"))
        for ground in GROUNDS
        if PROMISED.get((front, ground), 0) < TEXT
    ]
    assert len(bare) > 60 and found == []


def test_strokes_and_fills_of_charts_are_promised_on_panels():
    used = set()
    for sheet in SHEETS:
        for selector, body in rules(sheet):
            if re.search(r"tone-|line--|spark|meter|cellbar", selector):
                used |= {token for name in ("fill", "stroke") for token in declared(body, name)}
    soft = {"surface-1", "surface-3", "brand-6"}  # grounds; soft fills have a promised edge
    below = [token for token in used - soft if PROMISED.get((token, "surface-1"), 0) < STROKE]

    assert {f"chart-{number}" for number in range(1, 9)} <= used and below == []
