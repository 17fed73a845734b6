"""SVG logos by an allow-list: shapes and gradients stay, whatever could act or load is refused.

Even so a logo is only ever shown inside `<img>`, and its own address forbids everything.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tenants.rules.brand import BadBrand
from tenants.rules.sayings import Said

MOST_BYTES = 200_000
MOST_ELEMENTS = 2_000
DEEPEST = 24
MOST_CLIPPED = 10_000  # shapes that clips draw, each as often as its clip is used
_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    [
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "defs",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
        "title",
        "desc",
    ]
)
# What editors leave behind; it draws nothing.
_DROPPED = frozenset({"metadata"})
_ATTRIBUTES = frozenset(
    [
        "id",
        "viewBox",
        "width",
        "height",
        "x",
        "y",
        "x1",
        "y1",
        "x2",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "fx",
        "fy",
        "d",
        "points",
        "transform",
        "preserveAspectRatio",
        "gradientUnits",
        "gradientTransform",
        "spreadMethod",
        "offset",
        "clipPathUnits",
    ]
)
_PAINT = frozenset(
    [
        "fill",
        "fill-opacity",
        "fill-rule",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "stroke-dasharray",
        "stroke-dashoffset",
        "opacity",
        "stop-color",
        "stop-opacity",
        "clip-path",
        "clip-rule",
        "color",
        "display",
        "visibility",
    ]
)
_CLIP = re.compile(r"#([\w.-]+)")
_INNER_LINK = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)")
_REFUSED_VALUE = re.compile(r"url|expression|javascript:|@import|&|\\", re.I)
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+)(px)?\s*")


def clean_svg(data: bytes, member: str) -> str:
    """The drawing written anew with nothing in it but shapes and colours; it has a viewBox.

    Raises BadBrand about `member`, naming what stands in the way.
    """
    if len(data) > MOST_BYTES:
        raise BadBrand(member, Said("The drawing has more than %(it)s kB.", it=MOST_BYTES // 1000))
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise BadBrand(
            member, Said("This is no SVG that can be read (%(error)s).", error=error)
        ) from error
    if root.tag != f"{_SVG}svg":
        raise BadBrand(member, Said("This is XML, but no SVG."))
    if sum(1 for _one in root.iter()) > MOST_ELEMENTS:
        raise BadBrand(
            member,
            Said(
                "The drawing has more than %(most_elements)s elements.",
                most_elements=f"{MOST_ELEMENTS:,}",
            ),
        )
    kept = _cleaned(root, member, 0)
    _check_clips(kept, member)
    kept.set("viewBox", _view_box(kept, member))
    for name in ("width", "height", "x", "y"):
        kept.attrib.pop(name, None)
    return _written(kept, root=True)


def _cleaned(one: Element, member: str, depth: int) -> Element:
    name = str(one.tag).removeprefix(_SVG)
    if name not in _ELEMENTS:
        raise BadBrand(
            member,
            Said(
                "The drawing holds <%(it)s>, which is not taken: use shapes only (text as paths, "
                "no scripts, styles, images or links).",
                it=name[:40],
            ),
        )
    if depth > DEEPEST:
        raise BadBrand(
            member, Said("The drawing is nested more than %(deepest)s deep.", deepest=DEEPEST)
        )
    kept = Element(name)
    for attribute, value in one.attrib.items():
        for key, text in _pairs(attribute, value, member):
            kept.set(key, text)
    for child in one:
        tag = str(child.tag)
        foreign = tag.startswith("{") and not tag.startswith(_SVG)
        if foreign or tag.removeprefix(_SVG) in _DROPPED or "function" in tag:
            continue  # an editor's own notes and comments
        kept.append(_cleaned(child, member, depth + 1))
    if name in ("title", "desc"):
        kept.text = one.text
    return kept


def _pairs(name: str, value: str, member: str) -> list[tuple[str, str]]:
    bare = name.rsplit("}", 1)[-1]
    if bare.lower().startswith("on") or bare.lower() == "href":
        raise BadBrand(
            member, Said("The drawing has %(it)s=…: scripts and links are not taken.", it=bare[:40])
        )
    if name == "style":
        given = [part.split(":", 1) for part in value.split(";") if ":" in part]
        return [pair for key, text in given for pair in _pairs(key.strip(), text.strip(), member)]
    if name not in _ATTRIBUTES | _PAINT:
        return []
    if _REFUSED_VALUE.search(_INNER_LINK.sub("", value)):
        raise BadBrand(
            member,
            Said("The drawing loads something in %(name)s=…: it must stand alone.", name=name),
        )
    return [(name, value)]


def _check_clips(root: Element, member: str) -> None:
    """A clip's shapes are drawn for each use of it. Where clips are clipped themselves that
    doubles with every one: a few lines would keep the server, and every visitor, busy for ever."""
    sizes: dict[str, int] = {}
    for clip in root.iter("clipPath"):
        name, size = clip.get("id", ""), sum(1 for _one in clip.iter())
        sizes[name] = max(size, sizes.get(name, 0))
    nested = any(part.get("clip-path") for clip in root.iter("clipPath") for part in clip.iter())
    used = [_CLIP.search(one.get("clip-path", "")) for one in root.iter()]
    if nested or sum(sizes.get(found[1], 0) for found in used if found) > MOST_CLIPPED:
        raise BadBrand(member, Said("The drawing clips its clips: draw what is seen as shapes."))


def _view_box(root: Element, member: str) -> str:
    given = root.get("viewBox", "").replace(",", " ").split()
    if not given:
        sides = [_LENGTH.fullmatch(root.get(name, "")) for name in ("width", "height")]
        given = ["0", "0", *(side[1] for side in sides if side)]
    try:
        numbers = [float(one) for one in given]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(0 < side < 100_000 for side in numbers[2:]):
        raise BadBrand(member, Said("The drawing says no size: give it a viewBox."))
    if not 1 / 12 <= numbers[2] / numbers[3] <= 12:
        raise BadBrand(member, Said("A logo is at most twelve times as long as it is high."))
    return " ".join(f"{one:g}" for one in numbers)


def _written(one: Element, *, root: bool = False) -> str:
    space = ' xmlns="http://www.w3.org/2000/svg"' if root else ""
    attributes = "".join(f' {name}="{_escaped(value)}"' for name, value in one.attrib.items())
    inside = _escaped(one.text or "") + "".join(_written(child) for child in one)
    return f"<{one.tag}{space}{attributes}>{inside}</{one.tag}>"


def _escaped(text: str) -> str:
    for plain, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(plain, written)
    return text
