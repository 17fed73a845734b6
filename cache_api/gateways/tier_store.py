"""The second tier's objects, on a local disk or in an S3-compatible store, by URL.

obstore (bindings of Rust's object_store) speaks to both in one way. An object is
`expiry (8, Unix ms) ‖ CRC-32 of the rest (4) ‖ sealed value`: the expiry lets a sweep remove what
it cannot open, the checksum tells a torn write (a miss) from a forged value (an alarm).
"""

import contextlib
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from cache_api.rules.purging import FLOOR_MS
from tenants.later import later

if TYPE_CHECKING:
    import obstore
else:
    obstore = later("obstore", "obstore.exceptions", "obstore.store")

HEADER = 12
# A disk that is full would also stop the spool: the tier leaves this much to others.
KEEP_FREE_BYTES = 1024**3
_LOOK_EVERY_S = 1.0
_REMOTE_TIMEOUT = timedelta(seconds=10)
_READ_AT_ONCE = 100
_PARTNER = re.compile(r"[0-9a-f]{32}")


class BadTier(ValueError):
    """A TIER_URL that cannot be used; the text does not repeat it, since it may hold secrets."""


class NoRoom(OSError):
    """The disk is nearly full; nothing was written."""


def failures() -> tuple[type[Exception], type[Exception]]:
    """obstore's own, and Python's where it fits (not found, denied)."""
    return obstore.exceptions.BaseError, OSError


class TierStore:
    """Objects by name. Every failure is one of `failures()`."""

    def __init__(self, url: str) -> None:
        """Raises BadTier. Makes a local folder."""
        parts = urlsplit(url)
        self.folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._objects = _open(url)
        self.sieves: tuple[bytes, ...] = ()  # in memory, where this is far (`hot.sieve`)
        self._looked_at, self._is_full = 0.0, False

    async def get(self, name: str, now_ms: int) -> bytes | None:
        """The sealed value, or None: absent, expired or torn."""
        try:
            found = await obstore.get_async(self._objects, name)
            raw = bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        return _opened(raw, now_ms)

    async def put(self, name: str, sealed: bytes, expires_at_ms: int) -> None:
        """Write or replace."""
        self._check_room()
        await obstore.put_async(self._objects, name, _framed(sealed, expires_at_ms))

    async def delete(self, name: str) -> None:
        """Remove it if it is there."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._objects, name)

    def read(self, name: str, now_ms: int) -> bytes | None:
        """`get` for threads."""
        try:
            raw = bytes(obstore.get(self._objects, name).bytes())
        except FileNotFoundError:
            return None
        return _opened(raw, now_ms)

    def write(self, name: str, sealed: bytes, expires_at_ms: int) -> None:
        """`put` for threads."""
        self._check_room()
        obstore.put(self._objects, name, _framed(sealed, expires_at_ms))

    def remove(self, name: str) -> None:
        """`delete` for threads."""
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._objects, name)

    def partners(self) -> list[str]:
        """Whose values are here: partner ids in hex digits."""
        listed = obstore.list_with_delimiter(self._objects)
        names = [prefix.strip("/") for prefix in listed["common_prefixes"]]
        return [name for name in names if _PARTNER.fullmatch(name)]

    def count(self, partner: str) -> int:
        """How many objects a partner has here."""
        return sum([len(listed) for listed in obstore.list(self._objects, f"{partner}/")])

    def clear(self) -> None:
        """Remove everything."""
        for partner in self.partners():
            for listed in obstore.list(self._objects, f"{partner}/"):
                for one in listed:
                    self.remove(one["path"])

    def sweep(self, partner: str, now_ms: int) -> Iterator[tuple[int, int, list[bytes]]]:
        """Remove what has expired of a partner, a hundred objects a step.

        Each step: (bytes that stay, objects removed, names that stay).
        """
        for listed in obstore.list(self._objects, f"{partner}/", chunk_size=_READ_AT_ONCE):
            gone = [one["path"] for one in listed if self._has_expired(one, now_ms)]
            for path in gone:
                self.remove(path)
            stay = [one for one in listed if one["path"] not in gone]
            names = [one["path"].encode() for one in stay]
            yield sum([one["size"] for one in stay]), len(gone), names

    def _has_expired(self, listed: Any, now_ms: int) -> bool:
        oldest = datetime.fromtimestamp((now_ms - FLOOR_MS) / 1000, UTC)
        if listed["last_modified"] < oldest:
            return True  # nothing lives longer
        try:
            raw = bytes(obstore.get_range(self._objects, listed["path"], start=0, length=8))
        except FileNotFoundError:
            return False  # another sweep was here
        return int.from_bytes(raw, "big") <= now_ms

    def _check_room(self) -> None:
        if self.folder is None:
            return
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            self._is_full = shutil.disk_usage(self.folder).free < KEEP_FREE_BYTES
        if self._is_full:
            raise NoRoom(f"{self.folder}: less than {KEEP_FREE_BYTES >> 20} MiB are free")


def _open(url: str) -> Any:
    parts = urlsplit(url)
    settings: Any = dict(parse_qsl(parts.query))
    bare = urlunsplit(parts._replace(query="", fragment=""))
    try:
        if parts.scheme == "file":
            Path(unquote(parts.path)).mkdir(parents=True, exist_ok=True, mode=0o700)
            return obstore.store.from_url(bare)
        options: Any = {
            "timeout": _REMOTE_TIMEOUT,
            "connect_timeout": timedelta(seconds=2),
            "allow_http": settings.get("endpoint", "").startswith("http://"),
        }
        # Retrying is the breaker's matter: a request that waits wants a quick no.
        no_retries: Any = {"max_retries": 0}
        return obstore.store.from_url(
            bare, config=settings, client_options=options, retry_config=no_retries
        )
    except (*failures(), ValueError, TypeError) as error:
        kind = type(error).__name__
        raise BadTier(
            f"The second tier ({parts.scheme}://…) cannot be opened ({kind}). TIER_URL is "
            "file:///a/folder, s3://bucket/prefix?endpoint=https://…&region=…, or off."
        ) from error


def _framed(sealed: bytes, expires_at_ms: int) -> bytes:
    return expires_at_ms.to_bytes(8, "big") + zlib.crc32(sealed).to_bytes(4, "big") + sealed


def _opened(raw: bytes, now_ms: int) -> bytes | None:
    sealed = raw[HEADER:]
    is_whole = len(raw) > HEADER and zlib.crc32(sealed) == int.from_bytes(raw[8:HEADER], "big")
    return sealed if is_whole and int.from_bytes(raw[:8], "big") > now_ms else None
