"""A customer's own quota of lookups, where it has one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cache_api", "0002_feedback")]

    operations = [
        migrations.AddField(
            "customer",
            "quota",
            models.JSONField(
                null=True,
                blank=True,
                help_text="lookups a UTC day and month: {day, month, hard}; null for no quota",
            ),
        ),
    ]
