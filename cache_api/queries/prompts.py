"""What the providers' own prompt caching would have saved: sums over the stores' rollups.

Runs in one partner's schema, like the rest of these queries, and reads hours or days as they do.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from cache_api.models import RollupDay, RollupHour
from cache_api.queries import table_of
from cache_api.rules.reports import CustomerPrompts, PromptCaching

# A customer turns it on model by model, and not where it costs: hence the inner groups.
_SQL = """
WITH by_model AS (
    SELECT customer_id, sum(prefix_tokens) AS tokens, sum(prefix_saved_micros) AS saved
    FROM {table}
    WHERE kind = 'store' AND livemode = %s AND bucket_at >= %s AND bucket_at < %s
        AND NOT (prefix_tokens = 0 AND prefix_saved_micros = 0)
        AND (%s::uuid IS NULL OR customer_id = %s)
    GROUP BY customer_id, provider, model
    HAVING sum(prefix_tokens) > 0
), summed AS (
    SELECT customer_id, sum(tokens)::bigint AS tokens, sum(greatest(saved, 0))::bigint AS saved
    FROM by_model GROUP BY GROUPING SETS ((), (customer_id))
)
SELECT c.external_id, c.name, s.tokens, s.saved
FROM summed s LEFT JOIN cache_api_customer c ON c.id = s.customer_id
WHERE s.customer_id IS NULL OR s.saved > 0
ORDER BY s.customer_id IS NOT NULL, s.saved DESC, c.external_id LIMIT %s
"""


def prompt_caching(
    start: datetime,
    end: datetime,
    customer_id: UUID | None = None,
    livemode: bool = True,
    customers: int = 0,
) -> PromptCaching:
    """The period's sums, with the `customers` who would save most. One query."""
    table, first, last = table_of(start, end, RollupHour, RollupDay)
    text = _SQL.format(table=connection.ops.quote_name(table._meta.db_table))
    place: list[Any] = [livemode, first, last, customer_id, customer_id, 1 + customers]
    with connection.cursor() as cursor:
        cursor.execute(text, place)
        (_, _, tokens, saved), *rows = cursor.fetchall()
    return PromptCaching(tokens or 0, saved or 0, [CustomerPrompts(*row) for row in rows])
