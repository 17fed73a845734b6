"""The recorder's SQL as text. `{schema}` is the quoted name of one partner's schema.

staged: the batch as it came. fresh: what was really new, summed by hour and every dimension. The
rollups are filled from `fresh`, by the recorder and by a rebuild alike, so that both agree.
"""

from cache_api.rules.corrections import TAKEN_BACK
from cache_api.rules.histogram import BUCKETS, UPPER_US
from cache_api.rules.staging import NIL

MEASURES = (
    "events", "quantity", "tokens_in", "tokens_out", "bytes", "byte_seconds", "cost_saved_micros",
    "latency_us_sum", "prefix_tokens", "prefix_saved_micros",
)  # fmt: skip
DIMENSIONS = ("livemode", "kind", "outcome", "provider", "model", "region")
_KEY = ("bucket_at", "customer_id", *DIMENSIONS)
_CHANNEL_KEY = ("partner_id", "day", "livemode", "kind", "outcome")
_PERSON_KEY = ("bucket_at", "customer_id", "livemode")
_LATENCY_KEY = ("bucket_at", "customer_id", "livemode", "region", "outcome")

CREATE_STAGED = """
CREATE TEMP TABLE IF NOT EXISTS staged (
    event_id uuid, partner_id uuid, batch_id uuid, boot_id uuid, seq bigint, quantity bigint,
    livemode boolean, kind text, outcome text, tokens_in bigint, tokens_out bigint, bytes bigint,
    byte_seconds bigint, primary_latency_us bigint, latency_us bigint, cost_saved_micros bigint,
    prefix_tokens bigint, prefix_saved_micros bigint, occurred_ms bigint, customer text,
    key_id text, reason text, provider text, model text, namespace text, tags text,
    primary_cache text, overflow_reason text, price_version text, region text, sdk text
) ON COMMIT DELETE ROWS
"""

CREATE_FRESH = """
CREATE TEMP TABLE IF NOT EXISTS fresh (
    partner_id uuid, customer text, hour_at timestamptz, livemode boolean, kind text, outcome text,
    provider text, model text, region text, latency_bucket integer, events bigint, quantity bigint,
    tokens_in bigint, tokens_out bigint, bytes bigint, byte_seconds numeric,
    cost_saved_micros bigint, latency_us_sum bigint, prefix_tokens bigint,
    prefix_saved_micros bigint
) ON COMMIT DELETE ROWS
"""

EMPTY = "TRUNCATE pg_temp.staged, pg_temp.fresh"

# What one event adds; also the select list of a rebuild. The histogram's bounds are inclusive and
# width_bucket's are exclusive, hence the minus one.
_SUMS = f"""
    partner_id, customer, date_trunc('hour', occurred_at, 'UTC') AS hour_at,
    livemode, kind, outcome, provider, model, region,
    width_bucket(latency_us - 1, ARRAY[{",".join(map(str, UPPER_US))}]::bigint[]) AS latency_bucket,
    count(*) AS events, sum(quantity) AS quantity,
    sum(quantity * tokens_in) AS tokens_in, sum(quantity * tokens_out) AS tokens_out,
    sum(quantity * bytes) AS bytes, sum(quantity * byte_seconds) AS byte_seconds,
    sum(quantity * cost_saved_micros) AS cost_saved_micros,
    sum(quantity * coalesce(latency_us, 0)) AS latency_us_sum,
    sum(quantity * prefix_tokens) AS prefix_tokens,
    sum(quantity * prefix_saved_micros) AS prefix_saved_micros
"""
_GROUPS = "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"

# Milliseconds as a double: exact to the microsecond until the year 2255, and no numeric division.
_OCCURRED_AT = "to_timestamp(occurred_ms / 1000::float8)"

INSERT = f"""
INSERT INTO usage_event (
    event_id, partner_id, customer, batch_id, boot_id, seq, quantity, livemode, key_id, kind,
    outcome, reason, provider, model, tokens_in, tokens_out, bytes, byte_seconds, namespace,
    tags, primary_cache, overflow_reason, primary_latency_us, latency_us, cost_saved_micros,
    price_version, region, sdk, prefix_tokens, prefix_saved_micros, occurred_at, recorded_batch)
SELECT event_id, partner_id, customer, nullif(batch_id, '{NIL}'), nullif(boot_id, '{NIL}'),
    nullif(seq, 0), quantity, livemode, key_id, kind, outcome, reason, provider, model,
    tokens_in, tokens_out, bytes, byte_seconds, namespace, nullif(tags, '{{}}')::jsonb,
    primary_cache, overflow_reason, nullif(primary_latency_us, -1), nullif(latency_us, -1),
    cost_saved_micros, price_version, region, sdk, prefix_tokens, prefix_saved_micros,
    {_OCCURRED_AT}, %s
FROM pg_temp.staged
"""

FRESH_FROM_STAGED = f"""
INSERT INTO pg_temp.fresh SELECT {_SUMS} FROM (
    SELECT partner_id, customer, {_OCCURRED_AT} AS occurred_at, livemode, kind, outcome, provider,
        model, region, nullif(latency_us, -1) AS latency_us, quantity, tokens_in, tokens_out,
        bytes, byte_seconds, cost_saved_micros, prefix_tokens, prefix_saved_micros
    FROM pg_temp.staged) s {_GROUPS}
"""

INSERT_SOME = f"""
WITH inserted AS (
    {INSERT}
    ON CONFLICT (event_id) DO NOTHING
    RETURNING partner_id, customer, occurred_at, livemode, kind, outcome, provider, model, region,
        latency_us, quantity, tokens_in, tokens_out, bytes, byte_seconds, cost_saved_micros,
        prefix_tokens, prefix_saved_micros
)
INSERT INTO pg_temp.fresh SELECT {_SUMS} FROM inserted {_GROUPS}
"""

COUNT_FRESH = "SELECT coalesce(sum(events), 0) FROM pg_temp.fresh"

FRESH_FROM_EVENTS = f"""
INSERT INTO pg_temp.fresh
SELECT {_SUMS} FROM usage_event WHERE partner_id = %s AND event_id >= %s {_GROUPS}
"""

# At most once a minute and key: a page shows it, and a busy key's row is not written all the time.
NOTE_KEYS = """
UPDATE tenants_apikey k SET last_used_at = s.used_at
FROM (SELECT partner_id, key_id, to_timestamp(max(occurred_ms) / 1000::float8) AS used_at
      FROM pg_temp.staged WHERE key_id <> '' GROUP BY 1, 2) s
WHERE k.id = s.key_id AND k.partner_id = s.partner_id
    AND (k.last_used_at IS NULL OR k.last_used_at < s.used_at - interval '1 minute')
"""

# A caller's retry carries the same event id under a new sequence number: seen, not counted.
NOTE_DUPLICATES = f"""
INSERT INTO duplicate_event (boot_id, seq, event_id, recorded_batch)
SELECT DISTINCT s.boot_id, s.seq, s.event_id, %s::bigint
FROM pg_temp.staged s JOIN usage_event u USING (event_id)
WHERE s.boot_id <> '{NIL}' AND (u.boot_id, u.seq) IS DISTINCT FROM (s.boot_id, s.seq)
ON CONFLICT DO NOTHING
"""

UNSEEN_CUSTOMERS = """
SELECT f.customer, min(f.hour_at) FROM pg_temp.fresh f
LEFT JOIN {schema}.cache_api_customer c ON c.external_id = f.customer
WHERE f.partner_id = %s AND c.first_seen_at IS NULL
GROUP BY f.customer ORDER BY f.customer
"""

ADD_CUSTOMERS = """
INSERT INTO {schema}.cache_api_customer
    (id, external_id, name, state, plan, billing, created_at, first_seen_at)
SELECT id, external_id, '', 'unconfirmed', '', '{{}}', %s, seen_at
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS new (id, external_id, seen_at)
ON CONFLICT (external_id) DO UPDATE SET first_seen_at = excluded.first_seen_at
"""


def _added(table: str, measures: tuple[str, ...] = MEASURES) -> str:
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in measures)


def _sums(prefix: str = "f.") -> str:
    return ", ".join(f"sum({prefix}{name})" for name in MEASURES)


def add_usage(table: str, unit: str) -> str:
    """Add `fresh` to one usage rollup; `unit` is hour or day."""
    dimensions = ", ".join(f"f.{name}" for name in DIMENSIONS)
    return f"""
INSERT INTO {{schema}}.{table} AS r ({", ".join((*_KEY, *MEASURES))})
SELECT date_trunc('{unit}', f.hour_at, 'UTC'), c.id, {dimensions}, {_sums()}
FROM pg_temp.fresh f JOIN {{schema}}.cache_api_customer c ON c.external_id = f.customer
WHERE f.partner_id = %s
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {_added("r")}
"""


_COUNTS = ", ".join(
    f"coalesce(sum(f.quantity) FILTER (WHERE f.latency_bucket = {number}), 0)"
    for number in range(BUCKETS)
)
_HISTOGRAM = f"ARRAY[{_COUNTS}]::bigint[]"
_MERGED = """ARRAY(
    SELECT old + new FROM unnest(r.buckets, excluded.buckets) WITH ORDINALITY AS b (old, new, n)
    ORDER BY n)"""


def add_latency(table: str, unit: str) -> str:
    """Add `fresh` to one latency rollup; `unit` is hour or day. Unknown latencies are left out."""
    return f"""
INSERT INTO {{schema}}.{table} AS r ({", ".join(_LATENCY_KEY)}, buckets)
SELECT date_trunc('{unit}', f.hour_at, 'UTC'), c.id, f.livemode, f.region, f.outcome,
    {_HISTOGRAM}
FROM pg_temp.fresh f JOIN {{schema}}.cache_api_customer c ON c.external_id = f.customer
WHERE f.partner_id = %s AND f.latency_bucket IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT ({", ".join(_LATENCY_KEY)}) DO UPDATE SET buckets = {_MERGED}
"""


def add_totals(table: str, unit: str) -> str:
    """Add `fresh` to one rollup of all customers together; `unit` is hour or day."""
    key = ("bucket_at", *DIMENSIONS)
    return f"""
INSERT INTO {{schema}}.{table} AS r ({", ".join((*key, *MEASURES))}, buckets)
SELECT date_trunc('{unit}', f.hour_at, 'UTC'), {", ".join(f"f.{name}" for name in DIMENSIONS)},
    {_sums()}, {_HISTOGRAM}
FROM pg_temp.fresh f WHERE f.partner_id = %s
GROUP BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT ({", ".join(key)}) DO UPDATE SET {_added("r")}, buckets = {_MERGED}
"""


# What a row of usage adds to a customer's hits: feedback takes back what was wrong.
_HIT = "f.kind = 'lookup' AND f.outcome IN ('hit', 'semantic_hit')"
_SIGN = f"""CASE WHEN {_HIT} THEN 1
    WHEN f.kind = 'feedback' AND f.outcome IN {TAKEN_BACK} THEN -1
    ELSE 0 END"""
CUSTOMER_TOTALS = {
    "lookups": "sum(f.quantity * (f.kind = 'lookup')::int)",
    "hits": f"sum(f.quantity * {_SIGN})",
    "stores": "sum(f.quantity * (f.kind = 'store')::int)",
    "bytes_served": f"sum(f.bytes * {_SIGN})",
    "tokens_saved": f"sum((f.tokens_in + f.tokens_out) * {_SIGN})",
    "cost_saved": f"sum(f.cost_saved_micros * {_SIGN})",
    "semantic_hits": f"sum(f.quantity * (f.outcome LIKE '%%semantic_hit')::int * {_SIGN})",
}


def add_customer_totals(table: str, unit: str) -> str:
    """Add `fresh` to one rollup of a row per customer; `unit` is hour, day or month."""
    names = tuple(CUSTOMER_TOTALS)
    return f"""
INSERT INTO {{schema}}.{table} AS r ({", ".join((*_PERSON_KEY, *names))})
SELECT date_trunc('{unit}', f.hour_at, 'UTC'), c.id, f.livemode,
    {", ".join(CUSTOMER_TOTALS.values())}
FROM pg_temp.fresh f JOIN {{schema}}.cache_api_customer c ON c.external_id = f.customer
WHERE f.partner_id = %s
GROUP BY 1, 2, 3
ON CONFLICT ({", ".join(_PERSON_KEY)}) DO UPDATE SET {_added("r", names)}
"""


_ADD = {
    "rollup": add_usage, "latency": add_latency, "total": add_totals,
    "customer": add_customer_totals,
}  # fmt: skip
_ROLLUPS = {
    f"cache_api_{name}{unit}": add(f"cache_api_{name}{unit}", unit)
    for name, add in _ADD.items()
    for unit in ("hour", "day")
}
_MONTHS = "cache_api_customermonth"
ROLLUP_TABLES = tuple(_ROLLUPS)
HOUR_TABLES = tuple(name for name in ROLLUP_TABLES if name.endswith("hour"))
ROLLUPS = (*_ROLLUPS.values(), add_customer_totals(_MONTHS, "month"))

OLDEST_HOUR = "SELECT min(oldest) FROM ({}) AS hours".format(
    " UNION ALL ".join(
        f"SELECT min(bucket_at) AS oldest FROM {{schema}}.{table}" for table in HOUR_TABLES
    )
)
DROP_HOURS = "DELETE FROM {{schema}}.{} WHERE bucket_at >= %s AND bucket_at < %s"

# A month may begin before the first day whose events are kept, but never before its days.
_SINCE_MONTH = "bucket_at >= date_trunc('month', %s::date AT TIME ZONE 'UTC', 'UTC')"
CLEAR_MONTHS = f"DELETE FROM {{schema}}.{_MONTHS} WHERE {_SINCE_MONTH}"
MONTHS_FROM_DAYS = f"""
INSERT INTO {{schema}}.{_MONTHS} ({", ".join((*_PERSON_KEY, *CUSTOMER_TOTALS))})
SELECT date_trunc('month', bucket_at, 'UTC'), customer_id, livemode,
    {", ".join(f"sum({name})" for name in CUSTOMER_TOTALS)}
FROM {{schema}}.cache_api_customerday WHERE {_SINCE_MONTH} GROUP BY 1, 2, 3
"""

ADD_CHANNEL = f"""
INSERT INTO channel_day AS r ({", ".join((*_CHANNEL_KEY, *MEASURES))})
SELECT f.partner_id, (f.hour_at AT TIME ZONE 'UTC')::date, f.livemode, f.kind, f.outcome, {_sums()}
FROM pg_temp.fresh f GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT ({", ".join(_CHANNEL_KEY)}) DO UPDATE SET {_added("r")}
"""

# An SDK names itself in `metadata.sdk`: "agentcache-py/0.1.0 checkout". Seldom a row is written: an
# application that was heard today is not noted again.
ADD_IMPLEMENTATIONS = """
INSERT INTO implementation AS i (partner_id, customer, sdk, application, first_day, last_day)
SELECT partner_id, customer, split_part(sdk, '/', 1), coalesce(substring(sdk FROM ' (.*)$'), ''),
    min(first_day), max(last_day)
FROM (
    SELECT partner_id, customer, sdk,
        (to_timestamp(min(occurred_ms) / 1000) AT TIME ZONE 'UTC')::date AS first_day,
        (to_timestamp(max(occurred_ms) / 1000) AT TIME ZONE 'UTC')::date AS last_day
    FROM pg_temp.staged
    WHERE livemode AND (sdk LIKE 'agentcache-py/%%' OR sdk LIKE 'agentcache-js/%%')
    GROUP BY 1, 2, 3) s
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (partner_id, customer, sdk, application) DO UPDATE SET
    first_day = least(i.first_day, excluded.first_day),
    last_day = greatest(i.last_day, excluded.last_day)
WHERE i.last_day < excluded.last_day OR i.first_day > excluded.first_day
"""
