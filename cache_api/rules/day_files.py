"""Files of usage days that leave PostgreSQL: their names, and what their manifest says. Pure.

A day is a folder `day=YYYY-MM-DD` with a Parquet file a partner and `manifest.json`, which is
written last: a folder without one is a day that was broken off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

SCHEMA = "agentcache.usage-day/1"
MANIFEST = "manifest.json"
# 90 days of disputes and late usage, and some to spare: what is younger does not leave.
KEPT = timedelta(days=95)
# name → kind; the first four are never null. Order and kinds are part of the format.
COLUMNS: dict[str, str] = {
    "event_id": "uuid", "partner_id": "uuid", "recorded_batch": "count", "occurred_at": "micros",
    "customer": "text", "batch_id": "uuid", "boot_id": "uuid", "seq": "count", "quantity": "count",
    "livemode": "flag", "key_id": "text", "kind": "text", "outcome": "text", "reason": "text",
    "provider": "text", "model": "text", "tokens_in": "count", "tokens_out": "count",
    "bytes": "count", "byte_seconds": "count", "namespace": "text", "tags": "json",
    "primary_cache": "text", "overflow_reason": "text", "primary_latency_us": "count",
    "latency_us": "count", "cost_saved_micros": "count", "price_version": "text",
    "region": "text", "sdk": "text", "prefix_tokens": "count", "prefix_saved_micros": "count",
}  # fmt: skip


class BadDayFile(Exception):
    """A file is not what its manifest says; the text names it and what is wrong."""


@dataclass(frozen=True)
class PartnerFile:
    """One partner's events of the day. `root`: of their Merkle tree, hex; `sha256`: of the file."""

    partner_id: UUID
    events: int
    batch_bound: int
    root: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name in its folder."""
        return f"partner={self.partner_id}.parquet"


@dataclass(frozen=True)
class Manifest:
    """All files of one UTC day."""

    day: date
    files: tuple[PartnerFile, ...]


def folder_name(day: date) -> str:
    """The day's folder, as engines that read Parquet know partitions."""
    return f"day={day.isoformat()}"


def may_leave(day: date, today: date) -> bool:
    """Whether a day is old enough."""
    return day < today - KEPT


def manifest_bytes(manifest: Manifest) -> bytes:
    """The manifest as it lies beside the files; the same for the same day."""
    files = [
        {name: str(value) if isinstance(value, UUID) else value
         for name, value in asdict(one).items()}
        for one in sorted(manifest.files, key=lambda one: one.name)
    ]  # fmt: skip
    told = {"schema": SCHEMA, "day": manifest.day.isoformat(), "files": files}
    return json.dumps(told, indent=1, sort_keys=True).encode() + b"\n"


def read_manifest(raw: bytes) -> Manifest:
    """Raises BadDayFile."""
    try:
        told: dict[str, Any] = json.loads(raw)
        if told["schema"] != SCHEMA:
            raise BadDayFile(f"{MANIFEST} is of {told['schema']!r}; this version reads {SCHEMA}.")
        files = [PartnerFile(**{**one, "partner_id": UUID(one["partner_id"])})
                 for one in told["files"]]  # fmt: skip
        return Manifest(date.fromisoformat(told["day"]), tuple(files))
    except (ValueError, KeyError, TypeError) as error:
        raise BadDayFile(f"{MANIFEST} cannot be read: {error!r}.") from error


def check_bytes(file: PartnerFile, raw: bytes) -> None:
    """Raises BadDayFile unless these are the file's bytes."""
    found = sha256(raw).hexdigest()
    if found != file.sha256:
        raise BadDayFile(f"{file.name} has SHA-256 {found}, its manifest says {file.sha256}.")


def check_noted(manifest: Manifest, noted: Mapping[str, str]) -> None:
    """Raises BadDayFile unless these are the files (name → SHA-256) that the log has of the day."""
    found = {one.name: one.sha256 for one in manifest.files}
    if found != dict(noted):
        names = sorted(name for name in {*found, *noted} if found.get(name) != noted.get(name))
        raise BadDayFile(
            f"{folder_name(manifest.day)}: {', '.join(names)} is not what left PostgreSQL, by the "
            "audit log."
        )


def check_root(file: PartnerFile, root: str, events: int) -> None:
    """Raises BadDayFile unless the events give the root that was sealed."""
    if (root, events) != (file.root, file.events):
        raise BadDayFile(
            f"{file.name}: {events} events give the root {root}, its manifest says {file.events} "
            f"and {file.root}."
        )


def in_order(days: Sequence[date], kept_from: date | None) -> list[date]:
    """Days that can come back, in the order in which they must: the newest gone one first."""
    gone = [day for day in days if kept_from is None or day < kept_from]
    return sorted(gone, reverse=True)
