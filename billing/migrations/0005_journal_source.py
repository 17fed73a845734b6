"""An entry names the one fact it books; entries without a run (payments, reversals) can follow."""

import django.db.models.deletion
from django.db import migrations, models

# Posted rows refuse change, so the guard rests while the old ones get the name they always had.
NAME_OLD = """
ALTER TABLE billing_journalentry DISABLE TRIGGER refuse_change;
UPDATE billing_journalentry SET source = 'run ' || run_id || '/' || position;
ALTER TABLE billing_journalentry ENABLE TRIGGER refuse_change;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_run_event_step")]

    operations = [
        migrations.RemoveConstraint("journalentry", "journal_entry_once"),
        migrations.AddField("journalentry", "source", models.CharField(max_length=160, null=True)),
        migrations.RunSQL(NAME_OLD, migrations.RunSQL.noop),
        # The deferred balance trigger must have run before the table can be altered again.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField(
            "journalentry", "source", models.CharField(max_length=160, unique=True)
        ),
        migrations.AlterField(
            "journalentry",
            "run",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="billing.settlementrun",
            ),
        ),
    ]
