"""The money equations as SQL. Each statement's rows are (partner id or NULL, what is wrong)."""

from billing.gateways.seals import ENTRY_SHA256

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

# Invoices of ours are receivable; a run's statements are payable, whichever entry books them.
INVOICE_POSTED = """
SELECT d.partner_id, format('%s: total %s, but the journal holds %s receivable', d.number,
    d.total_minor, coalesce(sum(l.debit_minor - l.credit_minor), 0))
FROM billing_document d
LEFT JOIN billing_journalentry e ON e.document_id = d.id AND e.purpose = 'document'
LEFT JOIN billing_journalline l ON l.entry_id = e.id AND l.account IN ('1100', '1110')
WHERE d.kind IN ('customer_invoice', 'partner_invoice', 'credit_note')
GROUP BY d.id HAVING coalesce(sum(l.debit_minor - l.credit_minor), 0)
    <> CASE WHEN d.issuer = 'platform' THEN d.total_minor ELSE 0 END
"""

STATEMENT_POSTED = """
WITH owed AS (
    SELECT d.run_id, d.partner_id, coalesce(sum(l.amount_minor), 0) + max(d.tax_minor) AS minor
    FROM billing_document d JOIN billing_documentline l ON l.document_id = d.id
    WHERE d.kind = 'payout_statement' AND l.carried_id IS NULL GROUP BY d.run_id, d.partner_id
), booked AS (
    SELECT e.run_id, sum(l.credit_minor - l.debit_minor) AS minor
    FROM billing_journalline l JOIN billing_journalentry e ON e.id = l.entry_id
    WHERE l.account = '2100' AND e.purpose <> 'netting' GROUP BY e.run_id
)
SELECT o.partner_id, format('run %s: statements owe %s, the journal holds %s payable', o.run_id,
    o.minor, coalesce(b.minor, 0))
FROM owed o LEFT JOIN booked b USING (run_id) WHERE o.minor <> coalesce(b.minor, 0)
"""

# Each item was posted as the partner's payable with the document it came from.
CARRIED_POSTED = """
WITH owed AS (
    SELECT document_id, partner_id, sum(amount_minor) AS minor FROM billing_carrieditem
    GROUP BY document_id, partner_id
), booked AS (
    SELECT e.document_id, sum(l.credit_minor - l.debit_minor) AS minor
    FROM billing_journalline l JOIN billing_journalentry e ON e.id = l.entry_id
    WHERE l.account = '2100' AND e.run_id IS NULL AND e.purpose IN ('share', 'document')
    GROUP BY e.document_id
)
SELECT o.partner_id, format('%s: carried to the next statement %s, the journal holds %s', d.number,
    o.minor, coalesce(b.minor, 0))
FROM owed o JOIN billing_document d ON d.id = o.document_id LEFT JOIN booked b USING (document_id)
WHERE o.minor <> coalesce(b.minor, 0)
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

WRITTEN_OFF = """
SELECT d.partner_id, format('%s: %s written off, the journal holds %s', d.number,
    coalesce(v.minor, 0), coalesce(j.minor, 0))
FROM billing_document d
LEFT JOIN (SELECT document_id, sum(amount_minor) AS minor FROM billing_documentevent
    WHERE kind = 'uncollectible' GROUP BY document_id) v ON v.document_id = d.id
LEFT JOIN (SELECT e.document_id, sum(l.credit_minor - l.debit_minor) AS minor
    FROM billing_journalentry e JOIN billing_journalline l ON l.entry_id = e.id
    WHERE e.purpose = 'bad_debt' AND l.account IN ('1100', '1110')
    GROUP BY e.document_id) j ON j.document_id = d.id
WHERE coalesce(v.minor, 0) <> coalesce(j.minor, 0)
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

CLOSED_MONTHS = """
WITH last AS (
    SELECT DISTINCT ON (month) month, kind, at FROM billing_periodevent
    WHERE kind IN ('closed', 'reopened') ORDER BY month, step DESC
)
SELECT e.partner_id, format('entry %s is dated %s, a month that was closed before', e.source,
    e.accounting_date)
FROM billing_journalentry e JOIN last ON last.month = date_trunc('month', e.accounting_date)
WHERE last.kind = 'closed' AND e.created_at > last.at
"""

ACCRUALS = """
SELECT e.partner_id, format('accrual %s is not reversed', e.source)
FROM billing_journalentry e
WHERE e.purpose = 'accrual' AND e.reverses_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM billing_journalentry r WHERE r.reverses_id = e.id)
"""

SEALED = f"""
SELECT e.partner_id, format('entry %s is not what was sealed', e.source)
FROM billing_sealedentry s JOIN billing_journalentry e ON e.id = s.entry_id
WHERE {ENTRY_SHA256} <> s.sha256
UNION ALL
SELECT NULL::uuid, format('seal %s covers %s entries, %s are left or its hash differs', s.step,
    s.entries, count(x.entry_id))
FROM billing_journalseal s LEFT JOIN billing_sealedentry x ON x.seal_id = s.step
LEFT JOIN billing_journalseal b ON b.step = s.step - 1
GROUP BY s.step, b.step
HAVING count(x.entry_id) <> s.entries OR s.previous_sha256 <> coalesce(b.sha256, '')
    OR s.sha256 <> encode(sha256(convert_to(s.previous_sha256 || ' ' ||
        coalesce(string_agg(x.sha256, ' ' ORDER BY x.entry_id), ''), 'UTF8')), 'hex')
UNION ALL
SELECT NULL::uuid, format('sealed entry %s has vanished', s.entry_id)
FROM billing_sealedentry s LEFT JOIN billing_journalentry e ON e.id = s.entry_id
WHERE e.id IS NULL
"""

JOURNAL = """
SELECT e.partner_id, format('entry %s: %s debit %s, credit %s', e.id, coalesce(l.currency, '-'),
    coalesce(sum(l.debit_minor), 0), coalesce(sum(l.credit_minor), 0))
FROM billing_journalentry e LEFT JOIN billing_journalline l ON l.entry_id = e.id
GROUP BY e.id, l.currency HAVING count(l.id) = 0 OR sum(l.debit_minor) <> sum(l.credit_minor)
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

RATED_QUANTITY = """
WITH rated AS (
    SELECT l.run_id, l.partner_id, l.attempt, l.payer, l.meter, sum(l.quantity) AS quantity
    FROM billing_ratedline l JOIN billing_settlementrun r ON r.id = l.run_id
    WHERE l.attempt = r.attempt AND l.kind IN ('usage', 'wholesale_retail')
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

# Every payment is booked whole; what it pays and what went back of it is not more than it.
PAYMENTS = """
WITH booked AS (
    SELECT e.source, sum(l.credit_minor - l.debit_minor) FILTER (WHERE l.account = '2400') AS minor
    FROM billing_journalentry e JOIN billing_journalline l ON l.entry_id = e.id
    WHERE e.purpose = 'payment' GROUP BY e.source
), used AS (
    SELECT payment_id, sum(amount_minor) AS minor FROM (
        SELECT payment_id, amount_minor FROM billing_paymentapplication
        UNION ALL SELECT payment_id, amount_minor FROM billing_refund
        WHERE document_id IS NULL AND state <> 'failed') parts
    GROUP BY payment_id
)
SELECT p.partner_id, format('payment %s of %s: booked %s, used %s', p.key, p.amount_minor,
    coalesce(b.minor, 0), coalesce(u.minor, 0))
FROM billing_payment p LEFT JOIN booked b ON b.source = 'payment ' || p.id
LEFT JOIN used u ON u.payment_id = p.id
WHERE p.amount_minor <> coalesce(b.minor, 0) OR p.amount_minor < coalesce(u.minor, 0)
"""

# What a payment paid on an invoice is in the journal and in the invoice's events.
APPLICATIONS = """
SELECT a.partner_id, format('application %s of %s to %s: journal %s, event %s', a.id,
    a.amount_minor, d.number, coalesce(j.minor, 0), coalesce(v.amount_minor, 0))
FROM billing_paymentapplication a JOIN billing_document d ON d.id = a.document_id
LEFT JOIN billing_documentevent v ON v.document_id = a.document_id AND v.kind = 'paid'
    AND v.source_id = 'payment ' || a.payment_id
LEFT JOIN LATERAL (
    SELECT sum(l.credit_minor - l.debit_minor) AS minor FROM billing_journalentry e
    JOIN billing_journalline l ON l.entry_id = e.id AND l.account IN ('1100', '1110')
    WHERE e.source = 'application ' || a.id) j ON true
WHERE a.amount_minor <> coalesce(j.minor, 0) OR a.amount_minor <> coalesce(v.amount_minor, 0)
"""

PAYOUT_CLAIMS = """
SELECT p.partner_id, format('payout %s of %s: its statements earned %s, %s of %s are claimed',
    p.reference, p.amount_minor, coalesce(sum(c.amount_minor), 0),
    count(c.id) FILTER (WHERE c.released_at IS NULL), count(c.id))
FROM billing_payout p LEFT JOIN billing_payoutclaim c ON c.payout_id = p.id
GROUP BY p.id
HAVING coalesce(sum(c.amount_minor), 0) <> p.amount_minor
    OR count(c.id) FILTER (WHERE c.released_at IS NULL) <> CASE
        WHEN p.state IN ('failed', 'reversed', 'cancelled') THEN 0 ELSE count(c.id) END
"""

# What stands in transit is exactly the payouts that are sent and not settled.
PAYOUTS_POSTED = """
WITH booked AS (
    SELECT split_part(e.source, ' ', 2) AS id, l.account,
        sum(l.credit_minor - l.debit_minor) AS minor
    FROM billing_journalentry e JOIN billing_journalline l ON l.entry_id = e.id
    WHERE starts_with(e.source, 'payout ') GROUP BY 1, 2
)
SELECT p.partner_id, format('payout %s is %s: in transit %s, payable %s', p.reference, p.state,
    coalesce(t.minor, 0), coalesce(o.minor, 0))
FROM billing_payout p
LEFT JOIN booked t ON t.id = p.id::text AND t.account = '2120'
LEFT JOIN booked o ON o.id = p.id::text AND o.account = '2100'
WHERE coalesce(t.minor, 0) <> CASE WHEN p.state = 'sent' THEN p.amount_minor ELSE 0 END
   OR coalesce(o.minor, 0) <> CASE WHEN p.state IN ('sent', 'settled') THEN -p.amount_minor
        ELSE 0 END
"""
