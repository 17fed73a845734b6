"""Objects, idempotency keys and notices in one SQLite file (or in memory)."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from typing import Any

PREFIX = {
    "customer": "cus", "account": "acct", "invoice": "in", "invoiceitem": "ii", "charge": "ch",
    "payment_intent": "pi", "balance_transaction": "txn", "refund": "re", "transfer": "tr",
    "credit_note": "cn", "event": "evt", "transfer_reversal": "trr", "dispute": "dp",
}  # fmt: skip
_TABLES = """
CREATE TABLE IF NOT EXISTS object (id TEXT PRIMARY KEY, kind TEXT, seq INTEGER, body TEXT);
CREATE TABLE IF NOT EXISTS key (key TEXT PRIMARY KEY, print TEXT, status INTEGER, body TEXT);
"""


class NoSuchObject(LookupError):
    """Nothing of this kind has this id."""


class Store:
    """All there is. Callers hold the server's lock."""

    def __init__(self, path: str = ":memory:") -> None:
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.executescript(_TABLES)

    def add(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """Give a new object its id, kind and time, and keep it."""
        size = 12 if kind == "account" else 18
        made = {"id": f"{PREFIX[kind]}_{secrets.token_hex(size // 2)}", "object": kind,
                "created": int(time.time()), "livemode": False, **body}  # fmt: skip
        seq = self._file.execute("SELECT coalesce(max(seq), 0) + 1 FROM object").fetchone()[0]
        self._file.execute("INSERT INTO object VALUES (?, ?, ?, ?)",
                           (made["id"], kind, seq, json.dumps(made)))  # fmt: skip
        return made

    def put(self, body: dict[str, Any]) -> dict[str, Any]:
        """Keep a changed object."""
        self._file.execute("UPDATE object SET body = ? WHERE id = ?",
                           (json.dumps(body), body["id"]))  # fmt: skip
        return body

    def get(self, kind: str, object_id: str) -> dict[str, Any]:
        """One object. Raises NoSuchObject."""
        row = self._file.execute(
            "SELECT body FROM object WHERE id = ? AND kind = ?", (object_id, kind)
        ).fetchone()
        if row is None:
            raise NoSuchObject(f"No such {kind}: '{object_id}'")
        found: dict[str, Any] = json.loads(row[0])
        return found

    def all(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        """Objects of a kind with these members, newest first."""
        rows = self._file.execute(
            "SELECT body FROM object WHERE kind = ? ORDER BY seq DESC", (kind,)
        ).fetchall()
        found = [json.loads(row[0]) for row in rows]
        return [one for one in found if all(one.get(k) == v for k, v in wanted.items())]

    def remembered(self, key: str) -> tuple[str, int, str] | None:
        """Fingerprint, status and body of an answer given under a key."""
        row: tuple[str, int, str] | None = self._file.execute(
            "SELECT print, status, body FROM key WHERE key = ?", (key,)
        ).fetchone()
        return row

    def remember(self, key: str, fingerprint: str, status: int, body: str) -> None:
        """Answer this key the same way from now on."""
        self._file.execute("INSERT OR REPLACE INTO key VALUES (?, ?, ?, ?)",
                           (key, fingerprint, status, body))  # fmt: skip

    def forget_keys(self) -> None:
        """As after a day."""
        self._file.execute("DELETE FROM key")
