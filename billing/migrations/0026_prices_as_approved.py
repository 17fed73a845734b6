"""The platform's published prices are what two people approved, price by price."""

from django.db import migrations, models

# Those that are there already were published before anything compared them.
COLUMN = """
ALTER TABLE billing_ratecardversion ADD COLUMN unchecked boolean NOT NULL DEFAULT true;
ALTER TABLE billing_ratecardversion ALTER COLUMN unchecked SET DEFAULT false;
"""
# Deferred, because a list's prices arrive one by one; SECURITY DEFINER, so that row security can
# not hide a price from its own check. A version has its request's id.
APPROVED = """
CREATE FUNCTION billing_prices_as_approved() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
DECLARE
    changed uuid;
    called text;
BEGIN
    IF TG_TABLE_NAME = 'billing_rate' THEN changed := NEW.version_id; ELSE changed := NEW.id; END IF;
    SELECT format('%s v%s', c.code, v.number) INTO called
    FROM billing_ratecardversion v JOIN billing_ratecard c ON c.id = v.card_id
    WHERE v.id = changed AND c.partner_id IS NULL AND (v.unchecked OR NOT EXISTS (
        SELECT 1 FROM billing_financerequest r
        WHERE r.id = v.id AND r.kind = 'prices' AND r.approved_by <> ''
        AND r.asked_by = lower(v.published_by) AND r.facts->>'code' = c.code
        AND r.facts->>'currency' = c.currency AND r.facts->>'audience' = c.audience
        AND (r.facts->>'valid_from')::timestamptz = v.valid_from
        AND r.facts->'rates' = (SELECT coalesce(jsonb_agg(p.definition ORDER BY p.position), '[]')
                                FROM billing_rate p WHERE p.version_id = v.id)));
    IF called IS NOT NULL THEN
        RAISE EXCEPTION 'prices of %: a second person has to approve them as they are published',
            called USING ERRCODE = 'check_violation', HINT = 'Ask for them on the prices page.';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_prices_as_approved() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER prices_as_approved AFTER INSERT ON billing_ratecardversion
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_prices_as_approved();
CREATE CONSTRAINT TRIGGER prices_as_approved AFTER INSERT ON billing_rate
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_prices_as_approved();
"""
BACK = """
DROP TRIGGER prices_as_approved ON billing_ratecardversion;
DROP TRIGGER prices_as_approved ON billing_rate;
DROP FUNCTION billing_prices_as_approved();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0025_prices_by_two")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(
                COLUMN, "ALTER TABLE billing_ratecardversion DROP COLUMN unchecked")],
            [migrations.AddField("ratecardversion", "unchecked",
                                 models.BooleanField(default=False))],
        ),
        migrations.RunSQL(APPROVED, BACK),
    ]  # fmt: skip
