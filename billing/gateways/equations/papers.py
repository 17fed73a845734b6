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

DOCUMENT_BYTES = """
SELECT d.partner_id, format('%s of %s: the bytes and the columns differ', d.number, d.issuer)
FROM billing_document d, LATERAL (SELECT convert_from(canonical, 'UTF8')::jsonb AS body) c
WHERE encode(sha256(d.canonical), 'hex') <> d.sha256 OR body->>'number' <> d.number
   OR (body->'totals'->>'gross_minor')::bigint <> d.total_minor
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
