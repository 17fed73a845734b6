"""Event table, its days, and the recorder's bookkeeping, with row security on every table."""

from django.db import migrations, models

from cache_api.metering import ddl
from tenants.db.grants import share_table


def statements(sql: list[str], reverse: list[str]) -> migrations.RunSQL:
    """Each string is one statement."""
    return migrations.RunSQL([(one, None) for one in sql], [(one, None) for one in reverse])


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        statements(ddl.CREATE_EVENTS, ddl.DROP_EVENTS),
        statements(ddl.CREATE_FUNCTIONS, ddl.DROP_FUNCTIONS),
        migrations.CreateModel(
            name="UsageEvent",
            fields=[
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField()),
                ("customer", models.TextField()),
                ("batch_id", models.UUIDField(null=True)),
                ("boot_id", models.UUIDField(null=True)),
                ("seq", models.BigIntegerField(null=True)),
                ("quantity", models.BigIntegerField()),
                ("livemode", models.BooleanField()),
                ("key_id", models.TextField()),
                ("kind", models.TextField()),
                ("outcome", models.TextField()),
                ("reason", models.TextField()),
                ("provider", models.TextField()),
                ("model", models.TextField()),
                ("tokens_in", models.BigIntegerField()),
                ("tokens_out", models.BigIntegerField()),
                ("bytes", models.BigIntegerField()),
                ("byte_seconds", models.BigIntegerField()),
                ("namespace", models.TextField()),
                ("tags", models.JSONField(null=True)),
                ("primary_cache", models.TextField()),
                ("overflow_reason", models.TextField()),
                ("primary_latency_us", models.BigIntegerField(null=True)),
                ("latency_us", models.BigIntegerField(null=True)),
                ("cost_saved_micros", models.BigIntegerField()),
                ("price_version", models.TextField()),
                ("region", models.TextField()),
                ("sdk", models.TextField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_batch", models.BigIntegerField()),
            ],
            options={"db_table": "usage_event", "managed": False},
        ),
        migrations.CreateModel(
            name="StreamPosition",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "dataset_id",
                        "stream",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("dataset_id", models.TextField()),
                ("stream", models.TextField()),
                ("last_id", models.TextField(default="0-0")),
                ("batch", models.BigIntegerField(default=0)),
                ("updated_at", models.DateTimeField()),
            ],
            options={"db_table": "stream_position"},
        ),
        migrations.CreateModel(
            name="RecorderBatch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.TextField()),
                ("received", models.BigIntegerField()),
                ("events", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={"db_table": "recorder_batch"},
        ),
        migrations.CreateModel(
            name="PartnerPosition",
            fields=[
                ("partner_id", models.UUIDField(primary_key=True, serialize=False)),
                ("last_batch", models.BigIntegerField(default=0)),
                ("updated_at", models.DateTimeField()),
            ],
            options={"db_table": "partner_position"},
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("source", models.TextField()),
                ("position", models.TextField()),
                ("reason", models.TextField()),
                ("payload", models.BinaryField()),
                ("partner_id", models.UUIDField(null=True)),
                ("boot_id", models.UUIDField(null=True)),
                ("seq", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "dead_letter"},
        ),
        migrations.CreateModel(
            name="DuplicateEvent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "boot_id",
                        "seq",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("boot_id", models.UUIDField()),
                ("seq", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("recorded_batch", models.BigIntegerField()),
            ],
            options={"db_table": "duplicate_event"},
        ),
        migrations.CreateModel(
            name="EdgeHeartbeat",
            fields=[
                ("boot_id", models.UUIDField(primary_key=True, serialize=False)),
                ("last_seq", models.BigIntegerField()),
                ("spool_bytes", models.BigIntegerField(default=0)),
                ("unmetered", models.BigIntegerField(default=0)),
                ("seen_at", models.DateTimeField()),
            ],
            options={"db_table": "edge_heartbeat"},
        ),
        migrations.CreateModel(
            name="ChannelDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "partner_id",
                        "day",
                        "livemode",
                        "kind",
                        "outcome",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("partner_id", models.UUIDField()),
                ("day", models.DateField()),
                ("livemode", models.BooleanField()),
                ("kind", models.TextField()),
                ("outcome", models.TextField()),
                ("events", models.BigIntegerField()),
                ("quantity", models.BigIntegerField()),
                ("tokens_in", models.BigIntegerField()),
                ("tokens_out", models.BigIntegerField()),
                ("bytes", models.BigIntegerField()),
                ("byte_seconds", models.DecimalField(decimal_places=0, max_digits=38)),
                ("cost_saved_micros", models.BigIntegerField()),
                ("latency_us_sum", models.BigIntegerField()),
            ],
            options={
                "db_table": "channel_day",
                "indexes": [models.Index(fields=["day"], name="channel_day_day")],
            },
        ),
        share_table(
            "usage_event",
            partner="select",
            console="select",
            settle="select",
            recorder="select, insert",
        ),
        share_table(
            "channel_day",
            partner="select",
            console="select",
            settle="select",
            recorder="select, insert, update, delete",
        ),
        share_table(
            "partner_position",
            partner="select",
            console="select",
            settle="select",
            recorder="select, insert, update",
        ),
        share_table(
            "dead_letter",
            console="select",
            settle="select",
            recorder="select, insert, update",
        ),
        *[
            share_table(
                table,
                console="select",
                settle="select",
                recorder="select, insert, update",
            )
            for table in (
                "stream_position",
                "recorder_batch",
                "duplicate_event",
                "edge_heartbeat",
            )
        ],
        migrations.RunSQL(
            [("GRANT USAGE ON SEQUENCE recorder_batch_id_seq TO ac_recorder", None)],
            migrations.RunSQL.noop,
        ),
    ]
