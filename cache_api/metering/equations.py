"""The conservation equations as SQL. A statement returns one text per breach, none if it holds.

`{schema}` is one partner's schema, %(partner)s its id, %(first_day)s the oldest UTC day whose
events are kept (older rollups outlive their events and cannot be compared with them) and
%(hours_from)s the instant from which hours are kept, as days are for ever.
"""

from cache_api.metering.sql import CUSTOMER_TOTALS, DIMENSIONS, MEASURES

_DIMS = ", ".join(DIMENSIONS)


def _sum_array(prefix: str = "") -> str:
    return "ARRAY[" + ", ".join(f"sum({prefix}{name})::numeric" for name in MEASURES) + "]"


_EVENT_SUMS = """ARRAY[count(*)::numeric, sum(quantity), sum(quantity::numeric * tokens_in),
    sum(quantity::numeric * tokens_out), sum(quantity::numeric * bytes),
    sum(quantity::numeric * byte_seconds), sum(quantity::numeric * cost_saved_micros),
    sum(quantity::numeric * coalesce(latency_us, 0)), sum(quantity::numeric * prefix_tokens),
    sum(quantity::numeric * prefix_saved_micros)]"""
_LABELS = "ARRAY[" + ", ".join(f"'{name}'" for name in MEASURES) + "]"


def _differ(left: str, right: str, left_name: str, right_name: str, labels: str = _LABELS) -> str:
    """Two selects of (key text, sums numeric[]) must be equal; one text per key that is not."""
    return f"""
SELECT coalesce(l.key, r.key) || ': ' || (
    SELECT string_agg(n || ' ' || coalesce(a, 0) || ' in {left_name}, ' || coalesce(b, 0)
        || ' in {right_name}', '; ')
    FROM unnest({labels}, l.sums, r.sums) AS u (n, a, b) WHERE coalesce(a, 0) <> coalesce(b, 0))
FROM ({left}) l FULL JOIN ({right}) r ON l.key = r.key
WHERE l.sums IS DISTINCT FROM r.sums
ORDER BY 1
"""


def _key(*parts: str) -> str:
    return "concat_ws(' ', " + ", ".join(parts) + ")"


_UTC_DAY = "(bucket_at AT TIME ZONE 'UTC')::date"
_KINDS = "CASE WHEN livemode THEN 'live' ELSE 'test' END", "kind", "outcome"
_WIDE = (*_KINDS, "nullif(provider, '')", "nullif(model, '')", "nullif(region, '')")

_EVENTS = f"""
SELECT {_key("date_trunc('hour', occurred_at, 'UTC')", "customer", *_WIDE)} AS key,
    {_EVENT_SUMS} AS sums
FROM usage_event WHERE partner_id = %(partner)s AND occurred_at >= %(hours_from)s
GROUP BY date_trunc('hour', occurred_at, 'UTC'), customer, {_DIMS}
"""
_BOTH_KEPT = """bucket_at >= %(first_day)s::date AT TIME ZONE 'UTC'
    AND bucket_at >= %(hours_from)s"""
_HOURS_BY_CUSTOMER = f"""
SELECT {_key("bucket_at", "coalesce(c.external_id, h.customer_id::text)", *_WIDE)} AS key,
    {_sum_array()} AS sums
FROM {{schema}}.cache_api_rolluphour h LEFT JOIN {{schema}}.cache_api_customer c
    ON c.id = h.customer_id
WHERE {_BOTH_KEPT}
GROUP BY bucket_at, c.external_id, h.customer_id, {_DIMS}
"""
EVENTS_HOURS = _differ(_EVENTS, _HOURS_BY_CUSTOMER, "events", "hours")


def _by_day(table: str) -> str:
    return f"""
SELECT {_key(_UTC_DAY, "customer_id", *_WIDE)} AS key, {_sum_array()} AS sums
FROM {{schema}}.{table} WHERE bucket_at >= %(hours_from)s
GROUP BY {_UTC_DAY}, customer_id, {_DIMS}
"""


HOURS_DAYS = _differ(
    _by_day("cache_api_rolluphour"), _by_day("cache_api_rollupday"), "hours", "days"
)

_DAYS_BY_KIND = f"""
SELECT {_key(_UTC_DAY, *_KINDS)} AS key, {_sum_array()} AS sums
FROM {{schema}}.cache_api_rollupday GROUP BY {_UTC_DAY}, livemode, kind, outcome
"""
_CHANNEL = f"""
SELECT {_key("day", *_KINDS)} AS key, {_sum_array()} AS sums
FROM channel_day WHERE partner_id = %(partner)s GROUP BY day, livemode, kind, outcome
"""
DAYS_CHANNEL = _differ(_DAYS_BY_KIND, _CHANNEL, "days", "channel days")

_LATENCY_KINDS = "CASE WHEN livemode THEN 'live' ELSE 'test' END", "nullif(region, '')", "outcome"
_TOTAL = "ARRAY[0::numeric, sum((SELECT sum(n) FROM unnest(buckets) n))]"
EVENTS_LATENCY = _differ(
    f"""
SELECT {_key("date_trunc('hour', occurred_at, 'UTC')", "customer", *_LATENCY_KINDS)} AS key,
    ARRAY[0::numeric, sum(quantity)] AS sums
FROM usage_event WHERE partner_id = %(partner)s AND latency_us IS NOT NULL
    AND occurred_at >= %(hours_from)s
GROUP BY date_trunc('hour', occurred_at, 'UTC'), customer, livemode, region, outcome
""",
    f"""
SELECT {_key("bucket_at", "coalesce(c.external_id, h.customer_id::text)", *_LATENCY_KINDS)} AS key,
    {_TOTAL} AS sums
FROM {{schema}}.cache_api_latencyhour h LEFT JOIN {{schema}}.cache_api_customer c
    ON c.id = h.customer_id
WHERE {_BOTH_KEPT}
GROUP BY bucket_at, c.external_id, h.customer_id, livemode, region, outcome
""",
    "events",
    "latency hours",
)


def _latency_by_day(table: str) -> str:
    """One key per bucket that counts anything: requests moved to another bucket are found."""
    return f"""
SELECT {_key(_UTC_DAY, "customer_id", *_LATENCY_KINDS, "'bucket'", "n")} AS key,
    ARRAY[0::numeric, sum(count)] AS sums
FROM {{schema}}.{table}, unnest(buckets) WITH ORDINALITY AS b (count, n)
WHERE count <> 0 AND bucket_at >= %(hours_from)s
GROUP BY {_UTC_DAY}, customer_id, livemode, region, outcome, n
"""


LATENCY_HOURS_DAYS = _differ(
    _latency_by_day("cache_api_latencyhour"),
    _latency_by_day("cache_api_latencyday"),
    "latency hours",
    "latency days",
)


def _totals(rollup: str, total: str, name: str) -> str:
    """Rollups of all customers together are the sums of the customers'."""
    return _differ(
        f"""
SELECT {_key("bucket_at", *_WIDE)} AS key, {_sum_array()} AS sums
FROM {{schema}}.{rollup} GROUP BY bucket_at, {_DIMS}
""",
        # A row without events only holds latencies that an upgrade could not tell by model.
        f"""
SELECT {_key("bucket_at", *_WIDE)} AS key, {_sum_array()} AS sums
FROM {{schema}}.{total} GROUP BY bucket_at, {_DIMS} HAVING sum(events) > 0
""",
        name,
        "totals",
    )


TOTAL_HOURS = _totals("cache_api_rolluphour", "cache_api_totalhour", "hours")
TOTAL_DAYS = _totals("cache_api_rollupday", "cache_api_totalday", "days")


_PERSON = "ARRAY[" + ", ".join(f"sum({column})::numeric" for column in CUSTOMER_TOTALS) + "]"
_PERSON_LABELS = "ARRAY[" + ", ".join(f"'{column}'" for column in CUSTOMER_TOTALS) + "]"


def _customer_totals(rollup: str, total: str, name: str) -> str:
    """A customer's one row is what its rollups come to."""
    summed = ", ".join(f"{text}::numeric" for text in CUSTOMER_TOTALS.values())
    key = _key("bucket_at", "customer_id", _KINDS[0])
    return _differ(
        f"""
SELECT {key} AS key, ARRAY[{summed}] AS sums
FROM {{schema}}.{rollup} f GROUP BY bucket_at, customer_id, livemode
""",
        f"""
SELECT {key} AS key, {_PERSON} AS sums
FROM {{schema}}.{total} GROUP BY bucket_at, customer_id, livemode
""",
        name,
        "customers",
        _PERSON_LABELS,
    )


CUSTOMER_HOURS = _customer_totals("cache_api_rolluphour", "cache_api_customerhour", "hours")
CUSTOMER_DAYS = _customer_totals("cache_api_rollupday", "cache_api_customerday", "days")


def _by_month(table: str) -> str:
    month = "date_trunc('month', bucket_at, 'UTC')"
    return f"""
SELECT {_key(month, "customer_id", _KINDS[0])} AS key, {_PERSON} AS sums
FROM {{schema}}.{table} GROUP BY {month}, customer_id, livemode
"""


CUSTOMER_MONTHS = _differ(
    _by_month("cache_api_customerday"), _by_month("cache_api_customermonth"), "days", "months",
    _PERSON_LABELS,
)  # fmt: skip

CUSTOMERS = """
SELECT 'events of ' || e.customer || ' without a customer' FROM (
    SELECT DISTINCT customer FROM usage_event WHERE partner_id = %(partner)s) e
WHERE NOT EXISTS (
    SELECT FROM {schema}.cache_api_customer c WHERE c.external_id = e.customer)
UNION ALL
SELECT 'rollups of customer id ' || r.customer_id || ' without a customer' FROM (
    SELECT customer_id FROM {schema}.cache_api_rolluphour
    UNION SELECT customer_id FROM {schema}.cache_api_rollupday
    UNION SELECT customer_id FROM {schema}.cache_api_latencyhour
    UNION SELECT customer_id FROM {schema}.cache_api_latencyday) r
WHERE NOT EXISTS (SELECT FROM {schema}.cache_api_customer c WHERE c.id = r.customer_id)
ORDER BY 1
"""

BATCHES = """
SELECT 'batch ' || e.batch || ' in events, last batch ' || coalesce(p.last_batch, 0) FROM (
    SELECT max(recorded_batch) AS batch FROM usage_event WHERE partner_id = %(partner)s) e
LEFT JOIN partner_position p ON p.partner_id = %(partner)s
WHERE e.batch > coalesce(p.last_batch, 0)
"""

CHANNEL_PARTNERS = """
SELECT DISTINCT 'partner ' || c.partner_id FROM channel_day c
LEFT JOIN tenants_partner p ON p.id = c.partner_id WHERE p.id IS NULL ORDER BY 1
"""

# Every process numbers its events from 1. A living one may have numbers above its last heartbeat in
# flight. A silent one (a minute) may have been killed; then numbers of its last five seconds can be
# missing, which it never answered: threads append side by side, so a later one may have got there
# before. What a spool holds is on its way, unless its process has been silent for an hour.
# Of days whose events have left, `duplicate_event` has each process's highest number: up to it all
# was there when they left.
SEQUENCES = """
WITH kept AS (
    SELECT metering_day_id(min(to_date(right(c.relname, 8), 'YYYYMMDD'))) AS first_id
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'usage_event'::regclass
), floors AS (
    SELECT boot_id, max(seq) AS floor FROM duplicate_event, kept WHERE event_id < first_id
    GROUP BY boot_id
), seen AS (
    SELECT boot_id, seq, event_id FROM usage_event WHERE boot_id IS NOT NULL
    UNION SELECT boot_id, seq, event_id FROM duplicate_event
    UNION SELECT boot_id, seq, NULL FROM dead_letter WHERE boot_id IS NOT NULL
), ended AS (
    SELECT boot_id, max(uuid_extract_timestamp(event_id)) - interval '5 seconds' AS before
    FROM seen GROUP BY boot_id
), boots AS (
    SELECT coalesce(s.boot_id, h.boot_id) AS boot_id, h.spool_bytes, h.seen_at,
        CASE WHEN h.seen_at > now() - interval '1 minute' THEN h.last_seq
            ELSE greatest(s.calm, h.last_seq) END AS upto
    FROM (SELECT boot_id, min(seq) AS calm FROM seen JOIN ended USING (boot_id)
        WHERE uuid_extract_timestamp(event_id) >= before GROUP BY boot_id) s
    FULL JOIN edge_heartbeat h ON h.boot_id = s.boot_id
), short AS (
    SELECT b.boot_id, b.upto, coalesce(f.floor, 0) AS floor,
        b.upto - coalesce(f.floor, 0) - count(DISTINCT s.seq) AS missing
    FROM boots b LEFT JOIN floors f ON f.boot_id = b.boot_id
    LEFT JOIN seen s ON s.boot_id = b.boot_id AND s.seq > coalesce(f.floor, 0) AND s.seq <= b.upto
    WHERE coalesce(b.spool_bytes, 0) = 0 OR b.seen_at < now() - interval '1 hour'
    GROUP BY b.boot_id, b.upto, f.floor
    HAVING count(DISTINCT s.seq) < b.upto - coalesce(f.floor, 0)
), numbered AS (
    SELECT s.boot_id, s.seq FROM seen s JOIN short USING (boot_id) WHERE s.seq > short.floor
    UNION SELECT boot_id, floor FROM short
), holes AS (
    SELECT boot_id, seq + 1 AS hole, lead(seq) OVER (PARTITION BY boot_id ORDER BY seq) AS next
    FROM numbered
)
SELECT 'process ' || s.boot_id || ': ' || s.missing || ' of the numbers ' || s.floor + 1
    || ' to ' || s.upto || ' are missing, the first is ' || min(h.hole)
FROM short s JOIN holes h ON h.boot_id = s.boot_id AND (h.next IS NULL OR h.next > h.hole)
GROUP BY s.boot_id, s.upto, s.floor, s.missing ORDER BY 1
"""

DEAD_LETTERS = """
SELECT count(*) || ' events from ' || source || ' since ' || min(at) || ': ' || reason
FROM dead_letter WHERE resolved_at IS NULL GROUP BY source, reason ORDER BY 1
"""
