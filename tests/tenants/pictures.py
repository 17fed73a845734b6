"""Logos for tests, drawn here: good ones and bad ones."""

import io
import struct
import zlib

from PIL import Image, ImageDraw


def logo(colour="#102040", size=(400, 100), kind="PNG", **more):
    """A bar of one colour on nothing (JPEG: on white), as a file's bytes."""
    mode, ground = ("RGB", "white") if kind == "JPEG" else ("RGBA", (0, 0, 0, 0))
    picture = Image.new(mode, size, ground)
    ImageDraw.Draw(picture).rectangle((4, 4, size[0] - 5, size[1] - 5), fill=colour)
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def svg(inside='<rect width="40" height="10" fill="#102040"/>', head='viewBox="0 0 40 10"'):
    """An SVG file with these elements."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{inside}</svg>'.encode()


def bomb(side=30_000):
    """A PNG of some hundred bytes whose header says `side` × `side` pixels."""

    def chunk(name, body):
        sealed = name + body
        return struct.pack(">I", len(body)) + sealed + struct.pack(">I", zlib.crc32(sealed))

    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
