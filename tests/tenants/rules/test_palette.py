"""Every declared pair keeps its contrast, for any brand, in both modes, as shipped (8 bits)."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.rules.brandcss import css_hash, css_text, icon_svg, pdf_hex
from tenants.rules.colour import (
    Ink,
    clean_hex,
    contrast,
    distance,
    fitted,
    paint,
    reach,
    read_oklch,
)
from tenants.rules.palette import (
    declared_pairs,
    default_tokens,
    looks_red,
    tokens_for,
)

HARD = {
    "red": "#FF4438",
    "orange": "#FF9900",
    "green": "#10A37F",
    "blue": "#1C17FF",
    "yellow": "#FFD200",
    "black": "#000000",
    "grey": "#808080",
    "navy": "#001F5B",
    "white": "#FFFFFF",
    "almost grey": "#7F8183",
}
SEEDS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


def failing(seed, accent=""):
    tokens = tokens_for(seed, accent)
    return [
        (seed, mode, pair, round(contrast(tokens[mode][pair.front], tokens[mode][pair.back]), 2))
        for mode in ("light", "dark")
        for pair in declared_pairs()
        if contrast(tokens[mode][pair.front], tokens[mode][pair.back]) < pair.ratio
    ]


@pytest.mark.parametrize("seed", HARD.values(), ids=HARD.keys())
def test_hard_brands_keep_every_pair(seed):
    assert failing(seed) == []


@given(SEEDS)
@settings(max_examples=1500, deadline=None)
def test_any_brand_keeps_every_pair(seed):
    assert failing(seed) == []


@given(SEEDS, SEEDS)
@settings(max_examples=600, deadline=None)
def test_any_brand_with_any_accent_keeps_every_pair_and_two_series_apart(seed, accent):
    assert failing(seed, accent) == []
    tokens = tokens_for(seed, accent)
    plain = tokens_for(seed)
    for mode in ("light", "dark"):
        if tokens[mode]["chart-2"] != plain[mode]["chart-2"]:
            assert distance(tokens[mode]["chart-1"], tokens[mode]["chart-2"]) >= 6


def test_pairs_name_existing_tokens_and_are_strict_enough():
    tokens = tokens_for(HARD["red"])
    names = {name for pair in declared_pairs() for name in (pair.front, pair.back)}
    assert names <= tokens["light"].keys() and names <= tokens["dark"].keys()
    text = [pair for pair in declared_pairs() if pair.front.startswith(("text", "on-", "link"))]
    assert len(text) > 20 and all(pair.ratio >= 4.5 for pair in text)


@pytest.mark.parametrize(
    ("seed", "fill", "text"),
    [
        ("red", "#FF4438", "#0B0D12"),
        ("blue", "#1C17FF", "#FFFFFF"),
        ("yellow", "#FFD200", "#0B0D12"),
    ],
)
def test_a_usable_seed_is_kept_and_its_text_is_the_readable_one(seed, fill, text):
    light = tokens_for(HARD[seed])["light"]
    assert (light["brand-9"], light["on-brand"]) == (fill, text)


def test_links_of_the_reference_table_stay_near_their_seeds():
    assert tokens_for(HARD["blue"])["light"]["link"] == "#1C17FF"
    assert tokens_for(HARD["orange"])["dark"]["link"] == "#FF9900"
    for name in ("red", "green", "yellow"):
        light = tokens_for(HARD[name])["light"]
        hue, seed_hue = read_oklch(light["link"])[1].hue, read_oklch(HARD[name])[1].hue
        assert abs(hue - seed_hue) < 12


def test_black_links_are_text_and_its_dark_button_is_pale():
    tokens = tokens_for(HARD["black"])
    assert tokens["light"]["link"] == tokens["light"]["text-1"]
    assert tokens["dark"]["link"] == tokens["dark"]["text-1"]
    assert contrast(tokens["dark"]["brand-9"], "#FFFFFF") < 1.5
    assert tokens["light"]["brand-10"] != tokens["light"]["brand-9"]


def test_red_brands_do_not_make_danger_buttons():
    red, blue = tokens_for(HARD["red"]), tokens_for(HARD["blue"])
    assert looks_red("#FF4438") and looks_red("#E0115F") and not looks_red("#FF9900")
    assert not looks_red("#808080")
    for mode in ("light", "dark"):
        assert red[mode]["danger-fill"] == red[mode]["surface-1"]
        assert blue[mode]["danger-fill"] == blue[mode]["danger"]
    assert "danger_outlined" in [note["code"] for note in red["notes"]]


def test_meanings_and_further_series_do_not_depend_on_the_brand():
    red, navy = tokens_for(HARD["red"]), tokens_for(HARD["navy"])
    fixed = ("ok", "warn-text", "danger-soft", "info", "chart-2", "chart-8")
    for mode in ("light", "dark"):
        assert [red[mode][n] for n in fixed] == [navy[mode][n] for n in fixed]
        series = [navy[mode][f"chart-{n}"] for n in range(2, 9)]
        pairs = [(a, b) for i, a in enumerate(series) for b in series[i + 1 :]]
        assert min(distance(a, b) for a, b in pairs) > 5


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_the_same_seed_gives_the_same_stylesheet(seed):
    assert css_text(tokens_for(seed)) == css_text(tokens_for(seed.lower()))


def test_stylesheet_has_both_modes_and_nothing_but_colours():
    css = css_text(default_tokens())
    assert ":root[data-theme=dark]{color-scheme:dark;" in css
    assert "@media (prefers-color-scheme:dark){:root:not([data-theme=light]){" in css
    values = re.findall(r"--[a-z0-9-]+:([^;]+);", css)
    assert len(values) > 150 and all(re.fullmatch(r"#[0-9A-F]{6}", value) for value in values)
    assert css_hash(css) != css_hash(css_text(tokens_for(HARD["red"])))


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_documents_can_be_read_on_paper(seed):
    pdf = pdf_hex(tokens_for(seed))
    assert contrast(pdf["rule"], "#FFFFFF") >= 3
    assert contrast(pdf["ink"], pdf["tint"]) >= 4.5 and contrast(pdf["muted"], "#FFFFFF") >= 4.5
    assert contrast(pdf["on_fill"], pdf["fill"]) >= 4.5


@pytest.mark.parametrize(
    "wrong", ["red", "#FFF", "FF4438", "#GG0000", "", "#FF44380", "#FF4438;x:y"]
)
def test_a_wrong_colour_is_named_with_the_right_form(wrong):
    with pytest.raises(ValueError, match="six hexadecimal digits"):
        clean_hex(wrong)


def test_reach_returns_the_end_of_the_side_when_the_target_is_too_far():
    _, ink = read_oklch("#FF4438")
    assert reach(50, ("#FFFFFF",), ink, darker=True) == "#000000"
    assert reach(50, ("#000000",), ink, darker=False) == "#FFFFFF"
    assert paint(0.6, ink).startswith("#")


def test_icon_takes_a_letter_and_nothing_else():
    assert ">R</text>" in icon_svg(tokens_for(HARD["red"])["light"], "redis")
    assert ">S</text>" in icon_svg(tokens_for(HARD["red"])["light"], "<script>")
    assert ">A</text>" in icon_svg(tokens_for(HARD["red"])["light"], "<>")


@given(st.floats(0, 1), st.floats(0, 0.25), st.floats(0, 360))
@settings(max_examples=300, deadline=None)
def test_a_colour_is_painted_as_the_library_fits_it(lightness, chroma, hue):
    ink = Ink(hue, chroma)
    assert paint(lightness, ink) == fitted(lightness, ink)
