"""Rights and guards of credit notes, disputes and the books' calendar."""

from django.db import migrations

from tenants.db.grants import share_table

FINAL_TABLES = (
    "billing_carrieditem", "billing_dispute", "billing_disputeentry", "billing_periodevent",
)  # fmt: skip

# A credit note, a write-off and a dispute's decision are acts of a person at the console, answered
# at once: the console may append what they post, and (as settlement) change nothing.
CONSOLE = """
GRANT INSERT ON billing_document, billing_documentline, billing_journalentry, billing_journalline
    TO ac_console;
GRANT INSERT, UPDATE ON billing_numberseries TO ac_console;
GRANT USAGE ON SEQUENCE billing_numberseries_id_seq TO ac_console;
"""

# A partner's people accept, dispute and talk; they decide nothing and pay nothing.
PARTNER = """
GRANT INSERT ON billing_documentevent TO ac_partner;
CREATE POLICY partner_add ON billing_documentevent FOR INSERT TO ac_partner
    WITH CHECK (partner_id = substr(current_user::text, 3)::uuid);
CREATE POLICY partner_says ON billing_documentevent AS RESTRICTIVE FOR INSERT TO ac_partner
    WITH CHECK (kind IN ('accepted', 'disputed', 'resolved') AND amount_minor IS NULL);
CREATE POLICY partner_says ON billing_disputeentry AS RESTRICTIVE FOR INSERT TO ac_partner
    WITH CHECK (kind IN ('said', 'withdrawn') AND amount_minor IS NULL);
"""

# SECURITY DEFINER: whoever posts, the calendar is seen whole.
CLOSED_MONTHS = """
CREATE FUNCTION billing_refuse_closed_month() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF (SELECT kind FROM billing_periodevent
        WHERE month = date_trunc('month', NEW.accounting_date)::date
          AND kind IN ('closed', 'reopened') ORDER BY step DESC LIMIT 1) = 'closed' THEN
        RAISE EXCEPTION 'the books of % are closed: an entry dated % is refused',
            to_char(NEW.accounting_date, 'YYYY-MM'), NEW.accounting_date
            USING ERRCODE = 'restrict_violation',
                  HINT = 'Date it in an open month, or have two people open the month again.';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION billing_refuse_closed_month() FROM PUBLIC;
CREATE TRIGGER refuse_closed_month BEFORE INSERT ON billing_journalentry
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_closed_month();
"""


def _final(table: str) -> str:
    return (
        f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();"
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();"
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_papers")]

    operations = [
        share_table("billing_carrieditem", partner="select", console="select, insert",
                    settle="select, insert"),
        share_table("billing_dispute", partner="select, insert", console="select, insert",
                    settle="select"),
        share_table("billing_disputeentry", partner="select, insert", console="select, insert",
                    settle="select"),
        share_table("billing_periodevent", console="select, insert", settle="select, insert"),
        share_table("billing_accountmapping", console="select, insert, update", settle="select"),
        *(migrations.RunSQL(sql, migrations.RunSQL.noop)
          for sql in (*(_final(table) for table in FINAL_TABLES), CONSOLE, PARTNER,
                      CLOSED_MONTHS)),
    ]  # fmt: skip
