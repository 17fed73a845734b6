"""What people choose for themselves: language, look, and the mails they do without."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_overlay")]

    operations = [
        migrations.AddField("user", "language",
                            models.CharField(blank=True, default="", max_length=5)),
        migrations.AddField("user", "theme",
                            models.CharField(blank=True, default="", max_length=5)),
        migrations.AddField(
            "user", "muted",
            django.contrib.postgres.fields.ArrayField(
                models.CharField(max_length=20), blank=True, default=list, size=None
            ),
        ),
    ]  # fmt: skip
