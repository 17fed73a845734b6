"""Documents as SQL: their lines, bytes, numbers, balances and corrections.

Each statement's rows are (partner id or NULL, what is wrong).
"""

DOCUMENT_LINES = """
SELECT d.partner_id, format('%s of %s: net %s and tax %s, lines %s, total %s', d.number, d.issuer,
    d.net_minor, d.tax_minor, coalesce(sum(l.amount_minor), 0), d.total_minor)
FROM billing_document d LEFT JOIN billing_documentline l ON l.document_id = d.id
GROUP BY d.id
HAVING coalesce(sum(l.amount_minor), 0) <> d.net_minor OR d.total_minor <> d.net_minor + d.tax_minor
"""

# Read only when the hash fits: what is no JSON any more must not break the search for it.
_BODY = """CASE WHEN encode(sha256(d.canonical), 'hex') = d.sha256
    THEN convert_from(d.canonical, 'UTF8')::jsonb END AS body"""

DOCUMENT_BYTES = f"""
SELECT d.partner_id, format('%s of %s: the bytes and the columns differ', d.number, d.issuer)
FROM billing_document d
LEFT JOIN billing_settlementrun r ON r.id = d.run_id
LEFT JOIN billing_document o ON o.id = d.corrects_id,
LATERAL (SELECT {_BODY}) c, LATERAL (SELECT body->'totals' AS totals, body->'period' AS period) t,
LATERAL (SELECT lpad(d.sequence_no::text, greatest(6, length(d.sequence_no::text)), '0') AS n) s
WHERE (coalesce(r.partner_id, o.partner_id, d.partner_id), o.sha256, d.kind, d.number, d.number,
        d.issuer = 'platform',
        d.seller_name, d.buyer_name, d.customer_external_id, d.currency,
        date_trunc('second', d.issued_at), d.period_start, d.period_end, d.due_date,
        d.net_minor, d.total_minor, d.shadow_minor, coalesce(d.statement, 'null'),
        (SELECT count(*) FROM billing_documentline l WHERE l.document_id = d.id))
    IS DISTINCT FROM
    (d.partner_id, body->'corrects'->>'sha256', body->>'kind', body->>'number',
        format('%s-%s-%s', d.series, d.year, n), body->>'issuer' = 'platform',
        body->'seller'->>'legal_name', body->'buyer'->>'legal_name',
        CASE WHEN d.customer_id IS NULL THEN ''
            ELSE coalesce(body->'lines'->0->>'customer_external_id', '') END,
        body->>'currency', (body->>'issued_at')::timestamptz, (period->>'start')::timestamptz,
        (period->>'end')::timestamptz, (body->>'due_date')::date, (totals->>'net_minor')::bigint,
        (totals->>'gross_minor')::bigint, (totals->>'shadow_minor')::bigint, totals->'statement',
        jsonb_array_length(body->'lines')::bigint)
UNION ALL
SELECT d.partner_id, format('%s of %s: line %s is not as in the bytes', d.number, d.issuer,
    said->>'position')
FROM billing_document d CROSS JOIN LATERAL (SELECT {_BODY}) c
CROSS JOIN LATERAL jsonb_array_elements(body->'lines') said
LEFT JOIN billing_documentline l
    ON l.document_id = d.id AND l.position = (said->>'position')::integer
WHERE (l.partner_id, l.kind, l.description, l.customer_external_id, l.customer_name, l.meter,
        l.quantity, l.unit, l.unit_price, l.amount_minor, l.memo, l.value_minor, l.explanation)
    IS DISTINCT FROM
    (d.partner_id, said->>'kind', said->>'description', said->>'customer_external_id',
        said->>'customer_name', said->>'meter', round(nullif(said->>'quantity', '')::numeric, 18),
        said->>'unit', round((said->>'unit_price')::numeric, 12), (said->>'amount_minor')::bigint,
        (said->>'memo')::boolean, (said->>'value_minor')::bigint, said->'explanation')
"""

CARRIED_SHOWN = """
SELECT d.partner_id, format('%s line %s shows %s, carried was %s', d.number, l.position,
    l.amount_minor, c.amount_minor)
FROM billing_documentline l JOIN billing_carrieditem c ON c.id = l.carried_id
JOIN billing_document d ON d.id = l.document_id
LEFT JOIN billing_settlementrun r ON r.id = d.run_id
WHERE l.amount_minor <> c.amount_minor OR r.agreement_id IS DISTINCT FROM c.agreement_id
   OR d.kind <> 'payout_statement'
UNION ALL
SELECT d.partner_id, format('%s line %s is carried from nowhere', d.number, l.position)
FROM billing_documentline l JOIN billing_document d ON d.id = l.document_id
WHERE l.kind = 'carried' AND l.carried_id IS NULL
"""

CREDITED = """
SELECT d.partner_id, format('%s of %s: credited %s by its history, %s by credit notes, total %s',
    d.number, d.issuer, coalesce(e.minor, 0), coalesce(n.minor, 0), d.total_minor)
FROM billing_document d
LEFT JOIN (SELECT document_id, sum(amount_minor) AS minor FROM billing_documentevent
    WHERE kind = 'credited' GROUP BY document_id) e ON e.document_id = d.id
LEFT JOIN (SELECT corrects_id, -sum(total_minor) AS minor FROM billing_document
    WHERE kind = 'credit_note' GROUP BY corrects_id) n ON n.corrects_id = d.id
WHERE coalesce(e.minor, 0) <> coalesce(n.minor, 0)
   OR (n.minor > 0 AND n.minor > d.total_minor)
"""

DISPUTES = """
SELECT d.partner_id, format('dispute %s of %s: %s entries, %s ends, %s resolved events', d.id,
    p.number, count(e.id), count(e.id) FILTER (WHERE e.kind IN ('upheld', 'rejected', 'withdrawn')),
    (SELECT count(*) FROM billing_documentevent v
     WHERE v.document_id = p.id AND v.kind = 'resolved' AND v.source_id = d.id::text))
FROM billing_dispute d JOIN billing_document p ON p.id = d.document_id
LEFT JOIN billing_disputeentry e ON e.dispute_id = d.id
GROUP BY d.id, p.id
HAVING count(e.id) = 0 OR max(e.position) <> count(e.id)
    OR count(e.id) FILTER (WHERE e.kind IN ('upheld', 'rejected', 'withdrawn')) <>
       (SELECT count(*) FROM billing_documentevent v
        WHERE v.document_id = p.id AND v.kind = 'resolved' AND v.source_id = d.id::text)
"""

NUMBERS = """
SELECT s.partner_id, format('%s %s-%s: counter %s, %s documents, numbers %s to %s', s.issuer,
    s.series, s.year, s.last_number, count(d.id), min(d.sequence_no), max(d.sequence_no))
FROM billing_numberseries s LEFT JOIN billing_document d USING (issuer, series, year)
GROUP BY s.id
HAVING count(d.id) <> s.last_number OR coalesce(min(d.sequence_no), 1) <> 1
    OR coalesce(max(d.sequence_no), 0) <> s.last_number
UNION ALL
SELECT d.partner_id, format('%s of %s belongs to no series', d.number, d.issuer)
FROM billing_document d LEFT JOIN billing_numberseries s USING (issuer, series, year)
WHERE s.id IS NULL
"""

BALANCES = """
WITH steps AS (
    SELECT d.partner_id, d.number, d.statement AS s,
        lag((d.statement->>'closing_minor')::bigint, 1, 0::bigint) OVER (
            PARTITION BY r.agreement_id ORDER BY d.issued_at, d.id) AS before
    FROM billing_document d JOIN billing_settlementrun r ON r.id = d.run_id
    WHERE d.statement IS NOT NULL AND d.kind = 'payout_statement'
)
SELECT partner_id, format('%s opens with %s, the statement before closed with %s; closing %s',
    number, s->>'opening_minor', before, s->>'closing_minor')
FROM steps
WHERE (s->>'opening_minor')::bigint <> before OR (s->>'closing_minor')::bigint <>
    (s->>'opening_minor')::bigint - (s->>'paid_minor')::bigint + (s->>'shares_minor')::bigint
    + (s->>'adjustments_minor')::bigint - (s->>'fees_minor')::bigint + (s->>'tax_minor')::bigint
    - (s->>'netting_minor')::bigint
"""
