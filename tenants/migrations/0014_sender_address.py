"""Partners' own addresses for mails: who may touch them, and what only a look at DNS may write."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

GUARD = """
CREATE FUNCTION tenants_guard_sender() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'pending' THEN
            RAISE EXCEPTION 'an address begins as pending' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.partner_id, NEW.address, NEW.domain, NEW.selector, NEW.public_key)
        IS DISTINCT FROM
        (OLD.id, OLD.partner_id, OLD.address, OLD.domain, OLD.selector, OLD.public_key) THEN
        RAISE EXCEPTION 'an address keeps its key'
            USING ERRCODE = 'check_violation', HINT = 'End it and make a new one.';
    END IF;
    IF OLD.state = 'ended' AND NEW.state <> 'ended' THEN
        RAISE EXCEPTION 'an ended address stays ended' USING ERRCODE = 'check_violation';
    END IF;
    -- A partner asks and ends; what DNS says is the checker's to write down.
    IF left(current_user, 2) = 'p_' AND NEW.state <> OLD.state AND NEW.state <> 'ended' THEN
        RAISE EXCEPTION 'a partner may not verify its own address'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sender_steps BEFORE INSERT OR UPDATE ON tenants_senderaddress
    FOR EACH ROW EXECUTE FUNCTION tenants_guard_sender();
"""
OWN = "partner_id = substr(current_user::text, 3)::uuid"
# The table goes after it, and with it the rights.
UNGUARD = """
DROP TRIGGER sender_steps ON tenants_senderaddress;
DROP FUNCTION tenants_guard_sender();
"""
RIGHTS = f"""
GRANT UPDATE (state, asked_at, next_check_at, ended_at) ON tenants_senderaddress TO ac_partner;
CREATE POLICY partner_change ON tenants_senderaddress FOR UPDATE TO ac_partner
    USING ({OWN}) WITH CHECK ({OWN});
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0013_sign_in_rights")]

    operations = [
        migrations.CreateModel(
            name="SenderAddress",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("address", models.CharField(max_length=254)),
                ("domain", models.CharField(max_length=253)),
                ("selector", models.CharField(max_length=40, unique=True)),
                ("public_key", models.TextField()),
                ("private_key", models.BinaryField()),
                ("state", models.CharField(default="pending", max_length=10)),
                ("failures", models.IntegerField(default=0)),
                ("tries", models.IntegerField(default=0)),
                ("seen", models.JSONField(blank=True, null=True)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("next_check_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("partner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                              related_name="senders", to="tenants.partner")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["ended", "pending", "verified", "warning"])
                        ),
                        name="sender_state_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "ended"), _negated=True),
                        fields=("partner",), name="one_sender_per_partner",
                    ),
                ],
            },
        ),
        # Whose host it is is asked before anybody is somebody: the address, never its key.
        share_table("tenants_senderaddress", partner="select, insert", console="select",
                    settle="select, update", web="select (partner_id, address, state)"),
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]  # fmt: skip
