"""Partners' own counts: the files, and one of them beside the recorded hours."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime, timedelta

from billing.models import CountFile
from billing.rules.trust.counts import Comparison, compare, parse_counts
from cache_api.queries.behind import COUNTS, Slice, rollup_hours


def count_files(partner_id: uuid.UUID, limit: int = 50) -> list[CountFile]:
    """The partner's files without their bytes, newest first: one query."""
    return list(CountFile.objects.filter(partner_id=partner_id).defer("content")[:limit])


def count_file(file_id: uuid.UUID, partner_id: uuid.UUID) -> CountFile | None:
    """One file of the partner."""
    return CountFile.objects.filter(pk=file_id, partner_id=partner_id).first()


def compared(file: CountFile) -> Comparison:
    """The file against live usage as it is recorded now. Runs in the partner's schema."""
    counted = parse_counts(bytes(file.content))
    recorded: dict[tuple[datetime, str], int] = defaultdict(int)
    what = Slice(file.first_hour, file.last_hour + timedelta(hours=1))
    column = COUNTS.index(file.measure)
    for row in rollup_hours(what):
        if row.counts[column]:
            recorded[row.hour, row.external_id] += row.counts[column]
    return compare(counted, recorded, file.tolerance_bps)
