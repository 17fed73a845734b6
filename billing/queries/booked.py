"""What earlier runs of the same period have booked: rating subtracts it."""

import uuid
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from django.db.models import F, Q, Sum
from django.db.models.functions import Collate

from billing.models import CustomerShare, RatedLine
from billing.rules.inputs import COLLECTED_KEY, BookedLine, BookedShare
from billing.rules.periods import Period

_AT_ONCE = 500  # rows in hand
_IDENTITY = (
    "key", "kind", "payer", "customer_id", "external_id", "name", "version_id", "phase", "meter",
    "rate_key", "unit", "description",
)  # fmt: skip


def booked_lines(
    agreement_id: uuid.UUID, period: Period, run_id: uuid.UUID | None
) -> Iterator[BookedLine]:
    """Per line key, what other issued runs of the period added; `run_id` is the present run.

    One query, read as it is asked for.
    """
    rows = (
        RatedLine.objects.filter(attempt=F("run__attempt"), **_issued(agreement_id, period))
        .exclude(run_id=run_id)
        .order_by(Collate("key", "C"), "run__sequence", "line_no")
        .values("amount_minor", "earned_minor", *_IDENTITY)
    )
    for _, found in groupby(rows.iterator(_AT_ONCE), itemgetter("key")):
        same = list(found)
        identity = {name: same[-1][name] for name in _IDENTITY}
        identity["customer_id"] = str(identity["customer_id"]) if identity["customer_id"] else None
        identity["version_id"] = str(identity["version_id"])
        yield BookedLine(
            rounded_minor=sum(row["amount_minor"] for row in same),
            earned_minor=sum(row["earned_minor"] for row in same),
            **identity,
        )


def booked_shares(
    agreement_id: uuid.UUID, period: Period, run_id: uuid.UUID | None
) -> Iterator[BookedShare]:
    """Per share key, what other issued runs of the period added; shares of receipts of any.

    One query, read as it is asked for.
    """
    issued = CustomerShare.objects.filter(
        attempt=F("run__attempt"), run__agreement_id=agreement_id, run__issued_at__isnull=False
    )
    of_period = Q(run__period_start=period.start, run__period_end=period.end)
    rows = (
        issued.filter(of_period | Q(key__startswith=COLLECTED_KEY))
        .exclude(run_id=run_id)
        .values("key")
        .annotate(
            base=Sum("delta_base_minor"),
            partner=Sum("delta_partner_minor"),
            platform=Sum("delta_platform_minor"),
        )
        .order_by("key")
    )
    for row in rows.iterator(_AT_ONCE):
        yield BookedShare(row["key"], int(row["base"]), int(row["partner"]), int(row["platform"]))


def _issued(agreement_id: uuid.UUID, period: Period) -> dict[str, object]:
    return {
        "run__agreement_id": agreement_id, "run__period_start": period.start,
        "run__period_end": period.end, "run__issued_at__isnull": False,
    }  # fmt: skip
