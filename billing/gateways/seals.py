"""Seals over the journal, hashed where the rows are: by PostgreSQL, in one statement."""

from datetime import datetime

from billing.gateways.postgres import rows
from tenants.gateways.turns import wait_in_line

# An entry with its lines as one text, hashed; the same expression seals and checks.
ENTRY_SHA256 = """encode(sha256(convert_to(concat_ws('|', e.id, e.source, e.partner_id, e.run_id,
    e.document_id, e.position, e.purpose, e.accounting_date, e.description, e.reverses_id,
    (SELECT string_agg(concat_ws(':', l.position, l.account, l.currency, l.debit_minor,
        l.credit_minor, l.customer_id), ';' ORDER BY l.position)
     FROM billing_journalline l WHERE l.entry_id = e.id)), 'UTF8')), 'hex')"""

_SEAL = f"""
WITH last AS (
    SELECT coalesce(max(step), 0) AS step,
        coalesce((array_agg(sha256 ORDER BY step DESC))[1], '') AS sha256 FROM billing_journalseal
), fresh AS (
    SELECT e.id, {ENTRY_SHA256} AS sha256 FROM billing_journalentry e
    WHERE NOT EXISTS (SELECT 1 FROM billing_sealedentry s WHERE s.entry_id = e.id)
), made AS (
    INSERT INTO billing_journalseal (step, previous_sha256, sha256, entries, sealed_at)
    SELECT last.step + 1, last.sha256, encode(sha256(convert_to(last.sha256 || ' ' ||
        string_agg(fresh.sha256, ' ' ORDER BY fresh.id), 'UTF8')), 'hex'), count(*), %(now)s
    FROM last, fresh GROUP BY last.step, last.sha256 HAVING count(*) > 0
    RETURNING step
)
INSERT INTO billing_sealedentry (entry_id, seal_id, sha256)
SELECT fresh.id, made.step, fresh.sha256 FROM fresh, made RETURNING 1
"""


def seal_entries(now: datetime) -> int:
    """Seal every entry that no seal covers; how many that were. Inside a transaction."""
    wait_in_line("journal seal")
    return len(rows(_SEAL, {"now": now}))
