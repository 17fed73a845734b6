"""Take document numbers: a locked counter per issuer, series and year, without a gap."""

import uuid
from collections import Counter
from collections.abc import Iterable

from django.db.models import F

from billing.models import NumberSeries

Series = tuple[str, str, int]


def take_numbers(wanted: Iterable[Series], partner_id: uuid.UUID) -> dict[Series, int]:
    """First number of each (issuer, series, year) for as many documents as asked.

    Inside the issuing transaction: a rollback gives the numbers back, so there is no gap; another
    issuer of the same series waits. Counters are locked in one order, so nobody waits in a circle.
    """
    counts = Counter(wanted)
    return {series: _take(series, counts[series], partner_id) for series in sorted(counts)}


def lock_series(wanted: Iterable[Series], partner_id: uuid.UUID) -> None:
    """Lock these counters, in the one order, before numbers are taken from them part by part.

    A counter that takes no number afterwards stays where it is.
    """
    for series in sorted(set(wanted)):
        _take(series, 0, partner_id)


def _take(series: Series, count: int, partner_id: uuid.UUID) -> int:
    issuer, name, year = series
    key = {"issuer": issuer, "series": name, "year": year}
    owner = None if issuer == "platform" else partner_id
    NumberSeries.objects.bulk_create([NumberSeries(**key, partner_id=owner)], ignore_conflicts=True)
    NumberSeries.objects.filter(**key).update(last_number=F("last_number") + count)
    return NumberSeries.objects.values_list("last_number", flat=True).get(**key) - count + 1
