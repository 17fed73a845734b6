"""Payments and payouts as SQL.

Each statement's rows are (partner id or NULL, what is wrong).
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
        WHERE document_id IS NULL AND state <> 'failed'
        UNION ALL SELECT c.payment_id, -m.amount_minor FROM billing_chargebackmove m
        JOIN billing_chargeback c ON c.id = m.chargeback_id WHERE c.document_id IS NULL) parts
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

# Each movement of a chargeback is in the journal and in its invoice's events.
CHARGEBACKS = """
SELECT m.partner_id, format('chargeback %s moved %s by %s: journal %s, event %s', c.remote_id,
    m.amount_minor, m.remote_id, coalesce(j.minor, 0), coalesce(v.minor, 0))
FROM billing_chargebackmove m JOIN billing_chargeback c ON c.id = m.chargeback_id
LEFT JOIN LATERAL (
    SELECT sum(l.credit_minor - l.debit_minor) AS minor FROM billing_journalentry e
    JOIN billing_journalline l ON l.entry_id = e.id AND l.account IN ('1100', '1110', '2400')
    WHERE e.source = 'chargeback ' || m.remote_id) j ON true
LEFT JOIN LATERAL (
    SELECT sum(CASE v.kind WHEN 'charged_back' THEN -v.amount_minor ELSE v.amount_minor END)
        AS minor FROM billing_documentevent v WHERE v.document_id = c.document_id
        AND v.kind IN ('charged_back', 'reinstated')
        AND v.source_id = 'chargeback ' || m.remote_id) v ON true
WHERE m.amount_minor <> coalesce(j.minor, 0)
   OR (c.document_id IS NOT NULL AND m.amount_minor <> coalesce(v.minor, 0))
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
