"""What a partner earned, month by month, and what is owed either way."""

import uuid
from dataclasses import dataclass

from django.db.models import Sum

from billing.models import SettlementRun
from billing.rules.periods import Period, month_of


@dataclass(frozen=True)
class MonthEarnings:
    """Issued runs of one month and currency, minor units: gross = net + share + tax + fees."""

    period: Period
    currency: str
    gross_minor: int
    net_minor: int
    share_minor: int
    shadow_minor: int


def earnings(partner_id: uuid.UUID, months: int = 13) -> list[MonthEarnings]:
    """The partner's last settled months, oldest first: one query. Only issued runs count."""
    rows = (
        SettlementRun.objects.filter(partner_id=partner_id, issued_at__isnull=False)
        .values("period_start", "currency")
        .annotate(
            gross=Sum("gross_minor"), net=Sum("net_minor"), share=Sum("share_minor"),
            shadow=Sum("shadow_minor"),
        )
        .order_by("-period_start", "currency")[:months]
    )  # fmt: skip
    return [
        MonthEarnings(month_of(row["period_start"]), row["currency"], int(row["gross"]),
                      int(row["net"]), int(row["share"]), int(row["shadow"]))
        for row in reversed(rows)
    ]  # fmt: skip
