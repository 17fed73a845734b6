"""Partners' own counts: the files, and one of them beside the recorded hours."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime, timedelta

from django.utils import timezone

from billing.models import CountFile
from billing.rules.trust.counts import Comparison, compare, parse_counts
from cache_api.queries.behind import COUNTS, Slice, rollup_hours
from cache_api.rules.spans import hours_from


def count_files(partner_id: uuid.UUID, limit: int = 50) -> list[CountFile]:
    """The partner's files without their bytes, newest first: one query."""
    return list(CountFile.objects.filter(partner_id=partner_id).defer("content")[:limit])


def count_file(file_id: uuid.UUID, partner_id: uuid.UUID) -> CountFile | None:
    """One file of the partner."""
    return CountFile.objects.filter(pk=file_id, partner_id=partner_id).first()


def compared(file: CountFile) -> Comparison:
    """The file against live usage as it is recorded now, hours that are no longer kept left out.

    Runs in the partner's schema.
    """
    kept_from = hours_from(timezone.now())
    given = parse_counts(bytes(file.content)).items()
    counted = {key: count for key, count in given if key[0] >= kept_from}
    recorded: dict[tuple[datetime, str], int] = defaultdict(int)
    what = Slice(max(file.first_hour, kept_from), file.last_hour + timedelta(hours=1))
    column = COUNTS.index(file.measure)
    for row in rollup_hours(what):
        if row.counts[column]:
            recorded[row.hour, row.external_id] += row.counts[column]
    return compare(counted, recorded, file.tolerance_bps)
