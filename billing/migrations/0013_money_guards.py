"""Who may do what on payments and payouts, and what the database itself refuses there."""

from django.db import migrations

from tenants.db.grants import share_table

READ, ADD, CHANGE = "select", "select, insert", "select, insert, update"

# table → partner's role, console, settlement
RIGHTS: dict[str, tuple[str, str, str]] = {
    "billing_payment": ("", ADD, ADD),
    "billing_paymentapplication": ("", ADD, ADD),
    "billing_refund": ("", CHANGE, CHANGE),
    "billing_bankfile": ("", ADD, ADD),
    "billing_bankline": ("", CHANGE, CHANGE),
    # A customer's invoice page, under its partner's role, shows the link to pay.
    "billing_remoteintent": (READ, CHANGE, CHANGE),
    "billing_stripeevent": ("", ADD, CHANGE),
    "billing_remotedifference": ("", READ, CHANGE),
    # Where a partner wants its money is said by the partner; the console only reads it.
    "billing_payoutdetails": (ADD, READ, READ),
    "billing_payoutdetailsdecision": (ADD, READ, READ),
    "billing_payout": (READ, CHANGE, CHANGE),
    "billing_payoutclaim": (READ, CHANGE, CHANGE),
    "billing_payoutevent": (READ, ADD, ADD),
}
FINAL_TABLES = (
    "billing_payment", "billing_paymentapplication", "billing_bankfile", "billing_payoutdetails",
    "billing_payoutdetailsdecision", "billing_payoutevent",
)  # fmt: skip
# What may change on the others; nothing of them is deleted.
MAY_CHANGE: dict[str, tuple[str, ...]] = {
    "billing_refund": ("state", "remote_id", "sent_at"),
    "billing_bankline": (
        "state", "reason", "partner_id", "payment_id", "decided_by", "decided_at",
    ),
    "billing_remoteintent": (
        "state", "steps", "remote_id", "url", "tries", "first_tried_at", "next_try_at", "problem",
        "changed_at",
    ),
    "billing_stripeevent": ("processed_at", "outcome", "tries"),
    "billing_remotedifference": (
        "message", "local_minor", "remote_minor", "seen_at", "gone_at",
    ),
    "billing_payout": (
        "state", "reason", "details_id", "method", "approved_by", "sent_at", "remote_id",
        "changed_at",
    ),
    "billing_payoutclaim": ("released_at",),
}  # fmt: skip

COLUMNS = """
CREATE FUNCTION billing_guard_columns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV <> to_jsonb(OLD) - TG_ARGV THEN
        RAISE EXCEPTION '% %: only % can be changed', TG_TABLE_NAME, OLD.id, TG_ARGV
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# A freed claim stays freed: the statement is claimed anew by another row.
CLAIMS = """
CREATE FUNCTION billing_guard_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.released_at IS NOT NULL THEN
        RAISE EXCEPTION 'claim % is freed already', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER freed_once BEFORE UPDATE ON billing_payoutclaim
    FOR EACH ROW EXECUTE FUNCTION billing_guard_claim();
"""

SECOND_OWNER = """
CREATE FUNCTION billing_second_owner() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_payoutdetails d WHERE d.id = NEW.details_id
               AND (lower(d.asked_by) = lower(NEW.decided_by) OR d.partner_id <> NEW.partner_id))
       AND NEW.approved THEN
        RAISE EXCEPTION 'payout details %: a second owner has to approve them', NEW.details_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION billing_second_owner() FROM PUBLIC;
CREATE TRIGGER second_owner BEFORE INSERT ON billing_payoutdetailsdecision
    FOR EACH ROW EXECUTE FUNCTION billing_second_owner();
"""


def _final(table: str, row_events: str) -> str:
    return (
        f"CREATE TRIGGER refuse_change BEFORE {row_events} ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();"
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();"
    )


def _columns(table: str, may: tuple[str, ...]) -> str:
    names = ", ".join(f"'{name}'" for name in may)
    return (
        f"CREATE TRIGGER guard_columns BEFORE UPDATE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION billing_guard_columns({names});"
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_money_in_and_out")]

    operations = [
        *(
            share_table(table, partner=partner, console=console, settle=settle)
            for table, (partner, console, settle) in RIGHTS.items()
        ),
        *(
            migrations.RunSQL(sql, migrations.RunSQL.noop)
            for sql in (
                COLUMNS,
                *(_final(table, "UPDATE OR DELETE") for table in FINAL_TABLES),
                *(_final(table, "DELETE") for table in MAY_CHANGE),
                *(_columns(table, may) for table, may in MAY_CHANGE.items()),
                CLAIMS,
                SECOND_OWNER,
            )
        ),
    ]
