"""Runs as SQL: figures, splits, quantities, terms.

Each statement's rows are (partner id or NULL, what is wrong).
"""

RUN_TOTALS = """
SELECT r.partner_id, format('run %s: gross %s, but net %s + share %s + tax %s + fees %s', r.id,
    gross_minor, net_minor, share_minor, tax_minor, fees_minor)
FROM billing_settlementrun r
WHERE gross_minor <> net_minor + share_minor + tax_minor + fees_minor
"""

RUN_LINES = """
SELECT r.partner_id, format('run %s: gross %s less tax %s, but its rated lines sum to %s', r.id,
    r.gross_minor, r.tax_minor, coalesce(sum(l.amount_minor), 0))
FROM billing_settlementrun r
LEFT JOIN billing_ratedline l ON l.run_id = r.id AND l.attempt = r.attempt
WHERE r.state IN ('rated', 'in_review', 'approved', 'issued', 'delivered', 'closed')
GROUP BY r.id HAVING coalesce(sum(l.amount_minor), 0) <> r.gross_minor - r.tax_minor
"""

RUN_SHARES = """
SELECT r.partner_id, format('run %s: share %s, but its split parts sum to %s', r.id,
    r.share_minor, coalesce(sum(s.delta_partner_minor), 0))
FROM billing_settlementrun r
LEFT JOIN billing_customershare s ON s.run_id = r.id AND s.attempt = r.attempt
WHERE r.state IN ('rated', 'in_review', 'approved', 'issued', 'delivered', 'closed')
GROUP BY r.id HAVING coalesce(sum(s.delta_partner_minor), 0) <> r.share_minor
"""

SHARE_PARTS = """
SELECT partner_id, format('share %s of run %s: %s is not %s + %s', key, run_id, base_minor,
    partner_minor, platform_minor)
FROM billing_customershare WHERE base_minor <> partner_minor + platform_minor
"""

RATED_QUANTITY = """
WITH rated AS (
    SELECT l.run_id, l.partner_id, l.attempt, l.payer, l.meter, sum(l.quantity) AS quantity
    FROM billing_ratedline l JOIN billing_settlementrun r ON r.id = l.run_id
    JOIN billing_runsnapshot s ON s.run_id = r.id AND s.attempt = r.attempt
    WHERE l.attempt = r.attempt AND l.kind IN ('usage', 'wholesale_retail')
      -- A sales report takes the place of the estimate from usage, which then goes back whole.
      AND NOT (l.payer = 'customer' AND l.was_booked AND l.quantity = 0
               AND convert_from(s.head, 'UTF8')::jsonb->>'sales_report' IS NOT NULL)
      AND l.meter IN ('cached_requests', 'lookups', 'stores', 'gb_served')
    GROUP BY l.run_id, l.partner_id, l.attempt, l.payer, l.meter
), frozen AS (
    SELECT i.run_id, i.attempt, m.meter, sum(m.quantity) AS quantity
    FROM billing_runinput i, LATERAL (VALUES
        ('cached_requests', i.cached_requests::numeric), ('lookups', i.lookups),
        ('stores', i.stores), ('gb_served', i.bytes_served / 1e9)) AS m (meter, quantity)
    GROUP BY i.run_id, i.attempt, m.meter
)
SELECT rated.partner_id, format('run %s: %s rated for the %s are %s, frozen %s', run_id, meter,
    payer, rated.quantity, coalesce(frozen.quantity, 0))
FROM rated LEFT JOIN frozen USING (run_id, attempt, meter)
WHERE rated.quantity <> coalesce(frozen.quantity, 0)
"""

TERMS_GAPLESS = """
WITH steps AS (
    SELECT partner_id, agreement_id, number, valid_to,
        lead(valid_from) OVER (PARTITION BY agreement_id ORDER BY valid_from) AS next_from
    FROM billing_agreementversion WHERE approved_at IS NOT NULL
)
SELECT partner_id, format('agreement %s: version %s ends %s, the next begins %s', agreement_id,
    number, valid_to, next_from)
FROM steps WHERE next_from IS NOT NULL AND valid_to IS DISTINCT FROM next_from
"""

# The platform's lists: each version is what two people approved, and ends where the next begins.
PRICES_APPROVED = """
WITH steps AS (
    SELECT v.*, c.code, c.currency, c.audience,
        lead(v.valid_from) OVER (PARTITION BY v.card_id ORDER BY v.valid_from) AS next_from,
        (SELECT coalesce(jsonb_agg(p.definition ORDER BY p.position), '[]')
         FROM billing_rate p WHERE p.version_id = v.id) AS rates
    FROM billing_ratecardversion v JOIN billing_ratecard c ON c.id = v.card_id
    WHERE c.partner_id IS NULL
)
SELECT NULL::uuid, format('price list %s v%s is not what was approved', code, number)
FROM steps s WHERE NOT unchecked AND NOT EXISTS (
    SELECT 1 FROM billing_financerequest r
    WHERE r.id = s.id AND r.kind = 'prices' AND r.approved_by <> ''
    AND r.asked_by = lower(s.published_by) AND r.facts->>'code' = s.code
    AND r.facts->>'currency' = s.currency AND r.facts->>'audience' = s.audience
    AND (r.facts->>'valid_from')::timestamptz = s.valid_from AND r.facts->'rates' = s.rates)
UNION ALL
SELECT NULL::uuid, format('price list %s v%s ends %s, the next begins %s', code, number, valid_to,
    coalesce(next_from::text, 'never'))
FROM steps WHERE valid_to IS DISTINCT FROM next_from
"""

# The runs whose events are all still kept, with the spans of time that their terms cover.
FROZEN_RUNS = """
SELECT s.run_id::text, s.partner_id::text, s.attempt, s.batch_bound, g->>'index', g->>'start',
    g->>'end'
FROM billing_runsnapshot s JOIN billing_settlementrun r ON r.id = s.run_id,
    LATERAL jsonb_array_elements(convert_from(s.head, 'UTF8')::jsonb->'segments') AS g
WHERE s.attempt = r.attempt AND r.period_start >= %(oldest)s
"""

# The frozen quantities against the events themselves, without the rollups between.
INPUT_EVENTS = """
WITH frozen AS (
    SELECT external_id AS customer, sum(lookups) AS lookups, sum(stores) AS stores,
        sum(cached_requests) AS hits, sum(bytes_served) AS bytes
    FROM billing_runinput
    WHERE run_id = %(run)s AND attempt = %(attempt)s AND segment = %(segment)s GROUP BY external_id
), events AS (
    SELECT customer,
        coalesce(sum(quantity) FILTER (WHERE kind = 'lookup'), 0) AS lookups,
        coalesce(sum(quantity) FILTER (WHERE kind = 'store'), 0) AS stores,
        coalesce(sum(quantity * sign), 0) AS hits,
        coalesce(sum(quantity * sign * bytes), 0) AS bytes
    FROM usage_event, LATERAL (SELECT CASE
        WHEN outcome IN ('hit', 'semantic_hit') THEN 1
        WHEN outcome IN ('wrong_hit', 'wrong_semantic_hit', 'unused_hit', 'unused_semantic_hit')
        THEN -1 ELSE 0 END AS sign) AS counted
    WHERE partner_id = %(partner)s AND livemode AND recorded_batch <= %(bound)s
      AND event_id >= %(low)s AND event_id < %(high)s
    GROUP BY customer
)
SELECT %(partner)s::uuid, format('run %%s, customer %%s: frozen %%s, events %%s', %(run)s, customer,
    concat_ws('/', f.lookups, f.stores, f.hits, f.bytes),
    concat_ws('/', e.lookups, e.stores, e.hits, e.bytes))
FROM frozen f FULL JOIN events e USING (customer)
WHERE (coalesce(f.lookups, 0), coalesce(f.stores, 0), coalesce(f.hits, 0), coalesce(f.bytes, 0))
   <> (coalesce(e.lookups, 0), coalesce(e.stores, 0), coalesce(e.hits, 0), coalesce(e.bytes, 0))
"""
