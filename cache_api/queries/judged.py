"""What callers said of hits: wrong ones and ones that nobody used (partner's schema)."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum

from cache_api.models import RollupDay, RollupHour
from cache_api.queries import BACK, SEMANTIC_BACK, of_customer, table_of


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


def taken_back_by_customer(
    start: datetime, end: datetime, limit: int
) -> list[tuple[UUID, int, int, int]]:
    """(customer, wrong exact, wrong semantic, unused hits), the most reported first. One query."""
    table, first, last = table_of(start, end, RollupHour, RollupDay)
    rows = of_customer(table, None).filter(BACK, bucket_at__gte=first, bucket_at__lt=last)
    unused = Q(outcome__startswith="unused_")
    sums = rows.values_list("customer_id").annotate(
        exact=Sum("quantity", filter=~unused & ~SEMANTIC_BACK, default=0),
        semantic=Sum("quantity", filter=~unused & SEMANTIC_BACK, default=0),
        unused=Sum("quantity", filter=unused, default=0), every=Sum("quantity"),
    )  # fmt: skip
    found = sums.order_by("-every", "customer_id")[:limit]
    return [(one[0], int(one[1]), int(one[2]), int(one[3])) for one in found]
