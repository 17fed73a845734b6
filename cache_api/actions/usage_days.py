"""Old usage leaves PostgreSQL as hashed Parquet files, and comes back from them.

Three steps a person takes: export (changes nothing here), drop, and, if ever needed, restore; what
left can be verified where it lies. Only whole UTC days go, the oldest first, so that all is kept
from one day on.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from cache_api.gateways import day_files
from cache_api.metering import store
from cache_api.metering.models import ChannelDay, UsageEvent
from cache_api.queries.left_days import DROPPED, left_days
from cache_api.queries.roots import root_at, sealed_days
from cache_api.rules.day_files import (
    COLUMNS,
    MANIFEST,
    BadDayFile,
    Manifest,
    PartnerFile,
    check_bytes,
    check_noted,
    check_root,
    folder_name,
    in_order,
    manifest_bytes,
    may_leave,
    read_manifest,
)
from cache_api.rules.leaves import day_span
from tenants import audit

BLOCK = 2_000


class NotYet(Exception):
    """The day cannot be exported or dropped; the text says why. Nothing was changed."""


def old_days(now: datetime) -> list[date]:
    """Days that lie in PostgreSQL and may leave, the oldest first (public schema)."""
    today = now.astimezone(UTC).date()
    return [day for day in store.kept_days() if may_leave(day, today)]


def export_day(*, day: date, folder: Path, now: datetime) -> Manifest:
    """Write the day's files; the manifest. Changes nothing in PostgreSQL.

    Runs as owner, public schema. Safe to repeat: files that lie there and are right stay as they
    are. Raises NotYet for a day that is too young or not sealed to its last event, BadDayFile for
    files there that are not what their manifest says.
    """
    if not may_leave(day, now.astimezone(UTC).date()):
        raise NotYet(f"{day} is too young: usage stays 95 days.")
    place = folder / folder_name(day)
    if (place / MANIFEST).exists():
        return check_day(day, folder)
    partners = ChannelDay.objects.filter(day=day, events__gt=0).values_list("partner_id", flat=True)
    files = [_export(one, day, place) for one in partners.order_by("partner_id").distinct()]
    manifest = Manifest(day, tuple(files))
    day_files.write(place / MANIFEST, manifest_bytes(manifest))
    return manifest


def _export(partner_id: UUID, day: date, place: Path) -> PartnerFile:
    sealed = sealed_days(partner_id, day, day + timedelta(days=1)).get(day)
    bound = store.last_batch(partner_id)
    if sealed is None or root_at(partner_id, day, bound) != sealed:
        raise NotYet(
            f"{day} of {partner_id} is not sealed to its last event: wait for the worker's next "
            "sealing (five minutes), then ask reconcile."
        )
    raw = day_files.to_parquet(_events(partner_id, day).values_list(*COLUMNS).iterator(BLOCK))
    made = PartnerFile(partner_id, sealed.size, bound, sealed.root, day_files.sha256_of(raw))
    day_files.write(place / made.name, raw)
    return made


def check_day(day: date, folder: Path) -> Manifest:
    """The manifest of an exported day, every file compared with it. Raises BadDayFile."""
    place = folder / folder_name(day)
    try:
        manifest = read_manifest((place / MANIFEST).read_bytes())
        for one in manifest.files:
            check_bytes(one, (place / one.name).read_bytes())
    except OSError as error:
        raise BadDayFile(f"{place}: {error.strerror or error} ({error.filename}).") from error
    except BadDayFile as error:
        raise BadDayFile(f"{place}: {error}") from error
    if manifest.day != day:
        raise BadDayFile(f"{place / MANIFEST} is of {manifest.day}.")
    return manifest


def drop_day(*, day: date, folder: Path, actor: str, now: datetime) -> int:
    """Take an exported day out of PostgreSQL; how many events went.

    Runs as owner, public schema. The files are read again and compared with the events first. Safe
    to repeat: a day that is gone stays gone, and counts 0. Raises NotYet, BadDayFile.
    """
    kept = store.kept_days()
    if day not in kept:
        return 0
    if day != kept[0]:
        raise NotYet(f"{kept[0]} is older than {day} and still here: the oldest goes first.")
    if not may_leave(day, now.astimezone(UTC).date()):
        raise NotYet(f"{day} is too young: usage stays 95 days.")
    manifest = check_day(day, folder)
    with transaction.atomic():
        store.lock_day(day)
        for one in manifest.files:
            found = root_at(one.partner_id, day, store.last_batch(one.partner_id))
            check_root(one, found.root if found else "", found.size if found else 0)
        events = sum(one.events for one in manifest.files)
        if store.count_day(day) != events:
            raise NotYet(f"{day} has events of partners that its manifest does not name.")
        store.note_numbers_of(day)
        store.drop_day(day)
        audit.record(actor=actor, verb=DROPPED, target=day.isoformat(), at=now,
                     data={"events": events, "files": {one.name: one.sha256
                                                       for one in manifest.files}})  # fmt: skip
    return events


def restore_days(
    *,
    since: date,
    folder: Path,
    actor: str,
    now: datetime,
    tell: Callable[[date, int], object] = lambda *_: None,
) -> dict[date, int]:
    """Bring back every exported day from `since` on that is gone; how many events each has.

    Runs as owner, public schema; a transaction a day, the newest first. Rollups were never away, so
    they are not touched. Safe to repeat and to break off; `tell` hears of each day. Raises
    BadDayFile, for a day that left and lies nowhere before anything was changed.
    """
    kept, left = store.kept_days(), left_days()
    exported = [date.fromisoformat(one.name.removeprefix("day=")) for one in folder.glob("day=*")]
    lost = [day for day in left if day >= since and day not in exported]
    if lost:
        raise BadDayFile(f"{folder / folder_name(lost[0])} is missing, and that day's usage left.")
    wanted = in_order([day for day in exported if day >= since], kept[0] if kept else None)
    done = {}
    for day in wanted:
        done[day] = _restore(day, folder, left.get(day), actor, now)
        tell(day, done[day])
    return done


def verify_days(*, folder: Path) -> tuple[int, list[str]]:
    """How many days have left, and what of their files is missing or not as it left, a sentence
    each (public schema). Reads every file; changes nothing."""
    left, problems = left_days(), []
    for day, noted in left.items():
        try:
            check_noted(check_day(day, folder), noted)
        except BadDayFile as error:
            problems.append(str(error))
    return len(left), problems


def _restore(
    day: date, folder: Path, noted: Mapping[str, str] | None, actor: str, now: datetime
) -> int:
    manifest, place = check_day(day, folder), folder / folder_name(day)
    if noted is not None:
        check_noted(manifest, noted)
    with transaction.atomic():
        store.ensure_days([day])
        for one in manifest.files:
            for block in _blocks(day_files.from_parquet((place / one.name).read_bytes())):
                UsageEvent.objects.bulk_create(block)
            found = root_at(one.partner_id, day, one.batch_bound)
            check_root(one, found.root if found else "", found.size if found else 0)
        events = sum(one.events for one in manifest.files)
        audit.record(actor=actor, verb="usage.day_restored", target=day.isoformat(), at=now,
                     data={"events": events})  # fmt: skip
    return events


def _blocks(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[UsageEvent]]:
    while block := [UsageEvent(**row) for row in islice(rows, BLOCK)]:
        yield block


def _events(partner_id: UUID, day: date) -> QuerySet[UsageEvent]:
    first, last = day_span(day)
    rows = UsageEvent.objects.filter(partner_id=partner_id, event_id__gte=first, event_id__lt=last)
    return rows.order_by("recorded_batch", "event_id")
