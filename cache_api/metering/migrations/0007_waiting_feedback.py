"""Feedback that came before its hit is found when the hit comes: an index of what waits, tiny."""

from django.db import migrations

CREATE = """
CREATE INDEX usage_event_waiting_feedback ON usage_event (reason)
    WHERE kind = 'feedback' AND outcome = 'unmatched'
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0006_unused")]

    operations = [migrations.RunSQL(CREATE, "DROP INDEX usage_event_waiting_feedback")]
