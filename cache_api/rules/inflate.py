"""Request bodies that come compressed: opened up to a bound, or refused with the reason. Pure.

gzip or zstd, one of them, once. Never more is unpacked than may be, whatever the sender says.
"""

import io
import zlib

import zstandard

# A value of 8 MiB is 10.7 MiB of base64; plain bodies are bounded below that (`strictjson`).
MAX_BYTES = 12 * 1024 * 1024
CODINGS = ("gzip", "zstd")
_GZIP_ONLY = 31  # zlib's window bits: 15, and nothing but gzip's frame
_MAX_WINDOW = 16 * 1024 * 1024  # RFC 8878 §3.1.1.1.2 asks for 8 at least; a whole body fits


class BadBody(ValueError):
    """A body that is refused; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def inflated(body: bytes, coding: str, most: int = MAX_BYTES) -> bytes:
    """The body behind a `Content-Encoding`. Raises BadBody."""
    if coding not in CODINGS:
        detail = f"Send the body plain, or with Content-Encoding {' or '.join(CODINGS)}."
        raise BadBody("unsupported-media", detail)
    try:
        plain = _gunzip(body, most) if coding == "gzip" else _unzstd(body, most)
    except (zlib.error, zstandard.ZstdError) as error:
        raise BadBody("invalid-request", f"The body is not {coding}: {error}.") from error
    if plain is None:
        raise BadBody("invalid-request", f"The body is not one whole {coding} frame.")
    if len(plain) > most:
        raise BadBody("payload-too-large", f"The body unpacks to more than {most} bytes.")
    return plain


def _gunzip(body: bytes, most: int) -> bytes | None:
    opener = zlib.decompressobj(_GZIP_ONLY)
    plain = opener.decompress(body, most + 1)
    if len(plain) > most:
        return plain
    return plain if opener.eof and not opener.unused_data else None


def _unzstd(body: bytes, most: int) -> bytes | None:
    source = io.BytesIO(body)
    opener = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    with opener.stream_reader(source, read_across_frames=True) as reader:
        plain = b"".join(iter(lambda: reader.read(1 << 20) if reader.tell() <= most else b"", b""))
    if len(plain) > most:
        return plain
    # The reader says nothing of a frame that breaks off: its last block or checksum is missing.
    whole = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
    whole.decompress(body)
    return plain if whole.eof and not whole.unused_data else None
