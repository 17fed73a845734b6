"""Keep what a worker worked out of a month that still runs."""

import uuid
from datetime import datetime
from typing import Any

from billing.models import RunningMonth


def keep_running_month(
    *, partner_id: uuid.UUID, agreement_id: uuid.UUID, period_start: datetime,
    figures: dict[str, Any], now: datetime,
) -> RunningMonth:  # fmt: skip
    """The figures as of `now`, in place of earlier ones. Safe to repeat."""
    row, _created = RunningMonth.objects.update_or_create(
        agreement_id=agreement_id, period_start=period_start,
        defaults={"figures": figures, "as_of": now},
        create_defaults={"partner_id": partner_id, "figures": figures, "as_of": now},
    )  # fmt: skip
    return row
