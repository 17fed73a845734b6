"""What the database itself refuses: overlaps off the hour, changes to final rows, unequal entries."""

from django.db import migrations

# Written once, by rights and by this trigger (rights stop the runtime roles, the trigger the owner).
FINAL_TABLES = (
    "billing_rate", "billing_chargecomponent", "billing_runevent", "billing_runsnapshot",
    "billing_runinput", "billing_ratedline", "billing_customershare", "billing_document",
    "billing_documentline", "billing_documentevent", "billing_journalentry",
    "billing_journalline", "billing_renderedfile",
)  # fmt: skip
# Changed in named ways only; never deleted.
GUARDED_TABLES = (
    "billing_agreement", "billing_agreementversion", "billing_ratecard",
    "billing_ratecardversion", "billing_settlementrun", "billing_numberseries",
)  # fmt: skip

REFUSE = """
CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is final: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Book a correcting row instead.';
END $$;
"""

VERSIONS = """
CREATE FUNCTION billing_guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may text[] := ARRAY['valid_to'];
BEGIN
    IF TG_TABLE_NAME = 'billing_agreementversion' AND to_jsonb(OLD)->>'approved_at' IS NULL THEN
        may := may || ARRAY['approved_by', 'approved_at'];
    END IF;
    IF to_jsonb(NEW) - may <> to_jsonb(OLD) - may
       OR (NEW.valid_to IS DISTINCT FROM OLD.valid_to
           AND (NEW.valid_to IS NULL OR NEW.valid_to > coalesce(OLD.valid_to, 'infinity'))) THEN
        RAISE EXCEPTION '% % is in force: only an earlier end can be set', TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Sign a new version instead.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_version BEFORE UPDATE ON billing_agreementversion
    FOR EACH ROW EXECUTE FUNCTION billing_guard_version();
CREATE TRIGGER guard_version BEFORE UPDATE ON billing_ratecardversion
    FOR EACH ROW EXECUTE FUNCTION billing_guard_version();
"""

RUNS = """
CREATE FUNCTION billing_guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may text[] := ARRAY['state', 'changed_at', 'reason'];
BEGIN
    IF (NEW.partner_id, NEW.agreement_id, NEW.period_start, NEW.period_end, NEW.kind, NEW.sequence)
       IS DISTINCT FROM
       (OLD.partner_id, OLD.agreement_id, OLD.period_start, OLD.period_end, OLD.kind, OLD.sequence)
    THEN
        RAISE EXCEPTION 'run %: agreement and period can not be changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.issued_at IS NOT NULL AND (to_jsonb(NEW) - may <> to_jsonb(OLD) - may
       OR NEW.state NOT IN ('issued', 'delivered', 'closed')) THEN
        RAISE EXCEPTION 'run % is issued: it can not be changed', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Open an adjustment run instead.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_run BEFORE UPDATE ON billing_settlementrun
    FOR EACH ROW EXECUTE FUNCTION billing_guard_run();
"""

NUMBERS = """
CREATE FUNCTION billing_guard_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.issuer, NEW.series, NEW.year) <> (OLD.issuer, OLD.series, OLD.year)
       OR NEW.last_number < OLD.last_number THEN
        RAISE EXCEPTION 'number series %-% only counts up', OLD.series, OLD.year
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_series BEFORE UPDATE ON billing_numberseries
    FOR EACH ROW EXECUTE FUNCTION billing_guard_series();
"""

# Deferred, because an entry's lines arrive one by one; SECURITY DEFINER, so that row security
# can not hide half of an entry from its own check.
BALANCE = """
CREATE FUNCTION billing_check_entry() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
DECLARE
    entry uuid;
    uneven text;
BEGIN
    IF TG_TABLE_NAME = 'billing_journalentry' THEN entry := NEW.id; ELSE entry := NEW.entry_id; END IF;
    SELECT string_agg(currency || ' ' || difference, ', ') INTO uneven FROM (
        SELECT currency, sum(debit_minor) - sum(credit_minor) AS difference
        FROM billing_journalline WHERE entry_id = entry GROUP BY currency
    ) sums WHERE difference <> 0;
    IF uneven IS NOT NULL THEN
        RAISE EXCEPTION 'journal entry % does not balance: debit minus credit is %', entry, uneven
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM billing_journalline WHERE entry_id = entry) THEN
        RAISE EXCEPTION 'journal entry % has no lines', entry USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_check_entry() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON billing_journalentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_entry();
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT OR UPDATE ON billing_journalline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_entry();
"""

WHOLE_HOURS = (
    ("billing_agreementversion", "valid_from"), ("billing_agreementversion", "valid_to"),
    ("billing_agreementversion", "poc_ends_at"), ("billing_ratecardversion", "valid_from"),
    ("billing_ratecardversion", "valid_to"), ("billing_settlementrun", "period_start"),
    ("billing_settlementrun", "period_end"), ("billing_ratedline", "start"),
    ("billing_ratedline", '"end"'),
)  # fmt: skip

# The columns repeat what the terms say; they may not say something else.
TERMS = """
ALTER TABLE billing_agreementversion ADD CONSTRAINT columns_repeat_the_terms CHECK (
    terms->>'kind' = kind AND terms->>'collects' = collects AND terms->>'currency' = currency);
ALTER TABLE billing_rate ADD CONSTRAINT columns_repeat_the_definition CHECK (
    definition->>'key' = key AND definition->>'meter' = meter AND definition->>'mode' = mode
    AND (definition->>'unit_price')::numeric = price);
"""


def _final(table: str, row_events: str) -> str:
    return (
        f"CREATE TRIGGER refuse_change BEFORE {row_events} ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();"
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();"
    )


def _whole_hour(table: str, column: str) -> str:
    name = f"{table}_{column.strip(chr(34))}_whole_hour"
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {name}"
        f" CHECK (mod(extract(epoch from {column}), 3600) = 0);"
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop)
        for sql in (
            REFUSE,
            *(_final(table, "UPDATE OR DELETE") for table in FINAL_TABLES),
            *(_final(table, "DELETE") for table in GUARDED_TABLES),
            VERSIONS,
            RUNS,
            NUMBERS,
            BALANCE,
            TERMS,
            *(_whole_hour(table, column) for table, column in WHOLE_HOURS),
        )
    ]
