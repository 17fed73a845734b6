"""Pictures of a brand: read with suspicion, written anew. The only file that knows Pillow and
typst's drawing of SVG.
"""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tenants.later import later
from tenants.rules.brand import BadBrand
from tenants.rules.colour import luminance
from tenants.rules.sayings import Said
from tenants.rules.svg import clean_svg

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont
else:
    Image, ImageDraw, ImageFont = later("PIL.Image"), later("PIL.ImageDraw"), later("PIL.ImageFont")

MOST_BYTES = 2_000_000
MOST_SIDE, LEAST_SIDE = 6_000, 32
_SIDES = Said("each side has %(least)s to %(most)s", least=LEAST_SIDE, most=f"{MOST_SIDE:,}")
LOGO_BOX, ICON_SIDE = (960, 240), 512
MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
PNG, SVG = "image/png", "image/svg+xml"
_SAMPLE, _SEEN_ALPHA = 48, 40
_lock = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A picture that is safe to serve: `content`, and the same as PNG for mails and papers.

    `luminance` is the mean (0 to 1) of what can be seen of it; `name` comes from its bytes.
    """

    content: bytes
    media_type: str
    png: bytes
    width: int
    height: int
    luminance: float

    @property
    def name(self) -> str:
        """`<hash>.png` or `<hash>.svg`."""
        ending = "svg" if self.media_type == SVG else "png"
        return f"{hashlib.sha256(self.content).hexdigest()[:32]}.{ending}"


def read_picture(data: bytes, member: str) -> Picture:
    """An uploaded logo or icon (`member`), decoded and encoded anew; metadata is gone.

    Raises BadBrand about `member`: too large, not a picture of a taken kind, broken.
    """
    if len(data) > MOST_BYTES:
        raise BadBrand(member, Said("The file has more than %(it)s MB.", it=MOST_BYTES // 1000000))
    kind = _kind(data)
    if kind == "SVG":
        if member == "icon":
            raise BadBrand(member, Said("An icon is a PNG, JPEG or WebP."))
        return _drawing(clean_svg(data, member), member)
    if not kind:
        raise BadBrand(
            member, Said("The file is no PNG, JPEG, WebP or SVG, whatever its name says.")
        )
    picture = _decoded(data, kind, member)
    shown = _square(picture) if member == "icon" else _fitted(picture)
    png = _png(shown)
    return Picture(png, PNG, png, *shown.size, _mean_luminance(shown))


def _kind(data: bytes) -> str:
    for magic, kind in MAGIC.items():
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    start = data[:400].lstrip(b"\xef\xbb\xbf \t\r\n")
    return "SVG" if start.startswith((b"<svg", b"<?xml", b"<!--")) else ""


def _decoded(data: bytes, kind: str, member: str) -> Image.Image:
    """The pixels. The size is known from the header, before anything is unpacked."""
    try:
        picture = Image.open(io.BytesIO(data), formats=(kind,))
        width, height = picture.size
        if max(width, height) > MOST_SIDE or min(width, height) < LEAST_SIDE:
            raise BadBrand(
                member,
                Said(
                    "The picture is %(width)s × %(height)s pixels: %(sides)s.",
                    width=f"{width:,}",
                    height=f"{height:,}",
                    sides=_SIDES,
                ),
            )
        if not 1 / 12 <= width / height <= 12:
            raise BadBrand(member, Said("A picture is at most twelve times as long as it is high."))
        return picture.convert("RGBA")
    except BadBrand:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadBrand(
            member, Said("The picture has far too many pixels: %(sides)s.", sides=_SIDES)
        ) from error
    except Exception as error:  # decoders fail in many ways; all mean the same to a person
        raise BadBrand(member, Said("The picture is broken: it could not be decoded.")) from error


def _fitted(picture: Image.Image) -> Image.Image:
    picture.thumbnail(LOGO_BOX, Image.Resampling.LANCZOS)
    return picture


def _square(picture: Image.Image) -> Image.Image:
    side = max(picture.size)
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return square.resize((ICON_SIDE, ICON_SIDE), Image.Resampling.LANCZOS)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _mean_luminance(picture: Image.Image) -> float:
    small = picture.copy()
    small.thumbnail((_SAMPLE, _SAMPLE))
    pixels = small.convert("RGBA").tobytes()
    seen = [luminance(f"#{pixels[at]:02X}{pixels[at + 1]:02X}{pixels[at + 2]:02X}")
            for at in range(0, len(pixels), 4) if pixels[at + 3] > _SEEN_ALPHA]  # fmt: skip
    return sum(seen) / len(seen) if seen else 1.0


def _drawing(svg: str, member: str) -> Picture:
    try:
        png = svg_png(svg, 240)
    except Exception as error:
        raise BadBrand(member, Said("The drawing cannot be drawn.")) from error
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    if _alpha_range(picture)[1] == 0:
        raise BadBrand(member, Said("The drawing is empty: nothing of it can be seen."))
    shown = _fitted(picture)
    return Picture(svg.encode(), SVG, _png(shown), *shown.size, _mean_luminance(shown))


def _alpha_range(picture: Image.Image) -> tuple[int, int]:
    low, high = picture.getchannel("A").getextrema()
    return int(low), int(high)  # type: ignore[arg-type]


def svg_png(svg: str, height: int) -> bytes:
    """A clean SVG drawn `height` pixels high, on nothing."""
    import typst  # noqa: PLC0415 - 13 MB that only an upload needs

    source = ("#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
              f'#image(bytes(sys.inputs.svg), format: "svg", height: {height}pt)')  # fmt: skip
    with _lock:
        made = typst.compile(source.encode(), sys_inputs={"svg": svg}, format="png", ppi=72.0)
    return made if isinstance(made, bytes) else made[0]


@lru_cache(maxsize=512)
def letter_icon(letter: str, fill: str, ink: str, side: int, rounded: bool) -> bytes:
    """A PNG icon for a brand without one: its letter on its fill. `rounded` leaves corners free."""
    big = side * 4
    picture = Image.new("RGBA", (big, big), (0, 0, 0, 0) if rounded else fill)
    draw = ImageDraw.Draw(picture)
    if rounded:
        draw.rounded_rectangle((0, 0, big - 1, big - 1), radius=big * 7 // 32, fill=fill)
    font = ImageFont.truetype(_inter(), big * 19 // 32)
    left, top, right, bottom = draw.textbbox((0, 0), letter, font=font)
    at = ((big - right - left) / 2, (big - bottom - top) / 2)
    draw.text(at, letter, font=font, fill=ink)
    return _png(picture.resize((side, side), Image.Resampling.LANCZOS))


@lru_cache(maxsize=128)
def scaled_icon(png: bytes, side: int, ground: str) -> bytes:
    """A kept icon at another size; on `ground` where a surface needs no holes, '' for none."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    picture = picture.resize((side, side), Image.Resampling.LANCZOS)
    if ground:
        opaque = Image.new("RGBA", picture.size, ground)
        opaque.alpha_composite(picture)
        picture = opaque
    return _png(picture)


@lru_cache(maxsize=1)
def _inter() -> str:
    folder = find_spec("unfold").submodule_search_locations[0]  # type: ignore[union-attr,index]
    return str(Path(folder) / "static/unfold/fonts/inter/Inter-SemiBold.woff2")
