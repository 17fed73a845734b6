"""Repeated prompt beginnings: two numbers of an event, and their sums by day."""

from django.db import migrations, models

# With defaults in the database: a recorder of the version before writes on meanwhile. Every day's
# partition gets the columns from the table, and rights and row security are the tables' own.
ADD = """
ALTER TABLE usage_event
    ADD COLUMN prefix_tokens bigint NOT NULL DEFAULT 0 CHECK (prefix_tokens >= 0),
    ADD COLUMN prefix_saved_micros bigint NOT NULL DEFAULT 0
"""
DROP = "ALTER TABLE usage_event DROP COLUMN prefix_tokens, DROP COLUMN prefix_saved_micros"
NAMES = ("prefix_tokens", "prefix_saved_micros")


class Migration(migrations.Migration):
    dependencies = [("metering", "0002_feedback")]

    operations = [
        migrations.RunSQL(
            ADD,
            DROP,
            state_operations=[
                migrations.AddField("usageevent", name, models.BigIntegerField(default=0), False)
                for name in NAMES
            ],
        ),
        *[
            migrations.AddField("channelday", name, models.BigIntegerField(db_default=0))
            for name in NAMES
        ],
    ]
