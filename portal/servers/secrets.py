"""The demo's own secrets: made once, kept in DATA_DIR/secrets, readable by this user only."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

LOGINS = ("postgres", "ac_owner", "ac_web", "ac_recorder", "ac_settle")
VALKEYS = ("cache", "events")


class Secrets:
    """Reads and makes files of `folder` (0700, files 0600)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ensure(self) -> None:
        """Make what is missing; existing files stay as they are."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._make("secret_key", lambda: secrets.token_urlsafe(48).encode())
        self._make("kek", _key_without_edge_spaces)
        for name in (*LOGINS, *VALKEYS):
            self._make(f"password_{name}", lambda: secrets.token_urlsafe(24).encode())

    def password(self, name: str) -> str:
        """The password of a database login or a Valkey (letters, digits, `-`, `_`: URL-safe)."""
        return (self.folder / f"password_{name}").read_text()

    def _make(self, name: str, value: Callable[[], bytes]) -> None:
        path = self.folder / name
        if path.exists():
            return
        # Written aside and renamed: a killed first start must not leave half a secret.
        aside = self.folder / f".{name}.new"
        aside.unlink(missing_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(value())
        aside.rename(path)


def _key_without_edge_spaces() -> bytes:
    """32 random bytes that survive a reader's `strip()`."""
    while True:
        key = secrets.token_bytes(32)
        if key.strip() == key:
            return key
