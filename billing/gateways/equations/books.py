"""The journal as SQL: what each document posts, closed months, seals.

Each statement's rows are (partner id or NULL, what is wrong).
"""

from billing.gateways.seals import ENTRY_SHA256

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
