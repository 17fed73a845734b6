"""An archive that proves itself: a zip whose manifest names the SHA-256 of every file in it.

The same files give the same bytes: names in order, no times, nothing compressed.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from billing.rules.documents import canonical_bytes, sha256_hex

MANIFEST = "manifest.json"
SCHEMA = "agentcache.run-archive/1"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say


def archive_bytes(about: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """A zip of `files` (path → content) with a manifest that begins with `about`."""
    listed = {
        path: {"sha256": sha256_hex(content), "bytes": len(content)}
        for path, content in files.items()
    }
    manifest = canonical_bytes({"schema": SCHEMA, **about, "files": listed})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted({**files, MANIFEST: manifest}):
            info = zipfile.ZipInfo(path, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, manifest if path == MANIFEST else files[path])
    return out.getvalue()


def zip_pieces(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """A zip of files as they come, in pieces: no more than one of them is in memory.

    Nothing is compressed: PDFs are so already. Names must differ.
    """
    out = _Outbox()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
            yield out.taken()
    yield out.taken()


class _Outbox(io.RawIOBase):
    """Keeps what a zip writes until somebody takes it; it cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._kept += piece
        return len(piece)

    def taken(self) -> bytes:
        """What was written since."""
        piece, self._kept = bytes(self._kept), bytearray()
        return piece


def archive_problems(content: bytes) -> list[str]:
    """What in an archive is not as its manifest says; empty when all of it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        return [f"not a readable zip: {error}"]
    if MANIFEST not in found:
        return ["no manifest"]
    listed = json.loads(found.pop(MANIFEST))["files"]
    problems = [f"{path} is missing" for path in sorted(set(listed) - set(found))]
    problems += [f"{path} is not in the manifest" for path in sorted(set(found) - set(listed))]
    problems += [
        f"{path} was changed"
        for path in sorted(set(found) & set(listed))
        if sha256_hex(found[path]) != listed[path]["sha256"]
    ]
    return problems
