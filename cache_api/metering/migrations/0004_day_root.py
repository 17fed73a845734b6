"""Daily Merkle roots over the usage events: append-only, each partner sees its own."""

from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

REFUSE = """
CREATE FUNCTION metering_refuse_root_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'day roots are final: a changed day gets a further root'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER day_root_final BEFORE UPDATE OR DELETE ON usage_day_root
    FOR EACH ROW EXECUTE FUNCTION metering_refuse_root_change();
CREATE TRIGGER day_root_kept BEFORE TRUNCATE ON usage_day_root
    FOR EACH STATEMENT EXECUTE FUNCTION metering_refuse_root_change();
"""
DROP = "DROP FUNCTION metering_refuse_root_change() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("metering", "0003_prefixes")]

    operations = [
        migrations.CreateModel(
            name="DayRoot",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField()),
                ("day", models.DateField()),
                ("size", models.BigIntegerField()),
                ("root", models.CharField(max_length=64)),
                ("batch_bound", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
            ],
            options={"db_table": "usage_day_root"},
        ),
        migrations.AddConstraint(
            "dayroot",
            models.UniqueConstraint(
                fields=["partner_id", "day", "batch_bound"], name="day_root_once"
            ),
        ),
        migrations.AddConstraint(
            "dayroot",
            models.CheckConstraint(condition=models.Q(size__gt=0), name="day_root_has_leaves"),
        ),
        migrations.RunSQL(REFUSE, DROP),
        share_table(
            "usage_day_root",
            partner="select",
            console="select",
            settle="select, insert",
            recorder="select, insert",
        ),
    ]  # fmt: skip
