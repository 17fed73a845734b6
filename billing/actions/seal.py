"""Seal the journal: from then on a changed, added or vanished row is found by `reconcile`."""

from datetime import datetime

from django.db import transaction

from billing.gateways.seals import seal_entries


def seal_journal(*, now: datetime) -> int:
    """One checkpoint over all entries since the last; returns how many, 0 when there is none.

    Safe to repeat and at once from two workers: an entry is sealed once.
    """
    with transaction.atomic():
        return seal_entries(now)
