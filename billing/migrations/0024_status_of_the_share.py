"""A partner's tax status of what it is paid, apart from what it is charged."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0023_running_months")]

    operations = [
        migrations.AlterField(
            "taxstatus", "charges",
            models.CharField(
                blank=True, default="", max_length=8,
                choices=[(one, one) for one in ("", "fixed", "usage", "share")],
            ),
        ),
    ]  # fmt: skip
