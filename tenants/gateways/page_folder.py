"""A folder of pages that a web server shows by itself, while nobody answers behind it."""

import os
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

_HEAD_BYTES = 200
_PARTIAL, _LEFT_S = ".partial-", 3600.0


class PageFolder:
    """Whole files or none. Everybody may read them: they are what a stranger is shown.

    Failures are OSError: no such disk, a full one, rights.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> str | None:
        """A page as it was written; None for one that is not there or cannot be read."""
        try:
            return (self._path / name).read_text(encoding="utf-8")
        except OSError:
            return None

    def starts_with(self, name: str, head: str) -> bool:
        """Whether there is such a page, and this is how it begins (at most 200 bytes)."""
        try:
            with (self._path / name).open("rb") as file:
                return file.read(_HEAD_BYTES).startswith(head.encode())
        except FileNotFoundError:
            return False

    def write(self, name: str, text: str) -> None:
        """Replace a page in one step; readers see the old one or the new one. Safe to repeat."""
        self._path.mkdir(mode=0o755, parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=_PARTIAL, dir=self._path)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(file.fileno(), 0o644)
            os.replace(partial, self._path / name)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise

    def keep_only(self, names: Collection[str]) -> None:
        """Remove every other page, and what a writer that was killed left an hour ago."""
        for path in self._path.iterdir():
            is_partial = path.name.startswith(_PARTIAL)
            if path.name not in names and not (is_partial and _age_s(path) < _LEFT_S):
                path.unlink(missing_ok=True)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
