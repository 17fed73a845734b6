"""What each customer's usage comes to: a year of a thousand customers is thirteen months of each.

Runs in one partner's schema. Months are read where a period holds them whole, days at its edges;
short periods by the hour.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from cache_api.metering.sql import CUSTOMER_TOTALS
from cache_api.models import CustomerDay, CustomerHour, CustomerMonth
from cache_api.rules import spans

CUSTOMER_TABLES = {"hour": CustomerHour, "day": CustomerDay, "month": CustomerMonth}
_COLUMNS = ("customer_id", *CUSTOMER_TOTALS)
_PART = f"""SELECT {", ".join(_COLUMNS)} FROM {{table}}
WHERE livemode = %s AND bucket_at >= %s AND bucket_at < %s"""
_OF_THESE = " AND customer_id = ANY(%s)"
_SUMMED = f"""SELECT customer_id, {", ".join(f"sum({name}) AS {name}" for name in CUSTOMER_TOTALS)}
FROM ({{parts}}) AS parts GROUP BY customer_id ORDER BY {{sort}} DESC, customer_id LIMIT %s"""


def customer_totals(
    start: datetime,
    end: datetime,
    *,
    customers: Collection[UUID] | None = None,
    livemode: bool = True,
    sort: str = "lookups",
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """The measures of a period, one row of values per `customer_id` with usage, most `sort` first.

    `customers` leaves only these. One query; none where nothing can be found. Raises ValueError for
    a measure that there is none of.
    """
    if sort not in CUSTOMER_TOTALS:
        raise ValueError(f"cannot sort by {sort!r}: use one of {', '.join(CUSTOMER_TOTALS)}")
    span = spans.span_of(start, end, spans.hours_from(timezone.now()))
    pieces = spans.with_months(span)
    if not pieces or (customers is not None and not customers):
        return []
    parts, given = list[str](), list[Any]()
    for piece in pieces:
        name = connection.ops.quote_name(CUSTOMER_TABLES[piece.unit]._meta.db_table)
        parts.append(_PART.format(table=name) + ("" if customers is None else _OF_THESE))
        given += [livemode, piece.start, piece.end, *([] if customers is None else [[*customers]])]
    text = _SUMMED.format(parts=" UNION ALL ".join(parts), sort=sort)
    with connection.cursor() as cursor:
        cursor.execute(text, [*given, limit])
        return [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]
