"""What earlier runs of the same period have booked: rating subtracts it."""

import uuid

from django.db.models import F, Q, Sum

from billing.models import CustomerShare, RatedLine
from billing.rules.inputs import COLLECTED_KEY, BookedLine, BookedShare
from billing.rules.periods import Period

_IDENTITY = (
    "key", "kind", "payer", "customer_id", "external_id", "name", "version_id", "phase", "meter",
    "rate_key", "unit", "description",
)  # fmt: skip


def booked_lines(
    agreement_id: uuid.UUID, period: Period, run_id: uuid.UUID | None
) -> tuple[BookedLine, ...]:
    """Per line key, what other issued runs of the period added; `run_id` is the present run."""
    found: dict[str, BookedLine] = {}
    rows = (
        RatedLine.objects.filter(attempt=F("run__attempt"), **_issued(agreement_id, period))
        .exclude(run_id=run_id)
        .order_by("run__sequence", "line_no")
        .values("amount_minor", "earned_minor", *_IDENTITY)
    )
    for row in rows:
        identity = {name: row[name] for name in _IDENTITY}
        identity["customer_id"] = str(row["customer_id"]) if row["customer_id"] else None
        identity["version_id"] = str(row["version_id"])
        before = found.get(row["key"])
        found[row["key"]] = BookedLine(
            rounded_minor=row["amount_minor"] + (before.rounded_minor if before else 0),
            earned_minor=row["earned_minor"] + (before.earned_minor if before else 0),
            **identity,
        )
    return tuple(found[key] for key in sorted(found))


def booked_shares(
    agreement_id: uuid.UUID, period: Period, run_id: uuid.UUID | None
) -> tuple[BookedShare, ...]:
    """Per share key, what other issued runs of the period added; shares of receipts of any."""
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
    return tuple(
        BookedShare(row["key"], int(row["base"]), int(row["partner"]), int(row["platform"]))
        for row in rows
    )


def _issued(agreement_id: uuid.UUID, period: Period) -> dict[str, object]:
    return {
        "run__agreement_id": agreement_id, "run__period_start": period.start,
        "run__period_end": period.end, "run__issued_at__isnull": False,
    }  # fmt: skip
