"""What callers said of hits: wrong ones and ones that nobody used (partner's schema)."""

from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from cache_api.models import RollupDay, RollupHour
from cache_api.queries import BACK, of_customer, table_of


def hits_taken_back(
    start: datetime, end: datetime, customer_id: UUID | None, livemode: bool = True
) -> dict[str, int]:
    """Hits by what feedback made of them (`rules.corrections.TAKEN_BACK`), in the period in which
    they were answered. One query."""
    table, first, last = table_of(start, end, RollupHour, RollupDay)
    rows = of_customer(table, customer_id, livemode).filter(
        BACK, bucket_at__gte=first, bucket_at__lt=last
    )
    sums = rows.values_list("outcome").annotate(n=Sum("quantity")).order_by()
    return {outcome: int(count) for outcome, count in sums}
