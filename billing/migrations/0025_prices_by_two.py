"""Price lists are published by two people, as rates are entered."""

from django.db import migrations, models

KINDS = ("fx_rate", "tax_rate", "tax_status", "write_off", "prices")


class Migration(migrations.Migration):
    dependencies = [("billing", "0024_status_of_the_share")]

    operations = [
        migrations.AlterField(
            "financerequest", "kind",
            models.CharField(max_length=12, choices=[(one, one) for one in KINDS]),
        ),
    ]  # fmt: skip
