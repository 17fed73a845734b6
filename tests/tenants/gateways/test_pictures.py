"""Uploads: what is kept is drawn anew; what could do harm is refused with its reason."""

import io

import pytest
from PIL import Image

from tenants.gateways.pictures import letter_icon, read_picture, scaled_icon, svg_png
from tenants.rules.brand import FILE, BadBrand
from tenants.rules.svg import MOST_ELEMENTS, clean_svg
from tests.tenants.pictures import bomb, logo, svg

SCRIPT = b"<script>alert(document.domain)</script>"


def opened(content):
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_drawn_anew_as_png_within_its_box(kind):
    kept = read_picture(logo(size=(2400, 600), kind=kind), "logo_light")

    assert kept.media_type == "image/png" and kept.content == kept.png
    assert opened(kept.png).format == "PNG" and opened(kept.png).size == (960, 240)
    assert FILE.fullmatch(kept.name)
    assert read_picture(logo(size=(2400, 600), kind=kind), "logo_light") == kept


def test_an_icon_becomes_a_square_of_512():
    assert opened(read_picture(logo(size=(400, 100)), "icon").png).size == (512, 512)


def test_what_hangs_on_a_picture_is_gone():
    polyglot = logo() + SCRIPT + b"PK\x03\x04"
    texts = logo(kind="JPEG", comment=SCRIPT, exif=b"Exif\x00\x00" + SCRIPT)

    for data in (polyglot, texts):
        assert b"script" in data and b"script" not in read_picture(data, "logo_light").content


def test_how_light_a_logo_is_counts_only_what_is_seen():
    dark, light = (read_picture(logo(colour), "logo_light") for colour in ("#101010", "#FAFAFA"))

    assert dark.luminance < 0.05 and light.luminance > 0.85


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bomb(), "too many pixels: each side has 32 to 6,000"), (logo(size=(16, 16)), "16 × 16"),
        (logo(size=(4000, 40)), "twelve times"), (b"GIF89a" + b"\0" * 50, "no PNG, JPEG"),
        (b"", "no PNG, JPEG"), (b"<html>" + SCRIPT, "no PNG, JPEG"), (b"%PDF-1.7", "no PNG, JPEG"),
        (logo()[:200], "broken"), (b"\x89PNG\r\n\x1a\n" + SCRIPT, "broken"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 2_000_000, "2 MB"),
    ],
    ids=["bomb", "small", "long", "gif", "empty", "html", "pdf", "cut", "false png", "large"],
)  # fmt: skip
def test_a_bad_picture_is_refused_with_its_reason(data, said):
    with pytest.raises(BadBrand, match=said) as caught:
        read_picture(data, "logo_dark")
    assert caught.value.member == "logo_dark"


def test_a_drawing_keeps_its_shapes_and_colours_and_nothing_else():
    drawn = svg(
        '<!-- made by hand --><metadata><x>secret</x></metadata><title>A &amp; B</title>'
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#f00"/></linearGradient></defs>'
        '<clipPath id="c"><path d="M0 0h9v9z"/></clipPath>'
        '<g style="fill:#0f0;unknown:1" data-x="1" class="a" clip-path="url(#c)">'
        '<path d="M0 0h9v9z" fill="url(#g)"/></g>'
    )  # fmt: skip
    kept = clean_svg(drawn, "logo_light")

    assert 'fill="url(#g)"' in kept and 'fill="#0f0"' in kept and "A &amp; B" in kept
    assert not [word for word in ("secret", "hand", "data-x", "class", "style") if word in kept]
    assert clean_svg(kept.encode(), "logo_light") == kept
    picture = read_picture(drawn, "logo_light")
    assert picture.media_type == "image/svg+xml" and picture.name.endswith(".svg")
    assert opened(picture.png).size == (960, 240)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<script>alert(1)</script>", "<script>"), ("<foreignObject/>", "<foreignObject>"),
        ('<image href="https://evil.example/x.png"/>', "<image>"),
        ('<use href="#a"/>', "<use>"), ("<style>*{}</style>", "<style>"),
        ('<rect onload="alert(1)"/>', "onload"), ('<a href="javascript:1"/>', "<a>"),
        ('<rect fill="url(https://evil.example/x)"/>', "loads something"),
        ('<rect style="fill:url(//evil.example)"/>', "loads something"),
        ('<animate attributeName="href"/>', "<animate>"), ("<text>Hi</text>", "<text>"),
        ('<clipPath id="a"><path d="M0 0h9v9z" clip-path="url(#b)"/></clipPath>', "clips its"),
        ('<clipPath id="a" style="clip-path: url(#a)"><path d="M0 0h9v9z"/></clipPath>', "clips"),
        ('<clipPath id="a">' + "<path/>" * 150 + "</clipPath>"
         + '<g clip-path="url(&quot;#a&quot;)"/>' * 150, "clips its"),
        ("<g>" * 40 + "</g>" * 40, "nested"), ("<g/>" * MOST_ELEMENTS, "elements"),
    ],
)  # fmt: skip
def test_a_drawing_that_could_act_or_load_is_refused(inside, said):
    with pytest.raises(BadBrand, match=said):
        clean_svg(svg(inside), "logo_light")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg/>', "no SVG that can be read"),
        (b"<svg", "no SVG that can be read"), (b"<?xml version='1.0'?><html/>", "no SVG"),
        (svg(head='width="100%" height="2"'), "no size"),
        (svg(head='viewBox="0 0 0 9"'), "no size"),
        (svg(head='viewBox="0 0 900 9"'), "twelve times"), (svg(""), "empty"),
        (svg("<g>" + " " * 200_001 + "</g>"), "200 kB"),
    ],
)  # fmt: skip
def test_a_drawing_that_is_none_is_refused(data, said):
    with pytest.raises(BadBrand, match=said):
        read_picture(data, "logo_light")


def test_icons_are_drawn_from_a_letter_or_from_the_kept_one():
    made = opened(letter_icon("R", "#FF4438", "#0B0D12", 180, False)).convert("RGBA")
    rounded = opened(letter_icon("R", "#FF4438", "#0B0D12", 32, True)).convert("RGBA")
    filled = opened(scaled_icon(logo(size=(64, 64)), 192, "#FFFFFF")).convert("RGBA")

    assert made.size == (180, 180) and made.getpixel((2, 2)) == (255, 68, 56, 255)
    assert made.getchannel("R").getextrema()[0] < 30  # the letter is there
    assert rounded.getpixel((0, 0))[3] == 0
    assert filled.size == (192, 192) and filled.getpixel((1, 1)) == (255, 255, 255, 255)
    assert opened(svg_png(svg().decode(), 100)).size == (400, 100)
