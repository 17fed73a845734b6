"""Terms and prices follow one another: an end that leaves a hole is refused where it is written."""

from django.db import migrations, models

# Deferred, because what follows arrives after the end that makes room for it; SECURITY DEFINER, so
# that row security can not hide the neighbour. Only neighbours of the row are looked at: a hole
# from before this check does not stand in the way of other amendments.
TERMS = """
CREATE FUNCTION billing_terms_follow() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
DECLARE
    hole text;
BEGIN
    SELECT format('version %s ends on %s UTC and the next begins on %s UTC', number,
                  to_char(valid_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                  to_char(next_from AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) INTO hole
    FROM (SELECT id, number, valid_to, lead(id) OVER by_start AS next_id,
              lead(valid_from) OVER by_start AS next_from
          FROM billing_agreementversion
          WHERE agreement_id = NEW.agreement_id AND approved_at IS NOT NULL
          WINDOW by_start AS (ORDER BY valid_from)) AS steps
    WHERE (NEW.id = id OR (NEW.id = next_id AND OLD.approved_at IS NULL))
        AND next_from IS NOT NULL AND valid_to IS DISTINCT FROM next_from LIMIT 1;
    IF hole IS NULL AND OLD.approved_at IS NOT NULL
       AND NEW.valid_to IS DISTINCT FROM OLD.valid_to
       AND NOT EXISTS (SELECT 1 FROM billing_agreementversion
                       WHERE agreement_id = NEW.agreement_id AND approved_at IS NOT NULL
                       AND valid_from = NEW.valid_to)
       AND NOT EXISTS (SELECT 1 FROM billing_termination
                       WHERE agreement_id = NEW.agreement_id AND approved_at IS NOT NULL
                       AND ends_at = NEW.valid_to) THEN
        hole := format('version %s would end on %s UTC and nothing follows it', NEW.number,
                       to_char(NEW.valid_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
    END IF;
    IF hole IS NOT NULL THEN
        RAISE EXCEPTION 'terms of %: %: usage from then on would have no terms',
            (SELECT code FROM billing_agreement WHERE id = NEW.agreement_id), hole
            USING ERRCODE = 'check_violation',
            HINT = 'Amend the agreement, or have its termination approved by a second person.';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_terms_follow() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER terms_follow AFTER INSERT OR UPDATE ON billing_agreementversion
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.approved_at IS NOT NULL)
    EXECUTE FUNCTION billing_terms_follow();
"""
PRICES = """
CREATE FUNCTION billing_prices_follow() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
DECLARE
    hole text;
BEGIN
    SELECT format('%s v%s ends on %s UTC and the next begins %s', c.code, number,
                  to_char(valid_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                  coalesce('on ' || to_char(next_from AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
                           || ' UTC', 'never')) INTO hole
    FROM (SELECT id, card_id, number, valid_to, lead(id) OVER by_start AS next_id,
              lead(valid_from) OVER by_start AS next_from
          FROM billing_ratecardversion WHERE card_id = NEW.card_id
          WINDOW by_start AS (ORDER BY valid_from)) AS steps
    JOIN billing_ratecard c ON c.id = card_id
    WHERE (NEW.id = steps.id OR (NEW.id = next_id AND OLD.id IS NULL))
        AND valid_to IS DISTINCT FROM next_from LIMIT 1;
    IF hole IS NOT NULL THEN
        RAISE EXCEPTION 'prices: %: usage from then on would have no price', hole
            USING ERRCODE = 'check_violation', HINT = 'Publish the prices that follow.';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_prices_follow() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER prices_follow AFTER INSERT OR UPDATE ON billing_ratecardversion
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_prices_follow();
"""
BACK = """
DROP TRIGGER prices_follow ON billing_ratecardversion;
DROP FUNCTION billing_prices_follow();
DROP TRIGGER terms_follow ON billing_agreementversion;
DROP FUNCTION billing_terms_follow();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0026_prices_as_approved")]

    operations = [
        migrations.RunSQL(TERMS + PRICES, BACK),
        migrations.AlterField(
            "financerequest", "kind",
            models.CharField(max_length=12, choices=[(one, one) for one in (
                "fx_rate", "tax_rate", "tax_status", "write_off", "prices", "waiver",
            )]),
        ),
    ]  # fmt: skip
